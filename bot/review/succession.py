"""A finding whose instruction was edited is still the same finding: its comment goes on under its new fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.matching.fingerprint import matter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bot.forges.base import Thread
    from bot.review.markers import Marker
    from rules.report import Finding


class Earlier(NamedTuple):
    """An earlier comment.

    Attributes:
        thread: It and what was answered.
        marker: Its mark; the findings that were edited stand there as they are called now.
        renewed: Whether there are any.
    """

    thread: Thread
    marker: Marker
    renewed: bool = False


def succeed(
    earlier: Iterable[tuple[Thread, Marker]], reported: Iterable[Finding], there: Collection[str]
) -> list[Earlier]:
    """Let comments go on with findings whose instruction was edited since.

    A fingerprint that is gone is replaced by that of a finding of the same rule, stage and key that no comment speaks
    of. Where the forge knows the comment's line at head, the finding must be about that line: the author of an edit
    that repairs one place and breaks another in the same way is told so at the other.

    Args:
        earlier: The comments with their marks, in the order of the conversation.
        reported: What is new now or silenced, in the order of the report.
        there: The fingerprints of all that is found, old findings included.
    """
    comments = list(earlier)
    spoken_of = {fingerprint for _, marker in comments for fingerprint in marker.fingerprints}
    heirs: dict[str, list[Finding]] = {}
    for finding in reported:
        if finding.fingerprint not in spoken_of:
            heirs.setdefault(matter(finding.fingerprint), []).append(finding)
    return [_renewed(thread, marker, heirs, there) for thread, marker in comments]


def _renewed(thread: Thread, marker: Marker, heirs: dict[str, list[Finding]], there: Collection[str]) -> Earlier:
    """Put heirs in the place of what is gone; what the comment calls repaired already has none."""
    if marker.kind != "comment":
        return Earlier(thread, marker)
    names = []
    for fingerprint in marker.fingerprints:
        heir = None
        if fingerprint not in there and fingerprint not in marker.repaired:
            heir = _heir(thread, heirs.get(matter(fingerprint), []))
        names.append(fingerprint if heir is None else heir.fingerprint)
    renewed = tuple(names) != marker.fingerprints
    return Earlier(thread, marker._replace(fingerprints=tuple(names)), renewed)


def _heir(thread: Thread, waiting: list[Finding]) -> Finding | None:
    """Take the first finding that a thread may be about."""
    line = thread.line
    found = next((one for one in waiting if line is None or one.line <= line <= one.end_line), None)
    if found is not None:
        waiting.remove(found)
    return found
