"""Run the rules on a change: what is new, what was there, what is silenced, and which fixes hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from rules import catalogue, weight
from rules.build import suppression_unused
from rules.change import DockerfileChange
from rules.facts.eol import data_date
from rules.judging import Judged, judge
from rules.matching.baselines import baselines
from rules.matching.fingerprint import Raised, fingerprints, listed
from rules.matching.gathering import gathered
from rules.matching.recalled import recalled
from rules.matching.same_files import told_once
from rules.mending import mended_where_new
from rules.model.model import Model
from rules.offers import Bench, Offer
from rules.policy import DEFAULT, Policy
from rules.quoting import capitalized
from rules.report import Baseline, Crash, Finding, Report, Suppressed
from rules.repository import Repository
from rules.shipping import thought_to_ship_as
from rules.suppression import Silencer, Suppression, suppressions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from rules.problem import Problem
    from rules.rule import Rule

_RENAME_RATIO = 0.5


@dataclass(frozen=True, eq=False)
class _Setup:
    """What one review is run with."""

    policy: Policy
    today: date | None
    rules: tuple[Rule, ...]
    ships: frozenset[str]


def review(
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    *,
    listing: Mapping[str, int] | None = None,
    listing_before: Mapping[str, int] | None = None,
    ships: Collection[str] = (),
    policy: Policy | None = None,
    today: date | Literal["table"] | None = "table",
    enable: Collection[str] = (),
) -> Report:
    """Review a change of Dockerfiles. Pure: the same arguments give the same report.

    Args:
        before: What was read of the tree before the change, path to bytes; empty makes everything new.
        after: The same after the change. Every file named like a Dockerfile, or by a glob of the policy, is reviewed.
        listing: Every path at head with its git mode, when known: only from it may a file's absence be concluded.
        listing_before: The same before the change; where it is not known, `listing` and what `before` has.
        ships: Names of stages that are known to be built as targets, besides those that the repository's files name.
        policy: The team's settings; `None` means the defaults.
        today: The date that end-of-life rules go by; `"table"` is the day on which the table of dates was made, so that
            the same arguments give the same report; `None` makes no statement that depends on a date.
        enable: Ids of rules that are off by default and run all the same, as if the policy said `on`.

    Returns:
        Findings sorted by path, line and rule; what comments silence; and rules that raised.
    """
    chosen = policy or DEFAULT
    if enable:
        chosen = replace(chosen, rules={**dict.fromkeys(enable, "on"), **chosen.rules})
    day = data_date() if today == "table" else today
    setup = _Setup(chosen, day, enabled_rules(chosen, enable), frozenset(ships))
    findings: list[Finding] = []
    silenced: list[Suppressed] = []
    crashes: list[Crash] = []
    texts: dict[str, tuple[str, str | None]] = {}
    for change in _changes(setup, before, after, listing, listing_before):
        texts[change.path] = change.source.text, change.before.dockerfile.source.text if change.before else None
        found = _review_file(setup, change)
        findings += found.findings
        silenced += found.suppressed
        crashes += found.crashes
    findings.sort(key=_order)
    return Report(
        tuple(told_once(findings, texts)), tuple(sorted(silenced, key=lambda s: _order(s.finding))), tuple(crashes)
    )


def changes(
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    *,
    listing: Mapping[str, int] | None = None,
    listing_before: Mapping[str, int] | None = None,
    policy: Policy | None = None,
    today: date | None = None,
) -> tuple[DockerfileChange, ...]:
    """Return the Dockerfiles of a change as `review` sees them, in the order of their paths; arguments as there."""
    setup = _Setup(policy or DEFAULT, today, (), frozenset())
    return tuple(_changes(setup, before, after, listing, listing_before))


def _changes(
    setup: _Setup,
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    listing: Mapping[str, int] | None,
    listing_before: Mapping[str, int] | None,
) -> Iterator[DockerfileChange]:
    if listing_before is None and listing is not None:
        listing_before = _listing_before(before, after, listing)
    now, then = Repository(after, listing), Repository(before, listing_before)
    for path, old_path in _old_paths(before, after, setup.policy).items():
        model = model_of(setup, now, path)
        old_model = thought_to_ship_as(model, model_of(setup, then, old_path)) if old_path is not None else None
        yield DockerfileChange(model, old_model, now, then, setup.policy, setup.today)


def _order(finding: Finding) -> tuple[str, int, str, int, str]:
    return finding.path, finding.line, finding.rule, finding.span.start, finding.fingerprint


def enabled_rules(policy: Policy, enable: Collection[str] = ()) -> tuple[Rule, ...]:
    """Return the rules that a policy and a caller want, in the order of their ids."""
    if not policy.rules and not enable:
        return _by_default()
    return tuple(
        rule
        for rule in catalogue.load()
        if (choice := policy.rules.get(rule.id)) != "off"
        and (choice is not None or rule.id in enable or rule.default in ("on", "info", "config"))
    )


@cache
def _by_default() -> tuple[Rule, ...]:
    return tuple(rule for rule in catalogue.load() if rule.default != "off")


def _listing_before(
    before: Mapping[str, bytes], after: Mapping[str, bytes], listing: Mapping[str, int]
) -> dict[str, int]:
    """The listing at head with what the change is seen to add taken out, and to delete put back."""
    kept = {path: mode for path, mode in listing.items() if path not in after or path in before}
    return {**dict.fromkeys(before, 0o100644), **kept}


def _old_paths(before: Mapping[str, bytes], after: Mapping[str, bytes], policy: Policy) -> dict[str, str | None]:
    """Return each Dockerfile after the change with its path before it: the same, a similar one that went, or none."""
    new = [path for path in sorted(after) if policy.reviews(path)]
    gone = [path for path in sorted(before) if path not in after and policy.reviews(path)]
    found: dict[str, str | None] = {}
    for path in new:
        found[path] = path if path in before else None
        if path not in before and gone:
            ratio, old = max((_line_ratio(before[old].splitlines(), after[path].splitlines()), old) for old in gone)
            if ratio >= _RENAME_RATIO:
                found[path] = old
                gone.remove(old)
    return found


def _line_ratio(one: Iterable[bytes], other: Iterable[bytes]) -> float:
    """Return how alike two files are, from 0 to 1, by their distinct lines."""
    left, right = set(one), set(other)
    return 2 * len(left & right) / (len(left) + len(right)) if left or right else 0.0


def model_of(setup: _Setup, repository: Repository, path: str) -> Model:
    """Parse one Dockerfile and fold it, with the targets that are known to ship, none of a service for developers."""
    targets = {build.target for build in repository.builds_of(path) if build.target and not build.development}
    for pattern, names in setup.policy.targets.items():
        if pattern in ("*", path):
            targets.update(names)
    return Model(repository.parsed(path), {*targets, *setup.ships})


def _review_file(setup: _Setup, change: DockerfileChange) -> Report:
    old = Judged(change.after, (), (), ())
    if change.before is not None:
        then = change.repository_before
        baseline = DockerfileChange(change.before, None, then, then, setup.policy, setup.today, change)
        old = judge(tuple(rule for rule in setup.rules if not rule.compares), baseline)
    change = replace(change, listed=listed(old.raised))
    return _report(setup, change, judge(setup.rules, change), old)


def _report(setup: _Setup, change: DockerfileChange, judged: Judged, before: Judged) -> Report:
    old = before.raised
    known, still = baselines(change, before, judged, recalled(setup.rules, change))
    judged = judged._replace(raised=mended_where_new(judged.raised, known))
    comments = suppressions(change.after.dockerfile)
    old_comments = (
        {c.comment.text for c in suppressions(change.before.dockerfile)} if change.before is not None else set()
    )
    told: list[tuple[Problem, Finding]] = []
    silenced: list[Suppressed] = []
    silencer = Silencer(comments)
    used: set[Suppression] = set()
    offers = _offers(setup, Bench(change, setup.rules, judged, old), judged, known)
    for index, (raised, mark) in enumerate(zip(judged.raised, fingerprints(judged.raised), strict=True)):
        finding = _finding(setup, change, raised, "unchanged" if index in known else "new", mark, offers.get(index))
        used.update(_at_notes(silencer, raised))
        comment = next(filter(None, (_silencing(silencer, one) for one in (raised, *judged.same[index]))), None)
        if comment is None:
            told.append((raised.problem, finding))
        else:
            used.add(comment)
            added = comment.comment.text not in old_comments
            silenced.append(Suppressed(finding, comment.reason, comment.comment.span.line, added))
    findings = gathered(told)
    findings += _unused(setup, change, [c for c in comments if c.ours and c not in used], old_comments)
    marks = fingerprints(old)
    findings += [_finding(setup, change, old[i], "absent", marks[i]) for i in range(len(old)) if i not in still]
    return Report(tuple(findings), tuple(silenced), judged.crashes)


def _offers(setup: _Setup, bench: Bench, judged: Judged, known: Collection[int]) -> dict[int, Offer]:
    """Return an offer for each new problem with a fix; where they are more than can be verified, for the weightiest."""
    fixes = {
        index: raised.problem.fix
        for index, raised in enumerate(judged.raised)
        if index not in known and raised.problem.fix is not None
    }
    chosen = list(fixes)
    if len(chosen) > bench.places:
        chosen.sort(key=lambda index: -weight.severity(judged.raised[index], setup.policy))
    return {index: Offer(fixes[index], judged.raised[index], bench) for index in chosen[: bench.places]}


def _unused(
    setup: _Setup, change: DockerfileChange, comments: Sequence[Suppression], old_comments: Collection[str]
) -> list[Finding]:
    """Report comments that silence nothing, where the rule that says so is on."""
    said_by = next((rule for rule in setup.rules if rule.id == "suppression-unused"), None) if comments else None
    if said_by is None:
        return []
    raised = [Raised(said_by, suppression_unused.problem(c), change.identity, None, c.comment.text) for c in comments]
    baselines: list[Baseline] = ["unchanged" if c.comment.text in old_comments else "new" for c in comments]
    marks = fingerprints(raised)
    return [_finding(setup, change, *row) for row in zip(raised, baselines, marks, strict=True)]


def _silencing(comments: Silencer, raised: Raised) -> Suppression | None:
    span, instruction = raised.problem.span, raised.instruction
    first, last = (instruction.line, instruction.end_line) if instruction is not None else (span.line, span.end_line)
    if raised.problem.path is not None:
        return None
    return comments.find(raised.rule.id, min(first, span.line), max(last, span.end_line))


def _at_notes(silencer: Silencer, raised: Raised) -> Iterator[Suppression]:
    """Yield the comments at the other places that state a fact: they mean it as well."""
    for note in raised.problem.notes if raised.problem.fact else ():
        comment = silencer.find(raised.rule.id, note.span.line, note.span.end_line)
        if comment is not None:
            yield comment


def _finding(
    setup: _Setup, change: DockerfileChange, raised: Raised, baseline: Baseline, mark: str, offer: Offer | None = None
) -> Finding:
    problem = raised.problem
    return Finding(
        rule=raised.rule.id,
        path=problem.path or change.path,
        line=problem.span.line,
        end_line=problem.span.end_line,
        severity=weight.severity(raised, setup.policy),
        confidence=problem.confidence,
        category=raised.rule.category,
        stage=problem.stage,
        message=capitalized(problem.message),
        baseline=baseline,
        offer=offer,
        fingerprint=mark,
        span=problem.span,
        notes=problem.notes,
        title=raised.rule.title,
        manual=raised.rule.manual,
        doubt=problem.doubt,
        minor=weight.is_minor(raised, setup.policy, change),
        of_change=problem.of_change,
    )
