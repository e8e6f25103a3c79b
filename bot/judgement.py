"""From files to a plan: all that is computed for one review. Pure, and picklable at both ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

import rules
from bot.review.manner import Manner
from bot.review.markers import Signer
from bot.review.plan import Reviewed, plan
from rules import catalogue
from rules.engine import changes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bot.forges.base import Capabilities, Context, ReviewPlan, Terms, Unread
    from rules.policy import Policy
    from rules.report import Report


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged, and by what.

    Attributes:
        context: The pull request and what we said on it before.
        before: Files at the merge base, by their path there.
        after: Files at head.
        unread: Files that should have been judged and could not be read.
        policy: The team's settings.
        policy_faults: Sentences about the policy's file.
        policy_changes: Sentences of Markdown on what the change would alter in the policy.
        today: For end-of-life rules.
        terms: The forge's words.
        capabilities: What the forge can do.
        manual: Address of a rule's page, see `bot.review.manner.Manner`.
        key: Signs our marks.
    """

    context: Context
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    unread: tuple[Unread, ...]
    policy: Policy
    policy_faults: tuple[str, ...]
    policy_changes: tuple[str, ...]
    today: date
    terms: Terms
    capabilities: Capabilities
    manual: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of it.

    Attributes:
        plan: What is to be written.
        counts: New findings by rule id.
    """

    plan: ReviewPlan
    counts: Mapping[str, int]


class _Known(TypedDict):
    """What `rules.review` and `rules.engine.changes` are told besides the files."""

    listing: Mapping[str, int] | None
    listing_before: Mapping[str, int] | None
    policy: Policy
    today: date


def prepare(_: None) -> int:
    """Load what the first judgement of a process would load; it takes none of the server's modules along.

    Returns:
        How many rules there are.
    """
    rules.review({}, {"Dockerfile": b"FROM debian:12-slim\nRUN apt-get install -y curl\nUSER app\n"})
    return len(catalogue.load())


def judge(case: Case) -> Judgement:
    """Run the rules on a change and decide what to say about it."""
    context = case.context
    known = _Known(listing=context.listing, listing_before=context.listing_before, policy=case.policy, today=case.today)

    def review(after: Mapping[str, bytes]) -> Report:
        return rules.review(case.before, after, **known)

    report = review(case.after)
    manner = Manner(
        terms=case.terms,
        can=case.capabilities,
        signer=Signer.for_pull_request(case.key, context.pull_request),
        manual=case.manual,
        cap=case.policy.comment_cap,
        comments_from=case.policy.comments_from,
        fail_on=case.policy.fail_on,
    )
    reviewed = Reviewed(
        context.pull_request,
        case.before,
        case.after,
        report,
        case.unread,
        case.policy_faults,
        case.policy_changes,
        again=review,
        changes=changes(case.before, case.after, **known),
    )
    counts = Counter(finding.rule for finding in report.findings if finding.baseline == "new")
    return Judgement(plan(reviewed, context.conversation, manner), dict(sorted(counts.items())))
