"""Comment text to command: the first line, an exact grammar, no options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from bot.jobs import CommandName

MAX_REASON = 200
_LINE = re.compile(r"/hullcheck +(?:(?P<name>review|help)|ignore(?: +(?P<reason>.*))?)[ \t]*", re.ASCII)


class CommandText(NamedTuple):
    """What a comment asks for.

    Attributes:
        name: The command.
        reason: What stands behind `ignore`: printable characters of one line, at most 200.
    """

    name: CommandName
    reason: str = ""


def command_in(comment: str) -> CommandText | None:
    """Return the command of a comment, or `None` when it is an ordinary comment.

    Only the first line counts and it must start with `/hullcheck`: a quoted or indented one is somebody
    talking about the command. `review` and `help` take no arguments; a line that has some is no command,
    because guessing at free text is how other bots were made to run things.
    """
    line = comment.split("\n", 1)[0].removesuffix("\r")
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    if name := match["name"]:
        return CommandText(cast("CommandName", name))
    return CommandText("ignore", _one_line(match["reason"] or ""))


def _one_line(text: str) -> str:
    """Keep what can be printed: no control characters, no bidirectional controls, no lone surrogates."""
    return "".join(char for char in text if char.isprintable()).strip()[:MAX_REASON].rstrip()
