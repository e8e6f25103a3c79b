"""See entrypoint_not_executable.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Attributes,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Installed,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    add_flag,
    append_to_run,
    fix,
    quote,
    replace,
    rule,
    within,
)
from rules.brought import last_put
from rules.model.filenames import is_pattern
from rules.runtime.programs.closed import Closed, closed_program
from rules.runtime.programs.for_runtimes import read_by_a_runtime
from rules.runtime.scripts.tools import install, installs, taken_away
from rules.runtime.starts.instructions import Written, shipped
from rules.runtime.starts.scripts import StartScript, start_script, start_target

_EXECUTABLE = 0o111
_KIND, _REGULAR = 0o170000, 0o100000
_OCTAL = re.compile(r"[0-7]{3,4}", re.ASCII)
_WRITERS = frozenset({"cat", "echo", "printf"})
"""Commands that give a file its text, and a new one the usual mode."""
_CONVERTERS = frozenset({"dos2unix", "sed", "tr", "perl", "awk"})


@rule(
    "entrypoint-not-executable",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ENTRYPOINT", "CMD", "HEALTHCHECK"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The start script of the repository cannot be executed in the image."""
    for found in shipped(change):
        script = start_script(change, found)
        problem = read_by_a_runtime(found)
        if problem is None and script is not None:
            problem = _line_ends(change, found, script) or _interpreter(change, found, script)
        if problem is None:
            copied = script is not None and script.copy is not None
            problem = _mode(change, found, script) if copied and script is not None else _written(found)
        closed = closed_program(change, found) if problem is None else None
        problem = _closed(found, closed) if closed is not None else problem
        if problem is not None:
            yield problem
    for found in shipped(change, "HEALTHCHECK"):
        closed = closed_program(change, found)
        if closed is not None:
            yield _closed(found, closed)


def _line_ends(change: DockerfileChange, found: Written, script: StartScript) -> Problem | None:
    first = script.text.partition("\n")[0]
    if not first.endswith("\r") or not first.startswith("#!"):
        return None
    if "eol=lf" in (change.repository.text(".gitattributes") or "") or _is_touched(
        found.stage, script.target, _CONVERTERS
    ):
        return None
    return _problem(
        found,
        script,
        "has Windows line ends",
        f"The kernel looks for an interpreter named {quote(first[2:])} and the container exits with “no such file or "
        "directory”. Save the file with LF, and keep it so with `*.sh text eol=lf` in `.gitattributes`",
    )


def _interpreter(change: DockerfileChange, found: Written, script: StartScript) -> Problem | None:
    if not script.direct:
        return None
    name = script.interpreter
    if name is None:
        if found.start.form != "exec" or script.text.startswith("#!") or not script.path.endswith((".sh", ".bash")):
            return None
        return _problem(
            found,
            script,
            "does not begin with `#!`",
            "The JSON form has no shell to fall back on, so the container exits with “exec format error”. Put "
            "`#!/bin/sh` "
            "into its first line",
        )
    taken = taken_away(found.stage, change.was(found.stage), posixpath.basename(name))
    if taken is None and (not found.stage.base_known or not found.stage.runtime.lacks(name)):
        return None
    return _problem(
        found,
        script,
        f"is written for {quote(name)}, which {_whereabouts(found, taken)}",
        "The container exits with “no such file or directory”, although the script is there. "
        f"{_instead(found.stage, posixpath.basename(name))}",
        Confidence.LIKELY,
    )


def _instead(stage: Stage, interpreter: str) -> str:
    """Say how the script comes to be read: in an image without a shell nothing can be installed, nor read by `sh`."""
    if stage.runtime.has_shell is False:
        return f"Start the program without it, or from a base that has {quote(interpreter)}"
    if interpreter != "bash":
        return install(stage, interpreter)
    return "Write it for `sh`, or install `bash`" if installs(stage) else "Write it for `sh`"


def _whereabouts(found: Written, taken: Installed | None) -> str:
    if taken is None:
        return f"{quote(found.stage.root.base_text or '')} does not have"
    return f"the image loses with this change: {quote(taken.name)} does not stay in it"


def _mode(change: DockerfileChange, found: Written, script: StartScript) -> Problem | None:
    mode = change.repository.mode(script.path)
    if script.copy is None or not script.direct or _is_made_executable(found.stage, script.target):
        return None
    if script.copy.instruction.flag("chmod") is not None:
        return _for_nobody(found, script, script.copy)
    if mode is None or mode & _KIND != _REGULAR or mode & _EXECUTABLE:
        return None
    return _problem(
        found,
        script,
        "is not executable in git (mode 100644)",
        "`COPY` keeps the mode, so the container exits with “permission denied”. Say `COPY --chmod=755`, or "
        f"`git update-index --chmod=+x {script.path}`",
        repair=_fix(script.copy),
    )


def _for_nobody(found: Written, script: StartScript, copy: Copy) -> Problem | None:
    """A `--chmod` that gives nobody the right to execute."""
    flag = copy.instruction.flag("chmod")
    mode = (flag.value if flag is not None else None) or ""
    if not _OCTAL.fullmatch(mode) or int(mode, 8) & _EXECUTABLE:
        return None
    return _problem(
        found,
        script,
        f"is copied with `--chmod={mode}`, which lets nobody execute it",
        "The container exits with “permission denied”. Say `--chmod=755`, in a `COPY` of its own where others are "
        "copied beside it",
    )


