"""See restore_incomplete.md."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

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
from rules.copying.context.read_besides import place_beside
from rules.copying.outputs.dotnet_projects import references
from rules.copying.source_trees.brought_above import is_brought
from rules.model.lineage import built_upon
from rules.model.work_folders import folder_of, path_of
from rules.packages.projects.files import copied, in_repository
from rules.packages.projects.texts import text_in_image
from rules.quoting import listed

_PROJECTS = (".csproj", ".fsproj", ".vbproj")
_SHOWN = 3


class _Missing(NamedTuple):
    """A project that is not there yet.

    Attributes:
        place: In the context.
        direct: Whether the restored project names it itself, and not one that it references.
    """

    place: str
    direct: bool


@rule(
    "restore-incomplete",
    severity=Severity.INFO,
    category=Category.BUILD_CACHE,
    default="info",
    keywords=("RUN",),
    mentions=("dotnet",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A `dotnet restore` runs before the projects that its project references are there."""
    for stage in change.stages:
        for run in stage.runs:
            if run.deferred or run.mounts:
                continue
            for command in run.calls("dotnet"):
                missing = _missing(change, stage, run, command) if command.subcommand == "restore" else []
                later = _next_build(stage, run) if missing else None
                if later is not None:
                    yield _problem(stage, run, command, missing, later)


def _missing(change: DockerfileChange, stage: Stage, run: Run, command: Command) -> list[_Missing]:
    """Return the projects that the restored one references, itself or through others, that lie in the context alone.

    NuGet goes from project to project (`RestoreRecursive` in NuGet.targets).
    """
    path = None if command.conditional else _project(change, run, command)
    pending, seen, found = [path] if path is not None else [], {path}, dict[str, _Missing]()
    while pending:
        project = pending.pop(0)
        for place, target in _references(change, run, project):
            here = in_repository(change, place)
            if target in seen or here is None or not change.repository.exists(here):
                continue
            seen.add(target)
            if is_brought(stage, run, target):
                pending.append(target)
            else:
                found[place] = _Missing(place, project == path)
    return list(found.values())


def _project(change: DockerfileChange, run: Run, command: Command) -> str | None:
    """Return where the restored project lies in the image: the one that is named, or the only one of its folder."""
    operands = [word.value for word in command.args[1:] if not word.value.startswith("-")]
    named = next((text for text in operands if text.endswith(_PROJECTS)), None)
    if named is not None:
        return path_of(run, command, named) if "$" not in named else None
    folder = folder_of(run, command)
    if folder is None or len(command.args) > 1:
        return None
    files = change.repository.listing or change.repository.files
    names = {posixpath.basename(path) for path in files if path.endswith((*_PROJECTS, ".sln", ".slnx"))}
    here = [name for name in names if copied(run, name, folder) is not None]
    return posixpath.join(folder, here[0]) if len(here) == 1 and here[0].endswith(_PROJECTS) else None


def _references(change: DockerfileChange, run: Run, path: str) -> Iterator[tuple[str, str]]:
    """Yield the projects that one surely references, in the context and in the image; none where it was not read."""
    text = text_in_image(change, run, path)
    folder = posixpath.dirname(path)
    beside = place_beside(run, posixpath.basename(path), folder) if text is not None else ""
    for reference in references(text or ""):
        name = reference.replace("\\", "/")
        yield posixpath.normpath(posixpath.join(beside, name)), posixpath.normpath(posixpath.join(folder, name))


def _next_build(stage: Stage, run: Run) -> Command | None:
    """Return the first build or publish below, here or in a stage upon this one; none where it restores once more."""
    for other in built_upon(stage):
        for later in other.all_runs:
            if later.at <= run.at:
                continue
            for command in later.calls("dotnet"):
                if command.subcommand == "restore":
                    return None
                if command.subcommand in ("build", "publish"):
                    return command
    return None


def _problem(stage: Stage, run: Run, command: Command, missing: list[_Missing], later: Command) -> Problem:
    named, one = listed((quote(each.place) for each in missing), _SHOWN), len(missing) == 1
    direct = [each for each in missing if each.direct]
    through = "" if len(direct) == len(missing) else f"{' itself or' if direct else ''} through others"
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
        f"{stage.label} runs {quote(str(command))} without {named}, which that project references{through}. The "
        f"restore skips {them} and ends well; {effect} Copy {'that file' if one else 'those files'} in first.",
        Confidence.LIKELY,
        doubt="an earlier command may make the files",
        instruction=run.instruction,
        stage=stage.key,
        key=" ".join(each.place for each in missing),
        severity=Severity.ERROR if stops else None,
    )
