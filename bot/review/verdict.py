"""The verdict of a review as a check: its conclusion, its words and its annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from bot.forges.base import Annotation, Check
from bot.review import summary
from bot.review.markdown import plain
from bot.review.placement import UNTOLD
from rules.problem import Severity
from rules.quoting import visible

if TYPE_CHECKING:
    from bot.review.render import Writer
    from bot.review.summary import Matter
    from rules.report import Finding

TITLE_LIMIT = 255
MESSAGE_LIMIT = 10_000
_LEVELS: dict[Severity, Literal["notice", "warning", "failure"]] = {
    Severity.INFO: "notice",
    Severity.WARNING: "warning",
    Severity.ERROR: "failure",
}


def check(matter: Matter, writer: Writer) -> Check:
    """Return the verdict.

    It fails at the policy's threshold, for findings that are at least likely; it is neutral when there is anything to
    read, and a success only when everything was reviewed and nothing new was found.

    Annotations name what has no comment of its own, so that nothing is said twice on the same line.
    """
    text = summary.write(matter, writer, writer.manner.can.body_limit)
    notes = tuple(
        _annotation(finding)
        for topic, place in matter.unplaced
        if place.why not in UNTOLD
        for finding in topic.findings
    )
    return Check(
        _conclusion(matter, writer.manner.fail_on), summary.verdict(matter), text, tuple(sorted(notes, key=_order))
    )


def _conclusion(matter: Matter, fail_on: Severity | None) -> Literal["success", "neutral", "failure"]:
    if fail_on is not None and any(finding.severity >= fail_on for finding in matter.sure):
        return "failure"
    return "success" if matter.silent else "neutral"


def _annotation(finding: Finding) -> Annotation:
    message = visible(plain(finding.message), keep="\n\t")[:MESSAGE_LIMIT]
    title = f"{finding.rule}: {finding.title}" if finding.title else finding.rule
    last = max(finding.line, finding.end_line)
    return Annotation(finding.path, finding.line, last, _LEVELS[finding.severity], plain(title)[:TITLE_LIMIT], message)


def _order(annotation: Annotation) -> tuple[str, int, str]:
    return annotation.path, annotation.start_line, annotation.title
