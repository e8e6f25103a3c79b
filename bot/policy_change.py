"""What an edit of the policy file would alter once it is merged: told, since the review does not go by it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.repository import POLICY_PATHS
from bot.review.manner import listed
from bot.review.markdown import code, prose
from rules import catalogue
from rules.engine import enabled_rules
from rules.problem import Confidence, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.forges.base import PullRequest
    from rules.policy import Policy

_NAMED = 20
"""Rules that one sentence names."""


def touched(pull_request: PullRequest) -> tuple[str, ...]:
    """Return the policy files that a change leaves at head in another form than before."""
    return tuple(file.path for file in pull_request.files if file.path in POLICY_PATHS and file.status != "removed")


def merged(pull_request: PullRequest, base: Mapping[str, bytes], head: Mapping[str, bytes]) -> dict[str, bytes] | None:
    """Return the policy files as they will be after the merge; `None` where the change leaves them alone.

    Args:
        pull_request: With the files of the change.
        base: Those at the tip of the base branch.
        head: The touched ones at head, as far as they could be read.
    """
    names = {name for file in pull_request.files for name in (file.path, file.old_path)}
    if not names & set(POLICY_PATHS):
        return None
    return {path: text for path, text in base.items() if path not in names} | dict(head)


def differences(now: Policy, then: Policy, faults: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence for each respect in which a new policy differs; none when it changes nothing.

    Args:
        now: The policy in force.
        then: The one that the change proposes.
        faults: What is wrong with the latter.
    """
    found = [*_rules(now, then), *_others(now, then)]
    wrong = [f"It has a fault: {prose(fault)}" for fault in faults]
    return tuple(found + wrong)


def _rules(now: Policy, then: Policy) -> Iterator[str]:
    before, after = ({rule.id for rule in enabled_rules(policy)} for policy in (now, then))
    if off := sorted(before - after):
        yield f"Switched off: {_named(off)}."
    if on := sorted(after - before):
        yield f"Switched on: {_named(on)}."
    for rule in sorted(before & after):
        old, new = _severity(now, rule), _severity(then, rule)
        if old != new:
            yield f"{code(rule)} weighs {new}, not {old}."


def _named(rules: list[str]) -> str:
    rest = len(rules) - _NAMED
    return listed([*map(code, rules[:_NAMED]), *([f"{rest} more"] if rest > 0 else [])])


def _severity(policy: Policy, rule: str) -> str:
    chosen = policy.rules.get(rule)
    return str(chosen if isinstance(chosen, Severity) else catalogue.by_id()[rule].severity)


def _others(now: Policy, then: Policy) -> Iterator[str]:
    if now.fail_on != then.fail_on:
        yield f"The check fails from: {_threshold(then)} (before: {_threshold(now)})."
    if now.comment_cap != then.comment_cap:
        yield f"At most {then.comment_cap} comments on lines, not {now.comment_cap}."
    if now.comments_from != then.comments_from:
        yield f"Comments stand on what is {_sure(then)}, not on what is {_sure(now)}."
    for name, old, new in (
        ("Never reviewed", now.ignore_paths, then.ignore_paths),
        ("Reviewed besides Dockerfiles", now.paths, then.paths),
        ("Allowed registries", now.registries, then.registries),
        ("Required labels", now.required_labels, then.required_labels),
        ("Commands that need a secret mount", now.secret_commands, then.secret_commands),
        ("Stages that ship", _stages(now), _stages(then)),
    ):
        if set(old) != set(new):
            yield f"{name}: {_values(new)} (before: {_values(old)})."


def _sure(policy: Policy) -> str:
    return "certain" if policy.comments_from is Confidence.CERTAIN else "certain or likely"


def _threshold(policy: Policy) -> str:
    return f"{policy.fail_on}" if policy.fail_on is not None else "never"


def _stages(policy: Policy) -> tuple[str, ...]:
    return tuple(f"{path}: {name}" for path, names in policy.targets.items() for name in names)


def _values(values: tuple[str, ...]) -> str:
    rest = len(values) - _NAMED
    return listed([*map(code, sorted(values)[:_NAMED]), *([f"{rest} more"] if rest > 0 else [])]) or "none"
