"""Nothing offered unverified: a fix is applied, the result parsed and judged again, before anyone sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

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


MOST_JUDGED: Final = 1_000_000
"""Characters that the fixes of one file are verified on: each is a review of the whole file. 20 KB: 50 fixes."""


class Bench:
    """Where the fixes of one file are verified.

    Args:
        change: The change as it is.
        rules: Those that judge.
        now: What they say of it.
    """

    def __init__(self, change: DockerfileChange, rules: tuple[Rule, ...], now: tuple[Raised, ...]) -> None:
        self._change = change
        self._rules = rules
        self._now = now

    @property
    def places(self) -> int:
        """How many fixes may be verified, one at least."""
        return max(1, MOST_JUDGED // (len(self._change.source.text) + 1))

    def holds(self, fix: Fix, raised: Raised) -> bool:
        """Tell whether a fix applies, parses, removes its problem and brings no new one that counts."""
        after = _fixed(self._change, fix)
        if after is None:
            return False
        then = judge(self._rules, after).raised
        known, still = unchanged(self._now, then)
        brought = [item for index, item in enumerate(then) if index not in known and _counts(item)]
        mine = next((index for index, item in enumerate(self._now) if item is raised), None)
        return not brought and mine is not None and mine not in still


class Offer:
    """A fix that is verified when it is first asked for; most never are, since old findings are not shown."""

    __slots__ = ("_bench", "_fix", "_raised", "_verified")

    def __init__(self, fix: Fix, raised: Raised, bench: Bench) -> None:
        self._fix = fix
        self._raised = raised
        self._bench: Bench | None = bench
        self._verified: Fix | None = None

    @property
    def fix(self) -> Fix | None:
        """The fix, or `None` when it does not hold: it leaves its problem, brings a new one, or breaks the file."""
        if self._bench is not None:
            bench, self._bench = self._bench, None
            self._verified = self._fix if bench.holds(self._fix, self._raised) else None
        return self._verified

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross a process boundary as what was verified."""
        return Verified, (self.fix,)


class Verified:
    """A fix whose verification is done."""

    __slots__ = ("fix",)

    def __init__(self, fix: Fix | None) -> None:
        self.fix = fix


def _fixed(change: DockerfileChange, fix: Fix) -> DockerfileChange | None:
    """Return the change with a fix applied, `None` when it does not apply, changes nothing or brings faults."""
    files = change.repository.files
    try:
        fixed = applied_to_tree(files, fix.edits, change.path)
    except (Overlap, KeyError):
        return None
    if fixed == files:
        return None
    listing = change.repository.listing
    repository = Repository(fixed, None if listing is None else {**dict.fromkeys(fixed, 0o100644), **listing})
    dockerfile = parse(Source.decode(change.path, fixed[change.path]))
    if len(dockerfile.faults) > len(change.after.dockerfile.faults):
        return None
    model = Model(dockerfile, change.after.targets)
    return replace(change, after=model, repository=repository)


def _counts(item: Raised) -> bool:
    """Whether a finding that a fix brings speaks against it.

    Remarks do not, which stand in the summary at most; nor do findings about the change itself, which ask or remind
    (a fix that adds USER is followed by the checklist for images that became non-root).
    """
    severity = item.problem.severity or item.rule.severity
    return severity > Severity.INFO and item.problem.confidence > Confidence.POSSIBLE and not item.rule.compares
