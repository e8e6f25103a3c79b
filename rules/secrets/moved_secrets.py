"""Secrets that come in with a folder of the build context, and that a command then names: it moves or copies them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Copy, written_by
from rules.model.puts import may_bring
from rules.model.run_writes import CARRIERS, carried_by
from rules.model.work_folders import path_of
from rules.secrets.secret_files import Kind, secret_by_place, secret_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run, Stage

_KEPT: tuple[Kind, ...] = ("private key", "credentials")


class MovedSecret(NamedTuple):
    """A secret of the build context that a command puts elsewhere.

    Attributes:
        kind: What it is.
        source: In the build context.
        path: Where it lay.
        target: Where the command puts it: a file or a folder.
        copy: What brought it in.
        run: The RUN.
        command: The command.
    """

    kind: Kind
    source: str
    path: str
    target: str
    copy: Copy
    run: Run
    command: Command


def moved_secrets(stage: Stage) -> Iterator[MovedSecret]:
    """Yield them; not those that a COPY names, of which it is said there."""
    for run in stage.runs:
        for command in run.calls(*CARRIERS) if not run.deferred else ():
            targets = [write.path for write in written_by(run) if write.command is command]
            if len(targets) == 1:
                for written in carried_by(command):
                    path = path_of(run, command, written)
                    found = moved_secret(run, command, path, targets[0]) if path is not None else None
                    if found is not None:
                        yield found


def moved_secret(run: Run, command: Command, path: str, target: str) -> MovedSecret | None:
    """Return what a command moves if it is a secret by its name, or by where it goes, and the context brought it."""
    kind = secret_file(path) or secret_by_place(path, target)
    if (
        kind not in _KEPT
        or command.conditional
        or run.is_mounted(path)
        or _is_made(run, command, posixpath.basename(path))
    ):
        return None
    before = (put for put in reversed(run.stage.files.covering(path)) if put.step.at < run.at and may_bring(put, path))
    put = next(before, None)
    if put is None or put.kind != "context" or not isinstance(put.step, Copy):
        return None
    if put.path == path:
        is_told = secret_file(put.source) is not None
        return None if is_told else MovedSecret(kind, put.source, path, target, put.step, run, command)
    source = posixpath.normpath(posixpath.join(put.source, posixpath.relpath(path, put.path)))
    return MovedSecret(kind, source, path, target, put.step, run, command)


def _is_made(run: Run, command: Command, name: str) -> bool:
    """Whether something in front of it names the file, and may have made it: `ssh-keygen -f id_rsa`."""
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
    before = (other for other in run.stage.done_runs if other.at < run.at)
    if any(word.search(other.instruction.whole_value) for other in before):
        return True
    text = run.instruction.source.text[run.instruction.span.start : command.start]
    return word.search(text) is not None
