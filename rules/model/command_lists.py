"""The `&&` lists of a script: where each ends, which brackets stand in it, and what catches a failure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.comments import COMMENT_LINES
from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.shell.command import Command
    from rules.model.steps import Run

_GROUP = re.compile(r"(?<![\w$.-])(?:if|for|while|until|case|select)(?=[\s\\])|(?<![\w$])[({]")
"""What begins a group in front of a command."""
_OPENS = re.compile(r"[\s\\]*&&[\s\\]*(?:\(|\{\s)[\s\\]*")
_CLOSES = re.compile(r"[\s\\]*(?:\)|;[\s\\]*\})[\s\\]*&&[\s\\]*")
"""What stands before brackets in an `&&` list, and behind them."""


_COMPOUND = re.compile(r"[\s\\]*&&[\s\\]*(?:if|for|while|until|case)(?=[\s\\])")
"""What leads from a command to a compound one, in whose body all is conditional."""

_JOINTS = " \t\r\n\\&|;"
_BODY = re.compile(r"[\s\\](?:then|do)(?=[\s\\])")
"""What stands behind the condition of a compound command, which is run in any case."""


class _End(NamedTuple):
    """What ends a list: a command, or a group, with whether commands of the same script are run behind that anyway."""

    command: Command | None
    passed: bool = False


_NOTHING = _End(None)
_Text = tuple[bool, int]
"""What a command stands in: whether in a substitution or an inner script, and in whose script."""


class _List(NamedTuple):
    """What ends a command's `&&` list, and how deep in brackets it stands."""

    end: _End
    depth: int


def end_of_list(run: Run, command: Command) -> Command | None:
    """Return the command that ends the `&&` list which a command stands in; `None` where that is a group's.

    Args:
        run: The RUN.
        command: A command of it; of a pipeline, that is the list behind all of it.
    """
    return _lists(run)[id(command)].end.command


def command_behind(run: Run, end: Command) -> Command | None:
    """Return the first command of the same script behind the one that ends a list: what `||` there leads to."""
    return next((one for one in run.commands if one.start > end.start and one.nested is end.nested), None)


def is_passed(run: Run, command: Command) -> bool:
    """Tell whether a list ends in `if …; fi` or a loop, and what stands behind that is run although a command failed.

    Args:
        run: The RUN.
        command: A command of the list, as for `end_of_list`.
    """
    return _lists(run)[id(command)].end.passed


@once
def _lists(run: Run) -> dict[int, _List]:
    """The list of each command; what stands in substitutions, inner scripts and loops has lists of its own.

    A list that goes on with a group (`make && if …; fi`) ends in none of the commands. One goes on behind brackets
    (`make && ( clean || true ) && install`), and what stands in them has a list of its own.
    """
    lists: dict[int, _List] = {}
    end: dict[tuple[_Text, bool], _End] = {}
    behind: list[dict[tuple[_Text, bool], _End]] = []
    below: dict[_Text, int] = {}
    goes_on = in_condition = False
    for command in reversed(run.commands):
        text = command.nested, command.handed_by
        place = text, command.conditional
        gap = _gap(command, below.get(text, command.end))
        group = _GROUP.search(gap) if gap else None
        if gap and not command.nested and _CLOSES.fullmatch(gap):
            behind.append(end)
            end = {}
        if command.after not in ("&&", "|", "|&"):
            end[place] = _End(command)
        elif behind and not command.nested and _OPENS.fullmatch(gap):
            end = behind.pop()
        elif group:
            end[place] = _End(None, goes_on and _COMPOUND.match(gap) is not None)
        if not command.nested:
            in_condition = not group and (in_condition or _BODY.search(gap) is not None)
            if not in_condition and (not command.conditional or command.before == "||"):
                goes_on = command.before in (";", "\n")
        below[text] = command.start
        lists[id(command)] = _List(end.get(place, _NOTHING), len(behind))
    return lists


def _gap(command: Command, end: int) -> str:
    """Return what stands between a command and the next without comments; nothing where that is one operator."""
    gap = command.source.text[command.end : end]
    if not gap.strip(_JOINTS):
        return ""
    return COMMENT_LINES.sub("", gap) if "#" in gap else gap


def catching(run: Run, end: Command) -> tuple[Command, ...]:
    """Return the commands of a list that have a `||` behind them, from one on: each catches all that stands before it.

    What stands in brackets catches nothing outside of them.
    """
    lists = _lists(run)
    found = []
    for command in run.commands:
        if command.start < end.start or command.nested or lists[id(command)].depth != lists[id(end)].depth:
            continue
        if command.after == "||" and not command.conditional:
            found.append(command)
        elif command.after not in ("&&", "|", "|&", "||"):
            break
    return tuple(found)
