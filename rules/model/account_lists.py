"""The accounts and groups that a file writes into a list itself: `echo "app:x:10001:10001::/:" >> /etc/passwd`."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.puts import copied, may_bring
from rules.model.steps import Copy, Run
from rules.model.work_folders import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.script import Command
    from rules.model.copy_source import CopySource
    from rules.model.stage import Stage

PASSWD, GROUP = "/etc/passwd", "/etc/group"
_NAMES = frozenset({"passwd", "group"})
_ENTRY = re.compile(r"(?:\A|\n|\\n)[ \t]*([A-Za-z_][\w.-]*):[^:\n]*:([^:\n]*)")
"""A line of passwd(5) or group(5): the name, the password, the number."""


class Entry(NamedTuple):
    """A line of a list of accounts.

    Attributes:
        name: The account or the group.
        number: As written, a variable among it as such.
        line: Where the command or the instruction stands that writes it.
        at: The place of the step (`Step.at`) that puts the list into the stage.
    """

    name: str
    number: str
    line: int
    at: tuple[int, int]


_Lists = dict[str, dict[str, Entry]]
"""The entries that are known of each list, by its path and by their names."""


def entry(stage: Stage, path: str, name: str, above: tuple[int, int] | None = None) -> Entry | None:
    """Return the line of an account or a group that is sure to stand in a list, above a place or at a stage's end."""
    found = _lists(stage).get(path, {}).get(name)
    return found if found is not None and (above is None or found.at < above) else None


@once
def _lists(stage: Stage) -> _Lists:
    """The lists at the end of a stage: what is written there, and what a COPY brings in their place."""
    found: _Lists = {}
    for step in stage.done_steps:
        if isinstance(step, Run):
            _after_run(found, step)
        elif isinstance(step, Copy):
            puts = copied(step)
            for path in (PASSWD, GROUP):
                if any(may_bring(put, path) for put in puts):
                    found[path] = {**_written_in_place(step, path), **_taken_along(step, path)}
    return found


@once
def _written(stage: Stage) -> _Lists:
    """The entries that the RUNs of a stage write, for each file with the name of a list."""
    found: _Lists = {}
    for run in stage.done_runs:
        _after_run(found, run)
    return found


def _after_run(lists: _Lists, run: Run) -> None:
    """Go on behind a RUN: `>` begins a list anew, once for all commands of a group."""
    begun: set[int] = set()
    for command in run.commands if "passwd" in run.instruction.text or "group" in run.instruction.text else ():
        for redirect in command.redirects:
            path = path_of(run, command, redirect.writes or "") if redirect.writes else None
            if path is None or posixpath.basename(path) not in _NAMES or run.is_mounted(path):
                continue
            if redirect.operator != ">>" and redirect.start not in begun:
                lists[path] = {}
            begun.add(redirect.start)
            if not (command.conditional or command.nested or run.deferred):
                lists.setdefault(path, {}).update((one.name, one) for one in _said(run, command))


def _said(run: Run, command: Command) -> Iterator[Entry]:
    """Yield the entries that `echo`, `printf` or a here-document of a command writes."""
    texts = [word.value for word in command.args] if command.name in ("echo", "printf") else []
    if command.name == "cat" and command.heredoc is not None:
        texts = [command.heredoc]
    for text in texts:
        for name, number in _ENTRY.findall(text):
            yield Entry(name, number, command.line, run.at)


def _written_in_place(copy: Copy, path: str) -> dict[str, Entry]:
    """The entries of a COPY's own here-document."""
    puts = (put for put in copied(copy) if put.kind == "heredoc")
    bodies = [heredoc.body for put, heredoc in zip(puts, copy.heredocs, strict=False) if put.path == path]
    found = [one for body in bodies for one in _ENTRY.findall(body)]
    return {name: Entry(name, number, copy.instruction.line, copy.at) for name, number in found}


def _taken_along(copy: Copy, path: str) -> dict[str, Entry]:
    """The entries of a list that another stage writes, and that a COPY brings to a path."""
    if copy.from_stage is None or copy.from_stage.index >= copy.stage.index:
        return {}
    lists = _written(copy.from_stage)
    for source in copy.sources:
        for written, found in lists.items():
            if found and _lands_at(copy, source, written) == path:
                return {name: one._replace(at=copy.at) for name, one in found.items()}
    return {}


def _lands_at(copy: Copy, source: CopySource, file: str) -> str | None:
    """Return where a file of the other stage ends: taken by its name, by a pattern, or with its folder."""
    pattern, folder = copy.source_path(source), copy.destination
    if pattern is None or folder is None or copy.has_flag("parents"):
        return None
    if source.has_wildcard:
        alike = pattern.count("/") == file.count("/") and fnmatchcase(file, pattern)
        return posixpath.join(folder, posixpath.basename(file)) if alike else None
    if file == pattern:
        into = copy.into_folder or folder == posixpath.dirname(PASSWD)
        return posixpath.join(folder, posixpath.basename(file)) if into else folder
    below = posixpath.relpath(file, pattern)
    return posixpath.join(folder, below) if not below.startswith("..") else None
