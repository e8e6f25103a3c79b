"""Nothing offered unverified: a fix is applied, the result parsed and judged again, before anyone sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.edits import Overlap, applied_to_tree
from rules.fingerprint import unchanged
from rules.judging import judge
from rules.model.model import Model
from rules.problem import Confidence, Severity
from rules.repository import Repository

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.fingerprint import Raised
    from rules.problem import Fix
    from rules.rule import Rule


class Offer:
    """A fix that is verified when it is first asked for; most never are, since old findings are not shown."""

    __slots__ = ("_change", "_fix", "_raised", "_rules", "_verified")

    def __init__(self, fix: Fix, raised: Raised, change: DockerfileChange, rules: tuple[Rule, ...]) -> None:
        self._fix = fix
        self._raised = raised
        self._change: DockerfileChange | None = change
        self._rules = rules
        self._verified: Fix | None = None

    @property
    def fix(self) -> Fix | None:
        """The fix, or `None` when it does not hold: it leaves its problem, brings a new one, or breaks the file."""
        if self._change is not None:
            change, self._change = self._change, None
            self._verified = self._fix if holds(self._fix, self._raised, change, self._rules) else None
        return self._verified

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross a process boundary as what was verified."""
        return Verified, (self.fix,)


class Verified:
    """A fix whose verification is done."""

    __slots__ = ("fix",)

    def __init__(self, fix: Fix | None) -> None:
        self.fix = fix


def holds(fix: Fix, raised: Raised, change: DockerfileChange, rules: tuple[Rule, ...]) -> bool:
    """Tell whether a fix applies, parses, removes its problem and brings no new one that counts."""
    files = change.repository.files
    try:
        fixed = applied_to_tree(files, fix.edits, change.path)
    except (Overlap, KeyError):
        return False
    if fixed == files:
        return False
    listing = change.repository.listing
    repository = Repository(fixed, None if listing is None else {**dict.fromkeys(fixed, 0o100644), **listing})
    dockerfile = parse(Source.decode(change.path, fixed[change.path]))
    if len(dockerfile.faults) > len(change.after.dockerfile.faults):
        return False
    model = Model(dockerfile, change.after.targets)
    after = replace(change, after=model, repository=repository)
    now = judge(rules, change).raised
    then = judge(rules, after).raised
    known, still = unchanged(now, then)
    brought = [item for index, item in enumerate(then) if index not in known and _counts(item)]
    mine = next(
        (i for i, item in enumerate(now) if item.problem == raised.problem and item.rule.id == raised.rule.id), None
    )
    return not brought and mine is not None and mine not in still


def _counts(item: Raised) -> bool:
    """Whether a finding that a fix brings speaks against it.

    Remarks do not, which stand in the summary at most; nor do findings about the change itself, which ask or remind
    (a fix that adds USER is followed by the checklist for images that became non-root).
    """
    severity = item.problem.severity or item.rule.severity
    return severity > Severity.INFO and item.problem.confidence > Confidence.POSSIBLE and not item.rule.compares
