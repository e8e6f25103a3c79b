"""Downloads that are unpacked before anything else runs that could have looked at them."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.run_writes import is_opaque
from rules.secrets.downloads.fetched import saved_name

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run
    from rules.secrets.downloads.fetched import Url

_OPENERS = frozenset("tar bsdtar unzip 7z gunzip zcat bunzip2 bzcat unxz xzcat unzstd zstdcat dpkg rpm".split())
_PACKERS = frozenset({"gzip", "bzip2", "xz", "zstd"})
_MOST = 20
"""Unpackings that are looked through for each download."""


class _Event(NamedTuple):
    """A command that opens files, or may check any of them.

    Attributes:
        at: The RUN's place and the command's.
        opens: The names of its arguments; `None` where nobody knows what the command does.
    """

    at: tuple[int, int]
    opens: frozenset[str] | None


def opens(command: Command) -> bool:
    """Tell whether a command unpacks an archive or installs a package, and so stops at what is none."""
    if command.name == "jar":
        return any(word.value.lstrip("-").startswith(("x", "extract")) for word in command.args[:1])
    return command.name in _OPENERS or (command.name in _PACKERS and command.has("-d", "--decompress", "--uncompress"))


def is_opened_unseen(run: Run, url: Url) -> bool:
    """Tell whether a pipe or the next command unpacks a download, so that no script can have checked it first."""
    after = [command for command in run.pipelines[url.command.pipeline] if command.start > url.command.start]
    if after:
        return all(map(opens, after))
    events, name = _events(run.stage), saved_name(url)
    first = bisect_right(events, (run.index, url.command.start), key=_place)
    for event in events[first : first + _MOST]:
        if event.opens is None or name in event.opens:
            return event.opens is not None
    return False


def _place(event: _Event) -> tuple[int, int]:
    return event.at


@once
def _events(stage: Stage) -> list[_Event]:
    """Return what matters of a stage's commands, in order."""
    found = []
    for run in stage.runs:
        if not run.is_read:
            found.append(_Event((run.index, run.instruction.span.start), None))
        for command in run.commands:
            if opens(command):
                names = frozenset(word.value.rpartition("/")[2] for word in command.args)
                found.append(_Event((run.index, command.start), names))
            elif is_opaque(command):
                found.append(_Event((run.index, command.start), None))
    return sorted(found, key=_place)
