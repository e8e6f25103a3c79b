"""Requests of a server of whose answer nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.secrets.downloads.fetched import SENDING, keeps_nothing

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

_SHOWING = frozenset("cat cut grep egrep fgrep head jq less sort tail tr uniq wc".split())
"""Programs that write what they are given, or a part of it, and nothing but to their output."""
_SAVING = ("-o", "-O", "--output", "--remote-name", "--remote-name-all")


def is_kept_nowhere(run: Run, command: Command) -> bool:
    """Tell whether a command brings something to a server, or looks at what it answers, and keeps nothing of it."""
    if command.after == "|":
        return _is_shown(run, command)
    if keeps_nothing(command) and not command.nested:
        return True
    return command.name == "curl" and command.has(*SENDING) and not command.has(*_SAVING)


def _is_shown(run: Run, command: Command) -> bool:
    """Whether the answer goes through programs that only show it, and to no file: `curl ... | grep -q ready`."""
    later = [one for one in run.pipelines.get(command.pipeline, ()) if one.part > command.part]
    if command.nested or not all(one.name in _SHOWING for one in later):
        return False
    if command.name == "curl":
        handed_on = not command.has(*_SAVING)
    else:
        handed_on = command.name == "wget" and command.option("-O", "--output-document") == "-"
    written = (redirect.writes for one in (command, *later) for redirect in one.redirects)
    return handed_on and all(path in (None, "", "/dev/null") for path in written)
