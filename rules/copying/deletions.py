"""What the RUNs of an image delete by name."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.managers.words import without_braces
from rules.globs import matches
from rules.lazily import once
from rules.model.filenames import is_pattern
from rules.model.puts import folders_of
from rules.model.shell_scope import filled
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_LONGEST = 4096
"""Characters of a path that Linux takes (limits.h, `PATH_MAX`)."""
_MOST_PATTERNS = 50
"""Patterns of one folder that are tried, many more than people write."""

Place = tuple[tuple[int, int], int]
"""Where a command stands: its RUN, and its offset."""


class Deleted(NamedTuple):
    """A command that deletes something by name.

    Attributes:
        at: Where it stands.
        path: What it deletes, absolute; a pattern is left as it is.
        run: The RUN.
        command: The command.
    """

    at: Place
    path: str
    run: Run
    command: Command


def deletions(stage: Stage) -> Iterator[tuple[str, Run, Command]]:
    """Yield what RUNs of the chain surely delete: absolute paths, patterns left as they are.

    `Files.deletions` has what they may delete.
    """
    for run in stage.done_runs:
        assigned: dict[str, str] = {}
        for command in run.commands if run.calls("rm", "unlink") else ():
            if not command.conditional and command.name in ("", "export"):
                assigned.update((name, _filled(word.value, assigned)) for name, word in command.assignments)
            if command.conditional or command.name not in ("rm", "unlink"):
                continue
            folder = "/" if _may_be_in_root(run, command) else folder_of(run, command)
            for written in (each for word in command.operands() for each in without_braces(word.value)):
                text = _filled(written, assigned)
                text = filled(run, command, text) or text
                if text and text[0] != "~" and (text.startswith("/") or folder is not None):
                    path = posixpath.normpath(posixpath.join(folder or "/", text))
                    yield path.removesuffix("/*"), run, command


def is_deleted(run: Run, command: Command, path: str) -> bool:
    """Whether a path is deleted by name or pattern when a command of a RUN starts, and nothing brings it again."""
    folder, _, name = path.rpartition("/")
    by_path, patterns = _index(run.stage)
    named = [row.at for row in by_path.get(path, ())]
    named += [row.at for row in patterns.get(folder, ()) if matches(name, (posixpath.basename(row.path),))]
    last = max((at for at in named if at < (run.at, command.start)), default=None)
    if last is None:
        return False
    return all(put.step.at < last[0] for put in run.stage.files.covering(path) if put.step.at < run.at)


def deletions_of(stage: Stage, path: str) -> tuple[Deleted, ...]:
    """Return the commands that delete a path by its name, in the order of the file."""
    return tuple(_index(stage)[0].get(path, ()))


def deleted_behind(stage: Stage, path: str, behind: Place) -> Deleted | None:
    """Return the first command behind a place that deletes a path, a folder above it, or what a pattern there names."""
    by_path, patterns = _index(stage)
    found = [
        rows[place]
        for folder in folders_of(path)
        if (rows := by_path.get(folder or "/", []))
        if (place := bisect_right(rows, behind, key=lambda row: row.at)) < len(rows)
    ]
    named = patterns.get(posixpath.dirname(path), [])[:_MOST_PATTERNS]
    found += [row for row in named if row.at > behind and fnmatchcase(path, row.path)]
    return min(found, key=lambda row: row.at, default=None)


@once
def _index(stage: Stage) -> tuple[dict[str, list[Deleted]], dict[str, list[Deleted]]]:
    """What is deleted by its path, and by patterns for each folder, in the order of the file."""
    by_path: dict[str, list[Deleted]] = {}
    patterns: dict[str, list[Deleted]] = {}
    for path, run, command in deletions(stage):
        row = Deleted((run.at, command.start), path, run, command)
        if is_pattern(path):
            patterns.setdefault(posixpath.dirname(path), []).append(row)
        else:
            by_path.setdefault(path, []).append(row)
    return by_path, patterns


def _filled(text: str, assigned: Mapping[str, str]) -> str:
    """Put the values of variables that the RUN itself has set into a word, as far as it has set them."""
    filled = _VARIABLE.sub(lambda found: assigned.get(found[1] or found[2], found[0]), text) if assigned else text
    return filled if len(filled) <= _LONGEST else text


def _may_be_in_root(run: Run, command: Command) -> bool:
    """Whether a command works where its unknown base image does, which is `/` unless that says otherwise."""
    if run.workdir.value is not None or run.workdir.instruction is not None:
        return False
    first = next(iter(run.calls("cd", "pushd", "popd")), None)
    return first is None or first.start > command.start


def is_guessed(run: Run, command: Command) -> bool:
    """Whether a deletion names nothing from the root on, and where it works is not known."""
    relative = not any(word.value.startswith(("/", "$")) for word in command.operands())
    return relative and _may_be_in_root(run, command)
