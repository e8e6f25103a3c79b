"""Secrets that come in with a folder of the build context, and that a command then names.

It moves or copies them, or gives them a mode or an owner.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Copy, written_by
from rules.model.files import paths_of
from rules.model.puts import may_bring
from rules.model.run_writes import CARRIERS, carried_by
from rules.model.work_folders import path_of
from rules.packages.scripts import may_be_script, sure_calls
from rules.secrets.named.files import Kind, secret_by_place, secret_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run, Stage

_MAKERS = frozenset(
    "certbot certstrap cfssl easyrsa genkey gpg just keytool make mkcert openssl puttygen python python3 rake ruby "
    "ssh-keygen step task".split()
)
"""Programs that make keys, or run what the project says."""
_FOLDERS = frozenset({".aws", ".gnupg", ".kube", ".ssh", "gcloud"})
_KEPT: tuple[Kind, ...] = ("private key", "credentials")


class MovedSecret(NamedTuple):
    """A secret of the build context that a command names.

    Attributes:
        kind: What it is.
        source: In the build context.
        path: Where it lay.
        target: Where the command puts it: a file or a folder; the path itself where it stays.
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


def named_secrets(stage: Stage) -> Iterator[MovedSecret]:
    """Yield those that a `chmod` or `chown` names which fails without the file, each once.

    Not in a tree that is laid over the root of the image, beside which a package may have the file, nor behind a
    program that may have made it.
    """
    seen = {(id(moved.copy), moved.source) for moved in moved_secrets(stage)}
    for run in stage.runs:
        for command in sure_calls(run, "chmod", "chown", "chgrp"):
            for path in paths_of(run, command, ("--reference", "--from")):
                found = moved_secret(run, command, path, path)
                if found is None or _root_of(found) == "/" or _may_be_made(found):
                    continue
                if posixpath.basename(path) in _FOLDERS:  # whose files may all be harmless
                    continue
                if (id(found.copy), found.source) not in seen:
                    seen.add((id(found.copy), found.source))
                    yield found


def _root_of(found: MovedSecret) -> str:
    """Return the folder that what brought it fills."""
    return found.copy.destination or "/"


def _may_be_made(found: MovedSecret) -> bool:
    """Whether a script, or a program that makes keys, runs between the COPY and the command."""
    return any(
        may_be_script(command) or command.name in _MAKERS
        for run in found.run.stage.done_runs
        if found.copy.at < run.at <= found.run.at
        for command in run.commands
        if run.at < found.run.at or command.start < found.command.start
    )


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
    if secret_file(put.source) is not None:
        return None  # which the COPY itself names
    if put.path == path:
        return MovedSecret(kind, put.source, path, target, put.step, run, command)
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
