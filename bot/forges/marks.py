"""The marks in our texts as the adapters see them: which text is which, and whether it stands already.

Whether a mark is signed is the review's question (`bot.review.markers`); who wrote the text is the adapter's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bot.jobs import Command

_MARK = re.compile(r"^<!-- hullcheck:(?P<kind>[a-z]+) head=(?P<head>[0-9a-f]*) [^\n]*-->[ \t]*\r?$", re.MULTILINE)
_ANSWER = re.compile(r"^<!-- hullcheck:answer to=(?P<to>\d+) name=(?P<name>[a-z]+) by=(?P<by>\S*) -->$", re.MULTILINE)


class Mark(NamedTuple):
    """The mark of one of our texts.

    Attributes:
        kind: `comment`, `fixed`, `review` or `summary`.
        head: The commit that was reviewed.
        text: The whole line, which tells one text from every other.
    """

    kind: str
    head: str
    text: str


class Answered(NamedTuple):
    """The mark of our answer to a command.

    Attributes:
        to: Number of the comment that held the command.
        name: Of the command.
        by: Login of who gave it.
    """

    to: int
    name: str
    by: str


def mark_in(body: str | None) -> Mark | None:
    """Return the last mark of a text, which is the text's own; what it quotes stands above."""
    marks = list(_MARK.finditer(body or ""))
    return Mark(marks[-1]["kind"], marks[-1]["head"], marks[-1][0].strip()) if marks else None


def answer_mark(command: Command) -> str:
    """Return the mark that ends our answer to a command."""
    return f"<!-- hullcheck:answer to={command.comment_id} name={command.name} by={command.author} -->"


def answer_in(body: str | None) -> Answered | None:
    """Return what a text of ours answers, or `None` when it is no answer to a command."""
    found = _ANSWER.search(body or "")
    return Answered(int(found["to"]), found["name"], found["by"]) if found else None


def same(one: str, other: str) -> bool:
    """Tell whether two bodies say the same; a forge may have changed line ends and the end of the text."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