def _written(found: Written) -> Problem | None:
    """A script that stands in the Dockerfile: the builder writes it with mode 644 (BuildKit, `dispatchCopy`).

    So does a shell whose umask nobody has changed, unless the base image has a file there, whose mode stays.
    """
    target, direct = start_target(found)
    put = last_put(found.stage, target) if target is not None and direct else None
    if target is None or put is None or put.path != target or _is_made_executable(found.stage, target):
        return None
    instruction = put.step.instruction
    if put.kind == "heredoc" and instruction.flag("chmod") is None:
        way_out, repair = (
            "Say `COPY --chmod=755` there",
            fix("Write it executable", add_flag(instruction, "--chmod=755")),
        )
    elif put.kind == "run" and isinstance(put.step, Run) and _makes_alone(found.stage, target, put.step):
        clause = f"chmod 755 {target}"
        way_out, repair = f"Say {quote(clause)} there", fix("Make it executable", append_to_run(put.step, clause))
    else:
        return None
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(target)}, which line {instruction.line} writes with mode 644. The "
        f"container exits with “permission denied”. {way_out}.",
        Confidence.CERTAIN if put.kind == "heredoc" else Confidence.LIKELY,
        doubt="the base image may have it in a place of its own",
        stage=found.stage.key,
        notes=(Note(instruction.span, "written here"),),
        key=target,
        fix=repair,
    )


def _makes_alone(stage: Stage, target: str, run: Run) -> bool:
    """Whether a RUN surely writes a script anew, with the usual umask, and nothing else in it may give it a mode."""
    writers = {put.command.name if put.command is not None else "" for put in stage.files.at(target)}
    others = run.calls("umask", "cp", "mv", "install", "setfacl")
    return stage.base_known and writers <= _WRITERS and not others and not run.commands[-1].conditional


def _closed(found: Written, closed: Closed) -> Problem:
    """A mode that lets the owner start it, where the container's account is another."""
    copy, decided = closed.copy.instruction, closed.decided_by.instruction
    flag = copy.flag("chmod") if decided is copy else None
    open_to_all = closed.bits | (closed.bits >> 6 & 5) * 0o11
    mode = open_to_all if open_to_all & (1 if closed.executed else 4) else 0o755 if closed.executed else 0o644
    way_out = f"Say {quote(f'{mode:04o}')}, or give the file to {quote(closed.user)}"
    if not closed.executed:
        way_out = f"Give the file to {quote(closed.user)}, or say {quote(f'{mode:04o}')}"
    if found.instruction.keyword == "HEALTHCHECK":
        does, then = "probes with", "Each probe fails with “permission denied”, and the container counts as unhealthy"
    else:
        does = "starts" if closed.executed else "is to read"
        then = "The container exits with “permission denied”" if closed.executed else "That ends in “permission denied”"
    return Problem(
        decided.span,
        f"{found.stage.label} {does} {quote(closed.target)} as {quote(closed.user)}, which is neither its owner nor in "
        f"its group: mode {quote(f'{closed.bits:04o}')} does not let others {'execute' if closed.executed else 'read'} "
        f"it. {then}. {way_out}.",
        Confidence.CERTAIN if closed.executed else Confidence.LIKELY,
        doubt="the program may not open it",
        stage=found.stage.key,
        notes=(Note(found.instruction.span, "started here"),),
        key=closed.target,
        instruction=found.instruction,
        fix=fix("Let everybody start it", replace(copy.source, flag.value_span, f"{mode:04o}"))
        if flag is not None and closed.executed
        else None,
    )


def _is_made_executable(stage: Stage, target: str) -> bool:
    for change in stage.files.attribute_changes:
        if change.kind == "chmod" and (
            change.path is None
            or is_pattern(change.path)
            or change.path == target
            or within(target, change.path)
            or _may_mean(stage, change, target)
        ):
            return True
    return _is_touched(stage, target, frozenset({"install", "find", "xargs"}))


def _may_mean(stage: Stage, change: Attributes, target: str) -> bool:
    """Whether a command that names a file of the script's name may mean the script: another one is not known there."""
    name = posixpath.basename(target)
    if posixpath.basename(change.path or "") != name:
        return False
    relative = any(posixpath.basename(word.value) == name and word.value[:1] != "/" for word in change.command.args)
    return relative or not stage.files.covering(change.path or "")


def _is_touched(stage: Stage, target: str, programs: frozenset[str]) -> bool:
    """Whether a RUN hands the script, or a folder that holds it, to one of these programs."""
    name = posixpath.basename(target)
    return any(
        name in word.value or "*" in word.value or "$" in word.value or word.value in (".", posixpath.dirname(target))
        for run in stage.done_runs
        for command in run.calls(*programs)
        for word in command.args
    )


def _fix(copy: Copy) -> Fix | None:
    """The flag, where the instruction copies this one file."""
    if len(copy.sources) != 1 or copy.sources[0].has_wildcard or copy.sources[0].is_root or copy.is_add:
        return None
    if "." not in posixpath.basename(copy.sources[0].path or ""):
        return None
    instruction = copy.instruction
    return fix("Copy it executable", add_flag(instruction, "--chmod=755"))


def _problem(
    found: Written,
    script: StartScript,
    fact: str,
    then: str,
    confidence: Confidence = Confidence.CERTAIN,
    repair: Fix | None = None,
) -> Problem:
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(script.target)}, and {script.spoken} {fact}. {then}.",
        confidence,
        doubt="the base image may have it in a place of its own",
        stage=found.stage.key,
        notes=(Note(script.copy.instruction.span, "copied here"),) if script.copy is not None else (),
        key=script.path,
        fix=repair,
    )
