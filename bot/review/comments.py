"""Remarks become the comments that a forge is asked to post."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.forges.base import Comment
from bot.review.placement import Inline, InSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.review.files import File
    from bot.review.remarks import Remark
    from bot.review.render import Writer
    from bot.review.suggestions import Remedy
    from bot.review.topics import Topic
    from rules.report import Finding


def comments(remarks: Iterable[Remark], remedies: Mapping[Topic, Remedy], writer: Writer) -> tuple[Comment, ...]:
    """Return the comments of a review, in the order of the files and their lines."""
    spoken = [remark for remark in remarks if not isinstance(remark.place, InSummary)]
    first = _first_of_its_words(topic for remark in spoken for topic in remark.topics)
    made = []
    for remark in spoken:
        likes = {topic: like for topic in remark.topics if (like := first[_words(topic)]) is not topic.lead}
        body = writer.comment(remark, remedies, likes)
        made.append(_comment(remark, body, writer.files.get(remark.topics[0].path)))
    return tuple(sorted(made, key=_order))


def _first_of_its_words(topics: Iterable[Topic]) -> dict[tuple[str, str], Finding]:
    """Return, for each message, the topmost finding that has it: the others, in other files too, refer to that one."""
    first: dict[tuple[str, str], Finding] = {}
    for topic in topics:
        known = first.get(_words(topic))
        if known is None or _whereabouts(topic.lead) < _whereabouts(known):
            first[_words(topic)] = topic.lead
    return first


def _whereabouts(finding: Finding) -> tuple[str, int, str]:
    return finding.path, finding.line, finding.fingerprint


def _words(topic: Topic) -> tuple[str, str]:
    return topic.lead.rule, topic.lead.message


def _comment(remark: Remark, body: str, file: File | None) -> Comment:
    path, place = remark.topics[0].path, remark.place
    if file is None or not isinstance(place, Inline):
        return Comment(path, body)
    return Comment(
        path=path,
        body=body,
        line=place.last,
        start_line=place.first if place.last > place.first else None,
        old_line=file.patch.old_line(place.last),
    )


def _order(comment: Comment) -> tuple[str, int, int, str]:
    return comment.path, comment.line or 0, comment.start_line or 0, comment.body
