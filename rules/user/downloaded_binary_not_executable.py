"""See downloaded_binary_not_executable.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Edit,
    Problem,
    Run,
    Severity,
    Stage,
    Step,
    add_flag,
    append_to_run,
    as_root,
    fix,
    once,
    quote,
    rule,
    written_by,
)
from rules.dockerfile.shell.nested import SHELLS
from rules.model.shell_scope import filled

_BIN = re.compile(r"(?:/usr(?:/local)?)?/s?bin/[^/.]+(?:\.sh)?|/(?:root|home/[^/]+)/\.local/bin/[^/.]+")
_MODE_SETTERS = frozenset({"chmod", "install"})
_INTERPRETERS = frozenset({*SHELLS, "java", "node", "perl", "php", "python", "python3", "ruby"})
_OTHER_USES = frozenset("cp dpkg gunzip mv rm tar unzip".split()) | _INTERPRETERS
"""Programs that need no execute bit on a file, or take it away."""


class _Download(NamedTuple):
    """A program fetched from the network: where it lands and what fetches it, of a RUN the command."""

    path: str
    tool: str
    step: Step
    command: Command | None


@rule(
    "downloaded-binary-not-executable",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN", "ADD"),
    mentions=("curl", "wget", "http"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A program is downloaded to where it is started from, and never made executable."""
    for stage in change.stages:
        found: dict[str, _Download] = {}
        for download in (one for step in stage.steps for one in _downloads(step)):
            called = _BIN.fullmatch(download.path) is not None or download.path in _called(stage)
            if called and not _made_executable(change, stage, download):
                found.setdefault(download.path, download)  # one of several that a condition chooses from
        yield from (_problem(stage, download) for download in found.values())


def _downloads(step: Step) -> Iterator[_Download]:
    if isinstance(step, Copy) and step.is_add:
        remote = [source for source in step.sources if source.is_remote and not (source.is_git or step.unpacks(source))]
        path = step.destination or ""
        if len(remote) == 1 and step.into_folder:
            path = posixpath.join(path, posixpath.basename((remote[0].path or "").partition("?")[0]))
        if remote and path and step.instruction.flag("chmod") is None and ".git" not in path:
            yield _Download(path, "ADD", step, None)
    elif isinstance(step, Run):
        for path, _, _, command in written_by(step):
            if command.name in ("curl", "wget") and command.after != "|":
                yield _Download(path, command.name, step, command)


@once
def _called(stage: Stage) -> frozenset[str]:
    """Return the programs that a stage, or an image upon it, starts by their paths."""
    found = set()
    for other in stage.model.stages:
        if stage not in other.chain:
            continue
        starts = [setting.value for setting in other.image.start_command if setting.value]
        commands = [command for start in starts for command in start.commands]
        commands += [command for run in other.runs for command in run.commands]
        found |= {command.program.value for command in commands if command.program is not None}
        found |= {start.words[0] for start in starts if start.form == "exec"}
    return frozenset(path for path in found if path.startswith("/"))


def _made_executable(change: DockerfileChange, stage: Stage, download: _Download) -> bool:
    """Whether something may set the mode: a chmod that names it, its folder or what is not known, in any stage."""
    paths = (download.path, *_carried_to(change, stage, download.path))
    for other in change.stages:
        for run in other.runs:
            if any(_may_set_mode(run, command, path) for command in run.commands for path in paths):
                return True
        for copy in other.copies:
            if copy.instruction.flag("chmod") is not None and copy.from_stage is stage:
                return True
    kept = "entrypoint" in posixpath.basename(download.path) and not (stage.facts is not None and stage.facts.is_plain)
    # kept: the base's own mode
    return stage.files.has_unreadable_run or kept or _is_interpreted(change, stage, download.path)


def _carried_to(change: DockerfileChange, stage: Stage, path: str) -> Iterator[str]:
    """Yield where other stages copy the file to: a program may get its mode there, under another name."""
    for copy in (copy for other in change.stages for copy in other.copies if copy.from_stage is stage):
        for source in copy.sources if copy.destination is not None else ():
            if copy.source_path(source) == path:
                name = posixpath.basename(path)
                yield posixpath.join(copy.destination or "", name) if copy.into_folder else copy.destination or ""


def _is_interpreted(change: DockerfileChange, stage: Stage, path: str) -> bool:
    """Whether the container starts it through an interpreter, which only reads it; compose may say so as well."""
    lines = [setting.value.text for setting in stage.image.start_command if setting.value is not None]
    lines += [build.command for build in change.repository.builds_of(change.path)]
    return any(_is_read(line, path) for line in lines if path in line)


def _is_read(line: str, path: str) -> bool:
    """Whether a command line gives a file to an interpreter, rather than calls it by its path, as `sh -c` does."""
    words = [word.strip("\"'") for word in line.split()]
    above = words[: words.index(path)] if path in words else []
    return "-c" not in above and any(posixpath.basename(word) in _INTERPRETERS for word in above)


def _may_set_mode(run: Run, command: Command, path: str) -> bool:
    name = posixpath.basename(path)
    if command.name in _MODE_SETTERS:
        targets = [filled(run, command, word.value) for word in command.args]
        return (
            not targets[1:]
            or any(  # none: `xargs` or a pipe names them
                target is None
                or any(mark in target for mark in "$*{`")
                or name in target
                or path.startswith(target.rstrip("/"))
                for target in targets[1:]
            )
        )
    return command.name in _OTHER_USES and any(path in word.value or name == word.value for word in command.args)


def _problem(stage: Stage, download: _Download) -> Problem:
    is_add = download.tool == "ADD"
    way_out = "`ADD --chmod=755` sets the mode." if is_add else f"Add {quote(f'chmod +x {download.path}')}."
    return Problem(
        download.step.instruction.span,
        f"{stage.label} downloads {quote(download.path)} with `{download.tool}` and nothing makes it executable. The "
        f"file gets mode {'600' if is_add else '644'}, so the first call ends in “permission denied”. {way_out}",
        Confidence.LIKELY,
        doubt="it may be no program, or a script may set its mode",
        stage=stage.key,
        key=download.path,
        fix=fix("Make it executable", _edit(download)),
    )


def _edit(download: _Download) -> Edit | None:
    step, command = download.step, download.command
    if isinstance(step, Run) and command is not None:
        return append_to_run(step, f"{as_root(command)}chmod +x {download.path}")
    return add_flag(step.instruction, "--chmod=755")
