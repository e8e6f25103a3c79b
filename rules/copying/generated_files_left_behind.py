"""See generated_files_left_behind.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
    within,
)
from rules.copying.needs import package_of
from rules.copying.python.environments import environments
from rules.facts.installers import NODE_MANAGERS
from rules.model.lineage import built_upon
from rules.model.puts import within_any
from rules.model.work_folders import folder_of
from rules.quoting import capitalized
from rules.runtime.starts.instructions import is_script_entrypoint, shipped
from rules.runtime.starts.scripts import start_script

_TASKS = frozenset(
    "assets:precompile assets.deploy collectstatic compilemessages compress phx.digest webpacker:compile "
    "vite:build".split()
)
"""What frameworks call the step that makes the files which the server sends out (Django, Rails, Phoenix)."""
_PLACES = ("/usr", "/opt", "/root", "/bin", "/venv", "/.venv", "/wheels", "/install", "/home", "/go")
_PACKAGES = frozenset("node_modules vendor .venv venv bundle site-packages deps".split())

_CHECKS = re.compile(r"[^&|;]*\btsc\b[^&|;]*--noEmit\b[^&|;]*")


class _Making(NamedTuple):
    """A step that makes files for the program."""

    run: Run
    command: Command
    task: str
    folder: str


@rule(
    "generated-files-left-behind",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change makes files in a builder that the image made before, and nothing brings them."""
    for stage, was in change.shipped():
        made = {one.task for one in _makings(was)} if was is not None else set()
        then = made | (_taken_before(was) if was is not None else set())
        if not then or then <= {one.task for one in _makings(stage)} or _is_open(change, stage):
            continue
        for builder in change.stages:
            makings = (one for one in _makings(builder) if not _only_checks(change, builder, one))
            lost = next((one for one in makings if one.task in then), None)
            if lost is None or builder in stage.chain or _is_taken(stage, builder, lost.folder):
                continue
            elsewhere = _is_served_elsewhere(change, stage, builder, lost.folder)
            if not elsewhere and not _is_handed_on(stage, builder):
                yield _problem(stage, builder, lost, moved=lost.task in made)
            break


def _taken_before(was: Stage) -> set[str]:
    """Return the frameworks' steps of other stages whose files a COPY brought before the change."""
    builders = [one for one in was.model.stages if one is not was and one not in was.chain]
    made = ((builder, one) for builder in builders for one in _makings(builder) if one.task in _TASKS)
    return {one.task for builder, one in made if _is_taken(was, builder, one.folder)}


def _makings(stage: Stage) -> list[_Making]:
    """Return the steps of a stage that make files for the program."""
    found = []
    for run in stage.done_runs:
        for command in run.commands:
            task = _task(command)
            folder = folder_of(run, command) if task is not None else None
            if task is not None and folder is not None:
                found.append(_Making(run, command, task, folder))
    return found


def _task(command: Command) -> str | None:
    words = [word.value for word in command.args]
    if command.name in NODE_MANAGERS:
        plain = [word for word in words if not word.startswith("-")]
        builds = plain[:2] == ["run", "build"] or (command.name != "npm" and plain[:1] == ["build"])
        return "build" if builds else None
    return next((word for word in words if word in _TASKS), None) if "--dry-run" not in words else None


def _only_checks(change: DockerfileChange, builder: Stage, making: _Making) -> bool:
    """Whether a front end's build, as its manifest that was read says, looks at types and writes nothing."""
    script = package_of(change, builder, making.folder)[1].get("build") if making.task == "build" else None
    return script is not None and _CHECKS.fullmatch(script) is not None


def _is_open(change: DockerfileChange, stage: Stage) -> bool:
    """Whether what starts may make the files itself, or a script that was not read."""
    for found in shipped(change):
        if found.stage is not stage:
            continue
        script = start_script(change, found, through_stages=True)
        text = f"{found.instruction.whole_value} {script.text if script is not None else ''}"
        if any(task in text for task in (*_TASKS, "run build")):
            return True
        if script is None and found.instruction.keyword == "ENTRYPOINT" and is_script_entrypoint(stage):
            return True
    if any(task in build.command for build in change.repository.builds_of(change.path) for task in _TASKS):
        return True
    return not any(put.kind == "context" and put.tree for put in stage.files.puts)


def _is_taken(stage: Stage, builder: Stage, folder: str) -> bool:
    """Whether more of the builder's project folder comes along than its packages."""
    own = {environment.path for environment in environments(builder)}
    for copy in stage.all_copies:
        for source in copy.sources if copy.from_stage is builder else ():
            path = copy.source_path(source)
            if path is None or source.has_wildcard:
                return True
            if within(folder, path) or not (_is_of_packages(path, own) or _is_of_system(path, folder)):
                return True
    return any(mount.options.get("from") for run in stage.done_runs for mount in run.mounts)


def _is_of_packages(path: str, environments: set[str]) -> bool:
    return path in environments or not _PACKAGES.isdisjoint(path.split("/"))


def _is_of_system(path: str, folder: str) -> bool:
    """Whether a path lies where packages and programs are installed, outside the project."""
    return within_any(path, _PLACES) and not within(path, folder)


def _is_handed_on(stage: Stage, builder: Stage) -> bool:
    """Whether another stage takes from the builder, and this one from that."""
    between = {
        copy.from_stage for copy in stage.all_copies if copy.from_stage is not None and copy.from_stage is not builder
    }
    heirs = built_upon(builder)[1:]
    return any(one in heirs or builder in one.sources for one in between)


def _is_served_elsewhere(change: DockerfileChange, stage: Stage, builder: Stage, folder: str) -> bool:
    """Whether another image of the file takes them: a web server's beside the program's."""
    others = (one for one in change.stages if one is not stage and not stage.needs(one) and builder in one.sources)
    return any(_is_taken(one, builder, folder) for one in others)


def _problem(stage: Stage, builder: Stage, lost: _Making, *, moved: bool) -> Problem:
    folder = posixpath.normpath(stage.image.workdir.value or "/")
    words = [lost.command.name, *(word.text for word in lost.command.args)]  # without variables, which may be secret
    what = f"{quote(' '.join(words))} makes files for the program"
    return Problem(
        lost.command.span if moved else stage.from_.span,
        (
            f"{what}, and runs in {builder.label} now, no longer in the image that ships. "
            if moved
            else f"{what} in {builder.label} (line {lost.command.line}), and the `COPY` that brought them is gone. "
        )
        + f"{capitalized(stage.label)} takes its sources from the build context and "
        f"none of what that step writes below {quote(lost.folder)}. Copy the result too (`COPY --from={builder.key} …` "
        f"into {quote(folder)}), or run the step there.",
        Confidence.LIKELY,
        doubt="the files may be served from elsewhere",
        instruction=lost.run.instruction if moved else stage.from_,
        stage=stage.key,
        key=lost.task,
        notes=(Note(stage.from_.span, "ships without them") if moved else Note(lost.command.span, "made here"),),
    )
