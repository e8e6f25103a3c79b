"""Suggestions that hold together: a reader may commit them all at once, so all at once they are judged again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.review.suggestions import apply, remedies
from rules import catalogue
from rules.problem import Confidence, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.review.files import Files
    from bot.review.placement import Place
    from bot.review.suggestions import Remedy
    from bot.review.topics import Topic
    from rules.report import Finding, Report


MOST_JUDGED = 1_000_000
"""Characters that the buttons of one review are tried on, one after the other: each is a review of all files."""


def remedies_that_hold(
    placed: Sequence[tuple[Topic, Place]],
    files: Files,
    report: Report,
    again: Callable[[Mapping[str, bytes]], Report] | None,
) -> dict[Topic, Remedy]:
    """Decide how each repair is shown, so that all buttons together repair what they say and break nothing.

    Each fix alone is the engine's to verify. When all of them do not hold together, they are let in one by one, the
    weightiest first; those for which no time is left are shown as text.

    Args:
        placed: Topics with their places, the weightiest first.
        files: The diff's files.
        report: What was found without any repair.
        again: Judges the change with other contents at head; `None` trusts every combination.
    """
    found = remedies(placed, files)
    pressed = [topic for topic, remedy in found.items() if _button(remedy)]
    if again is None or len(pressed) < 2 or _hold(found, files, report, again):  # noqa: PLR2004 - one was verified
        return found
    barred = set(pressed)
    for topic in pressed[: max(1, MOST_JUDGED // (sum(map(len, files.after.values())) + 1))]:
        tried = remedies(placed, files, barred - {topic})
        if _button(tried[topic]) and _hold(tried, files, report, again):
            barred.discard(topic)
    return remedies(placed, files, barred)


def _button(remedy: Remedy) -> bool:
    return bool(remedy.suggestion or remedy.elsewhere)


def _hold(
    found: Mapping[Topic, Remedy], files: Files, report: Report, again: Callable[[Mapping[str, bytes]], Report]
) -> bool:
    """Tell whether every rule finds that much less once all suggestions are committed, and none crashes more."""
    then = again(_committed(found, files))
    repaired = Counter(finding.rule for topic, remedy in found.items() if _button(remedy) for finding in topic.findings)
    now, left = _there(report), _there(then)
    less = all(left[rule] <= now[rule] - repaired[rule] for rule in repaired)
    heavy, still = _there(report, weighty=True), _there(then, weighty=True)
    none_more = all(still[rule] <= heavy[rule] for rule in still)
    return less and none_more and len(then.crashes) <= len(report.crashes)


def _there(report: Report, *, weighty: bool = False) -> Counter[str]:
    """Count findings by rule, older ones too: an instruction that a fix touches may make an older one of it new.

    Those that weigh are what speaks against a fix, as in `rules.offers`: no remarks, and no questions about the change.
    """
    found = (finding for finding in report.findings if finding.baseline != "absent")
    return Counter(finding.rule for finding in found if not weighty or _weighs(finding))


def _weighs(finding: Finding) -> bool:
    rule = catalogue.by_id().get(finding.rule)
    sure = finding.confidence > Confidence.POSSIBLE
    return finding.severity > Severity.INFO and sure and not (rule is not None and rule.compares)


def _committed(found: Mapping[Topic, Remedy], files: Files) -> dict[str, bytes]:
    """Return the contents at head with all suggestions committed."""
    tree = dict(files.after)
    for path in sorted({topic.path for topic, remedy in found.items() if remedy.suggestion}):
        source = files.source(path)
        chosen = [remedy.suggestion for topic, remedy in found.items() if topic.path == path and remedy.suggestion]
        if source:
            tree[path] = apply(source.text, chosen).encode("utf-8", "surrogateescape")
    return tree
