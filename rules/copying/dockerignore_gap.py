"""See dockerignore_gap.md."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.copying.context.contents import Leak, brings_whole_context, context_leaks
from rules.copying.context.ignore_file import IgnoreFile, had_surely_none, ignore_file, lies_beside
from rules.copying.context.version_by_git import is_read_by_program, is_read_for_version, may_be_read
from rules.facts.installers import NODE_MANAGERS, PYTHON_MANAGERS

_HISTORY = Leak(".git", ".git", secret=False)
_NAMED = re.compile(r"(?<![\w*/.])\.git(?![\w-])")
_MAKERS = {
    "node_modules": NODE_MANAGERS,
    ".next": NODE_MANAGERS,
    **dict.fromkeys((".venv", "venv"), PYTHON_MANAGERS),
}
"""Folders of dependencies and of output, with the managers that make them."""
_MAKING = frozenset({"install", "sync", "build", "run"})
_ASKING = frozenset("describe rev-parse rev-list log show status diff tag branch".split())
"""What is asked of a repository, and not fetched from one."""


@rule(
    "dockerignore-gap",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The whole context is copied, and `.dockerignore` lets in what is large or private."""
    ignore = ignore_file(change)
    copies = list(_copies(change))
    copy = next((one for one in copies if one[0].files_ship), next(iter(copies), None))
    if ignore is None or copy is None or change.repository.listing is None or not lies_beside(change, ignore):
        return
    if change.is_for_developers:
        return
    leaks = [leak for leak in context_leaks(change) or () if copy[0].files_ship or not _is_read_by_builds(leak)]
    leaks = [leak for leak in leaks if _is_made_again(copy[1], leak)]
    ships = _is_root(change) and _ships(copy[1]) and not _is_read_elsewhere(change)
    if ships and not _is_decided(ignore) and not is_read_by_program(change, copy[0]):
        if not may_be_read(copy[1]):
            leaks.insert(0, _HISTORY)
        elif not leaks and not is_read_for_version(change):
            leaks.append(_HISTORY)
    if leaks:
        problem = _problem(ignore, *copy, leaks, ships=copy[0].files_ship)
        yield replace(problem, held_before=had_surely_none(change) and _came_before(change, leaks))


def _came_before(change: DockerfileChange, leaks: list[Leak]) -> bool:
    """Whether the whole context was copied before as well, with all of that in it: a first ignore file let it stay."""
    assert change.before is not None
    copies = (copy for stage in change.before.stages for copy in stage.copies)
    context, then = change.repository_before.context_of(change.path), change.repository_before.listing or {}
    paths = [posixpath.join(context or "", leak.pattern) for leak in leaks if leak is not _HISTORY]
    there = (path in then or any(one.startswith(f"{path}/") for one in then) for path in paths)
    return any(map(brings_whole_context, copies)) and all(there)


def _copies(change: DockerfileChange) -> Iterator[tuple[Stage, Copy]]:
    needed = change.after.needed_by_shipped
    for stage in change.stages:
        ours = stage.index in needed and not change.after.is_for_developers(stage)
        for copy in stage.copies if ours else ():
            if brings_whole_context(copy):
                yield stage, copy


def _is_read_by_builds(leak: Leak) -> bool:
    """Whether it is a file of settings: the build of a front end reads them, in a stage of its own."""
    return posixpath.basename(leak.name).startswith(".env")


def _is_root(change: DockerfileChange) -> bool:
    """Whether the context is the repository's root, where `.git` lies."""
    return change.repository.context_of(change.path) == ""


def _is_decided(ignore: IgnoreFile) -> bool:
    """Whether the file keeps the history out, or a comment in it speaks of that: its author has decided."""
    said = (line for line in ignore.text.splitlines() if line.lstrip().startswith("#"))
    return ignore.patterns.excludes(".git") or any(map(_NAMED.search, said))


def _ships(copy: Copy) -> bool:
    """Whether the history would ship, and no RUN uses or deletes it."""
    if any(run.calls("git") or ".git" in run.instruction.whole_value for run in copy.stage.runs):
        return False
    return copy.stage.files_ship


def _is_read_elsewhere(change: DockerfileChange) -> bool:
    """Whether a RUN of any stage asks git of the project, as by `git describe` or `./hack/git-version`."""
    commands = (command for stage in change.stages for run in stage.runs for command in run.commands)
    return any(
        command.name.startswith("git") and (command.name != "git" or command.subcommand in _ASKING)
        for command in commands
    )


def _is_made_again(copy: Copy, leak: Leak) -> bool:
    """Whether a RUN below the COPY makes a folder again; what is committed and made by none is what runs."""
    managers = _MAKERS.get(posixpath.basename(leak.pattern))
    calls = (call for run in copy.stage.done_runs if run.at > copy.at for call in run.package_calls)
    return managers is None or any(call.manager in managers and call.action in _MAKING for call in calls)


def _problem(ignore: IgnoreFile, stage: Stage, copy: Copy, leaks: list[Leak], *, ships: bool) -> Problem:
    named = ", ".join(quote(leak.name) for leak in leaks[:5])
    rest = f" and {len(leaks) - 5} more" if len(leaks) > 5 else ""  # noqa: PLR2004 - as many as a sentence can name
    history = (
        " With `.git` in the context every commit changes the copy, and the history ships."
        if leaks[0] is _HISTORY
        else ""
    )
    asked = leaks[0] is _HISTORY and may_be_read(copy)
    kept = [leak for leak in leaks if ships or not leak.secret]
    each = "Each of them" if len(leaks) > 1 else "It"
    unless = ", unless the build reads its version from there" if asked else ""
    lines = tuple(dict.fromkeys(leak.pattern for leak in leaks))
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies the whole context, and {quote(ignore.path)} lets in {named}{rest}.{history} "
        f"{each} is sent to every build, and a change in it runs everything below this line again. "
        f"Add {'it' if len(lines) == 1 else 'them'} to {quote(ignore.path)}{unless}.",
        Confidence.POSSIBLE if asked else Confidence.LIKELY,
        doubt="the program may need them there" if ships else "the build may read them",
        instruction=copy.instruction,
        stage=stage.key,
        severity=None if ships else Severity.INFO,
        fix=Fix("Keep it out of the build", (ignore.append(*lines),))
        if len(kept) == len(leaks) and not asked
        else None,
    )
