"""See run_file_not_copied.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    once,
    outcome_of_failure,
    quote,
    rule,
)
from rules.copying.context.foreign_contexts import missing_in_a_build
from rules.copying.context.misnamed_projects import misnamed_projects
from rules.copying.context.not_in_repository import not_in_repository, packages_built
from rules.copying.context.possibly_there import INTERPRETERS, begins_plain, may_be_there
from rules.copying.context.read_besides import missing_besides
from rules.copying.installs.build_manifests import manifests_of
from rules.copying.installs.calls import install_folder, installs_in, needs_manifest
from rules.copying.installs.failing import wants_lock, without_manifest
from rules.copying.installs.ignored_manifests import ignored_manifests
from rules.copying.installs.looked_up import is_put_above
from rules.copying.installs.misnamed_folders import misnamed_folders
from rules.copying.installs.named_manifests import renamed, sent
from rules.copying.outputs.cached import read_from_caches
from rules.copying.source_trees.brought_late import brought_late
from rules.copying.source_trees.early_builds import early_builds, too_early
from rules.copying.stages.unmade_paths import holds_sources
from rules.model.work_folders import path_of

_SCRIPTS = (".sh", ".bash", ".py", ".js", ".mjs", ".rb", ".pl", ".php")
_WRAPPERS = frozenset({"mvnw", "gradlew"})
"""Scripts of a project's own that go without an ending."""
_BUILDERS = frozenset({"composer", "poetry", "uv", "pdm"})
"""Managers whose install of a project builds the project too, and which cannot do without its manifest."""


@rule(
    "run-file-not-copied",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN reads a file that nothing has brought into the stage."""
    for stage in change.stages:
        yield from read_from_caches(stage)
        ignored = tuple(ignored_manifests(change, stage))
        yield from ignored
        if not begins_plain(stage):
            yield from brought_late(change, stage)
            continue
        said: set[str] = set()
        yield from (too_early(stage, found) for found in early_builds(stage))
        foreign = tuple(missing_in_a_build(change, stage))
        yield from foreign
        there = {problem.span for problem in (*ignored, *foreign)}
        for run in stage.runs:
            if run.deferred or any(m.type == "bind" for m in run.mounts):
                continue
            for path, problem in _found(change, stage, run, said):
                if path not in said and problem.span not in there:
                    said.add(path)
                    yield problem


def _found(change: DockerfileChange, stage: Stage, run: Run, said: set[str]) -> Iterator[tuple[str, Problem]]:
    """Yield each file that a RUN reads and that is not there, with what to say of it; not what was said by then."""
    for command, path in _wanted(run):
        if path in said or outcome_of_failure(run, command) == "caught":
            continue
        if not may_be_there(stage, run, command, path) and not is_put_above(run, command, path):
            yield path, _problem(stage, run, command, path)
        elif (problem := not_in_repository(change, run, command, path)) is not None:
            yield path, problem
    for command, path in packages_built(run):
        if (problem := not_in_repository(change, run, command, path)) is not None:
            yield path, problem
    yield from misnamed_projects(change, run)
    yield from missing_besides(change, stage, run)
    yield from misnamed_folders(stage, run)


def _wanted(run: Run) -> Iterator[tuple[Command, str]]:
    """Yield the files that a RUN cannot do without: manifests of installs, and scripts of the project."""
    for install in installs_in(run):
        first = install.manifests[0]
        plain = first.startswith("/") and not any(mark in first for mark in "*?$~")
        if plain and install.call.manager != "go" and needs_manifest(install):
            yield install.call.command, first
    yield from manifests_of(run)
    for call in run.package_calls:
        named = bool(call.packages)  # a folder on the command line, such as `.`, and no manifest
        if call.manager in _BUILDERS and call.project and not named and call.action in ("install", "sync"):
            folder, name = install_folder(run, call), renamed(call.manifests, sent(run, call).file)[0]
            if folder is not None and not call.command.conditional and not call.has("--script"):
                yield call.command, posixpath.join(folder, name)
    for command in run.commands:
        text = _script(command) or _copied_name(run.stage, command)
        if text is None or command.conditional or any(mark in text for mark in "$*?~"):
            continue
        path = path_of(run, command, text)
        if path is not None:
            yield command, path


def _script(command: Command) -> str | None:
    """Return the script that a command runs or makes executable, as written: `./setup.sh`, `bash scripts/build.sh`."""
    program = command.called
    rooted = program.startswith(("./", "/")) and program.count("/") > 1
    if "/" in program and (_is_script(program) or rooted):
        return program
    if command.name == "chmod" and len(command.args) == 2:  # noqa: PLR2004 - a mode and one file
        last = command.args[1].value
        return last if _is_script(last) else None
    if command.name in INTERPRETERS and command.args:
        first = command.args[0].value
        return first if _is_script(first) and not first.startswith("-") else None
    return None


def _is_script(name: str) -> bool:
    return name.endswith(_SCRIPTS) or posixpath.basename(name) in _WRAPPERS


def _copied_name(stage: Stage, command: Command) -> str | None:
    """Return the path that a `chmod` gives to a file which an instruction brings under that name, wherever to."""
    last = command.args[1].value if command.name == "chmod" and len(command.args) == 2 else ""  # noqa: PLR2004 - a mode and one file
    named = last.startswith(("./", "/")) and posixpath.basename(last) in _copied_names(stage)
    return last if named and not stage.files.below(posixpath.normpath(posixpath.join("/", last))) else None


@once
def _copied_names(stage: Stage) -> frozenset[str]:
    puts = (put for put in stage.files.puts if put.kind in ("context", "remote"))
    return frozenset(posixpath.basename(put.path) for put in puts)


def _project(stage: Stage, run: Run) -> Put | None:
    """Return what brings the whole context to another folder above a RUN."""
    return next((put for put in stage.files.whole_trees if put.kind == "context" and put.step.at < run.at), None)


def _problem(stage: Stage, run: Run, command: Command, path: str) -> Problem:
    name = posixpath.basename(path)
    named = (put for put in stage.files.puts if posixpath.basename(put.path) == name and not holds_sources(put))
    elsewhere = next((put for put in named if put.kind in ("context", "remote")), None)
    below = elsewhere is not None and elsewhere.step.index > run.index and elsewhere.step.stage is stage
    if elsewhere is not None and below and elsewhere.path == path:
        way_out = f"It is copied below, on line {elsewhere.step.instruction.line}: copy it first."
    elif elsewhere is None and (tree := _project(stage, run)) is not None:
        way_out = f"Line {tree.step.instruction.line} brings the project to {quote(tree.path)}: run it there."
    elif elsewhere is not None:
        way_out = f"It is copied to {quote(elsewhere.path)} (line {elsewhere.step.instruction.line})."
    else:
        locked = any("lock" in posixpath.basename(put.path) for put in stage.files.puts)
        way_out = f"Copy {quote(name)}{' and its lock file' if wants_lock(command) and not locked else ''} in first."
    verb = "changes" if command.name == "chmod" else "reads"
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command))}, which {verb} {quote(path)}, and no instruction above brings that "
        f"file. {without_manifest(command, outcome_of_failure(run, command))} {way_out}",
        Confidence.LIKELY,
        doubt="an earlier command may make the file",
        instruction=run.instruction,
        stage=stage.key,
        key=name,  # the same file is missing wherever a new WORKDIR has it looked for
        shared_advice=f"{path} {way_out}",
    )
