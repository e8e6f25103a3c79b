"""See clone_too_shallow.md."""

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
    outcome_of_failure,
    quote,
    rule,
    within,
)
from rules.model.shell_scope import filled
from rules.model.work_folders import folder_of, path_of

_VALUED = ("-b", "--branch", "--depth", "-j", "--jobs", "-c", "--config", "-o", "--origin", "--reference")
_COMMIT = r"[0-9a-f]{7,40}"
_PINNED = re.compile(rf"v?\d+(?:\.\d+)+[\w.+-]*|{_COMMIT}|(?:refs/)?tags/.+")
"""A release's tag, or a commit: what a newest commit alone seldom is."""
_FETCHING = frozenset({"fetch", "pull", "remote", "worktree"})


class _Shallow(NamedTuple):
    """A clone that brings one commit alone.

    Attributes:
        run: The RUN.
        command: The command.
        folder: Where it goes.
    """

    run: Run
    command: Command
    folder: str


@rule(
    "clone-too-shallow",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("--depth",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A clone brings the newest commit alone, and another one is checked out of it."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        for run in stage.runs:
            for command in run.calls("git") if run.is_read and not run.deferred else ():
                problem = _of_checkout(stage, run, command)
                if problem is not None:
                    yield problem


def _of_checkout(stage: Stage, run: Run, command: Command) -> Problem | None:
    state = _state(run, command)
    if state is None or outcome_of_failure(run, command) != "stops":
        return None
    entered = command.option("-C")
    folder = path_of(run, command, entered) if entered else folder_of(run, command)
    found = _last_clone(stage, run, command)
    if folder is None or found is None or not within(folder, found.folder):
        return None
    written, value = state
    cloned = found.command.option("-b", "--branch")
    if cloned is not None and cloned in (written, value, value.removeprefix("tags/")):
        return None  # that state is what was cloned
    way_out = (
        f"Fetch that commit above it: {quote(f'git fetch --depth 1 origin {written}')}"
        if re.fullmatch(_COMMIT, value)
        else f"Clone that state: {quote(f'git clone --depth 1 --branch {written} …')}"
    )
    return Problem(
        command.span,
        f"{stage.label} checks out {quote(written)} of a clone that `--depth` has kept to the newest commit of one "
        f"branch (line {found.command.line}). No other commit is there, nor the tag of one: the build stops here with "
        f"“did not match any file(s) known to git”. {way_out}.",
        Confidence.LIKELY,
        doubt="the newest commit may be that one",
        instruction=run.instruction,
        stage=stage.key,
        key=written,
        notes=(Note(found.command.span, "one commit alone"),),
    )


def _state(run: Run, command: Command) -> tuple[str, str] | None:
    """Return the tag or commit that a command checks out, as it is written and as it is by default."""
    verb, *words = [word.value for word in command.operands(("-C",))] or [""]
    if verb not in ("checkout", "switch", "reset") or len(words) != 1 or command.conditional:
        return None
    if command.has("-b", "-B", "-c", "--orphan", "--"):
        return None
    value = filled(run, command, words[0])
    return (words[0], value) if value and _PINNED.fullmatch(value) else None


def _last_clone(stage: Stage, run: Run, command: Command) -> _Shallow | None:
    """Return the clone above a checkout, where it brings one commit alone and nothing fetches more before that."""
    above = [
        (other, one)
        for other in stage.done_runs
        for one in other.calls("git")
        if (other.at, one.start) < (run.at, command.start)
    ]
    for other, one in reversed(above):
        if one.subcommand in _FETCHING or one.has("--unshallow", "--deepen"):
            return None
        if one.subcommand == "clone":
            return _shallow(other, one)
    return None


def _shallow(run: Run, command: Command) -> _Shallow | None:
    words = [word.value for word in command.operands(_VALUED)][1:]
    local = not words or words[0].startswith(("/", "."))  # of such a one git takes everything
    if command.option("--depth") != "1" or command.conditional or local:
        return None
    target = words[1] if words[1:] else posixpath.basename(words[0].rstrip("/")).removesuffix(".git")
    folder = path_of(run, command, target) if "$" not in target else None
    return _Shallow(run, command, folder) if folder is not None else None
