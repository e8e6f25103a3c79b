"""One reviewer speaks: topics that would stand on the same line of the diff share a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.review.placement import Inline, InSummary, OnFile
from bot.review.topics import TOGETHER_TO

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from bot.review.placement import Place
    from bot.review.suggestions import Remedy
    from bot.review.topics import Topic

MOST_FINDINGS = 3 * TOGETHER_TO
"""Findings of one comment at most; its hidden mark names them all, 33 characters each."""


class Remark(NamedTuple):
    """What one comment says.

    Attributes:
        topics: All in one file, the weightiest first; several only where they would stand on the same line.
        place: Where it stands.
    """

    topics: tuple[Topic, ...]
    place: Place


def remarks(placed: Iterable[tuple[Topic, Place]], remedies: Mapping[Topic, Remedy]) -> list[Remark]:
    """Bring topics that meet on one line together, in the order of the weightiest of each.

    A forge shows a comment below its last line, so that line decides. What a suggestion repairs, and what stands on a
    line that one replaces, joins the comment that holds it: suggestions share no line, so a comment has one at most.

    Args:
        placed: Topics with their places, the weightiest first; one with a suggestion stands on the lines it replaces.
        remedies: How each topic's repair is shown.
    """
    placed = list(placed)
    buttons: dict[str, list[Inline]] = {}
    for topic, _ in placed:
        if button := remedies[topic].suggestion:
            buttons.setdefault(topic.path, []).append(Inline(button.first, button.last))
    meeting: dict[Hashable, list[Remark]] = {}
    found: list[list[Remark]] = []
    for topic, place in placed:
        where = _where(place, remedies[topic], buttons.get(topic.path, []))
        here = meeting.setdefault((topic.path, _meets(topic, where)), [])
        if not here:
            found.append(here)
        if here and isinstance(where, (Inline, OnFile)) and _size(here[-1]) + len(topic.findings) <= MOST_FINDINGS:
            here[-1] = Remark((*here[-1].topics, topic), _both(here[-1].place, where))
        else:
            here.append(Remark((topic,), where))
    return [remark for here in found for remark in here]


def _where(place: Place, remedy: Remedy, buttons: list[Inline]) -> Place:
    """Return a topic's place; the lines of a suggestion, where that repairs it or replaces the line it stands on."""
    if remedy.elsewhere:
        return Inline(remedy.elsewhere.first, remedy.elsewhere.last)
    if not isinstance(place, Inline):
        return place
    return next((button for button in buttons if button.first <= place.last <= button.last), place)


def _meets(topic: Topic, place: Place) -> Hashable:
    """Return what topics of one comment have in common."""
    match place:
        case Inline():
            return place.last
        case OnFile():
            return OnFile, topic.lead.line
        case InSummary():
            return topic


def _both(one: Place, other: Place) -> Place:
    """Return the lines of two places that end on the same line."""
    if isinstance(one, Inline) and isinstance(other, Inline):
        return Inline(min(one.first, other.first), one.last)
    return one


def _size(remark: Remark) -> int:
    return sum(len(topic.findings) for topic in remark.topics)


def cap(found: Iterable[Remark], inline: int, on_file: int) -> list[Remark]:
    """Let only so many comments through, in the given order; the others go to the summary."""
    kept: list[Remark] = []
    for remark in found:
        match remark.place:
            case Inline() if inline > 0:
                inline -= 1
                kept.append(remark)
            case OnFile() if on_file > 0:
                on_file -= 1
                kept.append(remark)
            case InSummary():
                kept.append(remark)
            case _:
                kept.append(remark._replace(place=InSummary("over the cap")))
    return kept
