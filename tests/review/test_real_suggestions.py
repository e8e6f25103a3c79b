"""Reviews by the real rules: forges take every comment, and all suggestions at once repair what they say."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings

import rules
from bot.review.files import Files
from bot.review.placement import locate
from bot.review.plan import Reviewed
from bot.review.together import remedies_that_hold
from bot.review.topics import topics
from rules import catalogue
from rules.offers import reveals
from rules.problem import Confidence, Severity
from tests.review.build import GITHUB, GITHUB_CAN, GITLAB, GITLAB_CAN, PATH, changed_file, manner, planned, pull_request
from tests.review.faulty import Change, changes
from tests.review.refusals import committed, github_refuses, gitlab_refuses, replacements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules import Report

TODAY = date(2026, 11, 20)
EXAMPLES = settings(max_examples=60)
MANNERS = {GITHUB_CAN: manner(GITHUB, GITHUB_CAN), GITLAB_CAN: manner(GITLAB, GITLAB_CAN)}


def judged(change: Change) -> Reviewed:
    before = {PATH: change.before.encode()} if change.before is not None else {}

    def again(after: Mapping[str, bytes]) -> Report:
        return rules.review(before, after, listing={PATH: 0o100644}, today=TODAY)

    after = {PATH: change.after.encode()}
    pull = pull_request(changed_file(change.before, change.after))
    return Reviewed(pull, before, after, again(after), again=again)


def there(report: Report) -> Counter[str]:
    return Counter(finding.rule for finding in report.findings if finding.baseline != "absent")


def new_in(report: Report) -> Counter[str]:
    return Counter(finding.rule for finding in report.findings if finding.baseline == "new")


def weighing_in(report: Report) -> Counter[str]:
    """Count what is new and would speak against suggestions that bring it: no remark, nothing about the change."""
    return Counter(
        finding.rule
        for finding in report.findings
        if finding.baseline == "new" and finding.severity > Severity.INFO and finding.confidence > Confidence.POSSIBLE
        if not catalogue.by_id()[finding.rule].compares
    )


@EXAMPLES
@given(changes())
def test_no_forge_refuses_a_comment_and_no_two_share_a_line_or_overlap(change: Change) -> None:
    of = judged(change)
    for can, refuses in ((GITHUB_CAN, github_refuses), (GITLAB_CAN, gitlab_refuses)):
        plan = planned(of, how=MANNERS[can])
        refusals = [refuses(of.pull_request, comment) for comment in plan.comments]
        assert [refusal for refusal in refusals if refusal] == []
        for one, other in pairwise(sorted(replacements(plan))):
            assert one.last < other.first
        lines = [comment.line for comment in plan.comments]
        assert len(lines) == len(set(lines))


@EXAMPLES
@given(changes())
def test_all_suggestions_committed_at_once_repair_what_they_say_and_break_nothing(change: Change) -> None:
    of = judged(change)
    files = Files.of(of.pull_request, of.before, of.after)
    new = [finding for finding in of.report.findings if finding.baseline == "new"]
    located = [(topic, locate(topic, files, GITHUB_CAN)) for topic in topics(new)]
    found = remedies_that_hold(located, files, of.report, of.again)
    repaired = Counter(
        finding.rule
        for topic, remedy in found.items()
        if remedy.suggestion or remedy.elsewhere
        for finding in topic.findings
    )
    text = committed(change.after, list(replacements(planned(of, how=manner(cap=1_000)))))
    assert of.again is not None
    report = of.again({PATH: text.encode()})
    now, then = there(of.report), there(report)
    assert {rule for rule in repaired if then[rule] > now[rule] - repaired[rule]} == set()
    brought = weighing_in(report) - new_in(of.report)
    assert {rule for rule in brought if not any(reveals(one, rule) for one in repaired)} == set()
    assert len(report.crashes) <= len(of.report.crashes)
    assert then["invalid-syntax"] <= now["invalid-syntax"]
