"""What the command lines of `tar` and `unzip` say: whether they fill a folder, and which (GNU tar, Info-ZIP)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.shell.flags import VALUED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.script import Command

_BUNDLE = re.compile(r"[A-Za-z]+")
_PACKS = ("-c", "--create", "-r", "--append", "-u", "--update", "-A", "--catenate", "--concatenate")
_FILLS_NOTHING = ("-t", "--list", "-d", "--diff", "--compare", "-O", "--to-stdout")
_ZIP_FILLS_NOTHING = ("-l", "-p", "-c", "-t", "-Z", "-v", "-z")


def tar_folder(command: Command) -> str | None:
    """Return the folder that a `tar` is told to change to, as written: `-C /srv`, or `xzC /srv` without the dash."""
    return _bundled(command).get("C") or command.option("-C", "--directory")


def tar_writes(command: Command) -> Iterator[tuple[str, bool, bool]]:
    """Yield what a `tar` writes, as `texts_written` does: the archive that it packs, or the folder that it fills."""
    bundled = _bundled(command)
    if command.has(*_PACKS) or not bundled.keys().isdisjoint("cruA"):
        archive = bundled.get("f") or command.option("-f", "--file")
        if archive and archive != "-":
            yield archive, False, False
    elif not command.has(*_FILLS_NOTHING) and bundled.keys().isdisjoint("tdO"):
        yield tar_folder(command) or ".", True, False


def unzip_writes(command: Command) -> Iterator[tuple[str, bool, bool]]:
    """Yield the folder that an `unzip` fills, as `texts_written` does."""
    if not command.has(*_ZIP_FILLS_NOTHING):
        yield command.option("-d") or ".", True, False


def _bundled(command: Command) -> dict[str, str]:
    """Return the options that a `tar` is given in one word without a dash, each with its value: `xzf app.tgz`."""
    words = [word.value for word in command.args]
    if not words or not _BUNDLE.fullmatch(words[0]):
        return {}
    values = iter(words[1:])
    return {letter: next(values, "") if letter in VALUED["tar"] else "" for letter in words[0]}
