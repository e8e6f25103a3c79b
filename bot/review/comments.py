"""Topics with their places become the comments that a forge is asked to post."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.forges.base import Comment
from bot.review.placement import Inline, InSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.review.files import File
    from bot.review.placement import Place
    from bot.review.render import Writer
    from bot.review.suggestions import Remedy
    from bot.review.topics import Topic
    from rules.report import Finding


def comments(
    placed: Iterable[tuple[Topic, Place]], remedies: Mapping[Topic, Remedy], writer: Writer
) -> tuple[Comment, ...]:
    """Return the comments of a review, in the order of the files and their lines; on one line, suggestions first."""
    spoken = [(topic, place) for topic, place in placed if not isinstance(place, InSummary)]
    first = _first_of_its_words(topic for topic, _ in spoken)
    made = []
    for topic, place in spoken:
        like = first.get(_words(topic))
        body = writer.comment(topic, place, remedies[topic], None if like is topic.lead else like)
        made.append((remedies[topic].elsewhere is not None, _comment(topic, place, body, writer.files.get(topic.path))))
    return tuple(comment for _, comment in sorted(made, key=_order))


def _first_of_its_words(topics: Iterable[Topic]) -> dict[tuple[str, str, str], Finding]:
    """Return, for each message, the topmost finding that has it: the others refer to that one."""
    first: dict[tuple[str, str, str], Finding] = {}
    for topic in topics:
        known = first.get(_words(topic))
        if known is None or (topic.lead.line, topic.lead.fingerprint) < (known.line, known.fingerprint):
            first[_words(topic)] = topic.lead
    return first


def _words(topic: Topic) -> tuple[str, str, str]:
    return topic.path, topic.lead.rule, topic.lead.message


def _comment(topic: Topic, place: Place, body: str, file: File | None) -> Comment:
    old_path = file.old_path if file else topic.path
    if file is None or not isinstance(place, Inline):
        return Comment(topic.path, body, old_path=old_path)
    several = place.last > place.first
    return Comment(
        path=topic.path,
        body=body,
        line=place.last,
        start_line=place.first if several else None,
        old_line=file.patch.old_line(place.last),
        old_path=old_path,
        old_start_line=file.patch.old_line(place.first) if several else None,
    )


def _order(made: tuple[bool, Comment]) -> tuple[str, int, bool, int, str]:
    """Sort a comment that another one's suggestion repairs behind that other one."""
    refers, comment = made
    return comment.path, comment.line or 0, refers, comment.start_line or 0, comment.body
