"""See restore_incomplete.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.copying.read_besides import is_brought, place_beside
from rules.model.work_folders import path_of
from rules.packages.project_files import in_repository
from rules.packages.project_texts import text_in_image
from rules.quoting import listed

_REFERENCE = re.compile(r"<ProjectReference[ \t\r\n]+Include=\"([^\"$*;]+proj)\"[ \t]*/?>")
"""A project that another one is built with, under no condition (MSBuild, "Common project items")."""
_PROJECTS = (".csproj", ".fsproj", ".vbproj")
_SHOWN = 3


@rule(
    "restore-incomplete",
    severity=Severity.INFO,
    category=Category.BUILD_CACHE,
    default="info",
    keywords=("RUN",),
    mentions=("dotnet",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A `dotnet restore` runs before the projects are there that its project references."""
    for stage in change.stages:
        for run in stage.runs:
            if run.deferred or run.mounts:
                continue
            for command in run.calls("dotnet"):
                missing = _missing(change, stage, run, command) if command.subcommand == "restore" else []
                later = _next_build(change, stage, run) if missing else None
                if later is not None:
                    yield _problem(stage, run, command, missing, later)


def _missing(change: DockerfileChange, stage: Stage, run: Run, command: Command) -> list[str]:
    """Return the context paths of projects that the restored one references and that lie in the repository alone."""
    named = next((word.value for word in command.args if word.value.endswith(_PROJECTS)), None)
    path = path_of(run, command, named) if named is not None and "$" not in named else None
    text = text_in_image(change, run, path) if path is not None else None
    if path is None or text is None or command.conditional:
        return []
    folder = posixpath.dirname(path)
    beside = place_beside(run, posixpath.basename(path), folder)
    found = []
    for reference in dict.fromkeys(_REFERENCE.findall(text)):
        name = reference.replace("\\", "/")
        place = posixpath.normpath(posixpath.join(beside, name))
        here = in_repository(change, place)
        there = here is not None and change.repository.exists(here)
        if there and not is_brought(stage, run, posixpath.normpath(posixpath.join(folder, name))):
            found.append(place)
    return found


def _next_build(change: DockerfileChange, stage: Stage, run: Run) -> Command | None:
    """Return the first build or publish below, here or in a stage upon this one; none where it restores once more."""
    upon = [other for other in change.stages if stage in other.chain]
    for other in upon:
        for later in other.all_runs:
            if later.at <= run.at:
                continue
            for command in later.calls("dotnet"):
                if command.subcommand == "restore":
                    return None
                if command.subcommand in ("build", "publish"):
                    return command
    return None


def _problem(stage: Stage, run: Run, command: Command, missing: list[str], later: Command) -> Problem:
    named, one = listed(map(quote, missing), _SHOWN), len(missing) == 1
    them = "it" if one else "them"
    start = quote(f"dotnet {later.subcommand}")
    stops = later.has("--no-restore")
    effect = (
        f"{start} (line {later.line}) does not restore {them} either, and stops without the assets file."
        if stops
        else f"{start} (line {later.line}) restores {them} after every change of the sources."
    )
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command))} without {named}, which that project references. The restore skips "
        f"{them} and ends well; {effect} Copy {'that file' if one else 'those files'} in first.",
        Confidence.LIKELY,
        doubt="an earlier command may make the files",
        instruction=run.instruction,
        stage=stage.key,
        key=" ".join(missing),
        severity=Severity.ERROR if stops else None,
    )
