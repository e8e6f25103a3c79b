"""What the RUNs of an image delete by name."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.installs import folder_of
from rules.globs import matches
from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.dockerfile.shell import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_LONGEST = 4096
"""Characters of a path that Linux takes (limits.h, `PATH_MAX`)."""


def deletions(stage: Stage) -> Iterator[tuple[str, Run, Command]]:
    """Yield what RUNs of the chain delete: absolute paths, patterns left as they are."""
    for run in stage.done_runs:
        assigned: dict[str, str] = {}
        for command in run.commands if run.calls("rm", "unlink") else ():
            if not command.conditional and command.name in ("", "export"):
                assigned.update((name, _filled(word.value, assigned)) for name, word in command.assignments)
            if command.conditional or command.name not in ("rm", "unlink"):
                continue
            folder = "/" if _may_be_in_root(run, command) else folder_of(run, command)
            for word in command.operands():
                written = _filled(word.value, assigned)
                text = (run.scope.expand(written) if "$" in written else written) or written
                if text and (text.startswith("/") or folder is not None):
                    path = posixpath.normpath(posixpath.join(folder or "/", text))
                    yield path.removesuffix("/*"), run, command


def is_deleted(run: Run, command: Command, path: str) -> bool:
    """Whether a path is deleted by name or pattern when a command of a RUN starts, and nothing brings it again."""
    folder, _, name = path.rpartition("/")
    here = run.at, command.start
    places = [at for pattern, at in _deleted_in(run.stage).get(folder, ()) if at < here and matches(name, (pattern,))]
    if not places:
        return False
    return all(put.step.at < places[-1][0] for put in run.stage.files.covering(path) if put.step.at < run.at)


@once
def _deleted_in(stage: Stage) -> dict[str, list[tuple[str, tuple[tuple[int, int], int]]]]:
    """What RUNs delete, by folder: the name or pattern, and where."""
    found: dict[str, list[tuple[str, tuple[tuple[int, int], int]]]] = {}
    for path, run, command in deletions(stage):
        folder, _, name = path.rpartition("/")
        found.setdefault(folder, []).append((name, (run.at, command.start)))
    return found


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
