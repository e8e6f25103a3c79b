"""What the RUNs of an image delete by name."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.installs import folder_of

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
