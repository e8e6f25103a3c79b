"""Nothing offered unverified: a fix is applied, the result parsed and judged again, before anyone sees it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rules.change import DockerfileChange
from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.edits import Overlap, applied_to_tree, moved
from rules.fingerprint import unchanged
from rules.judging import OF_SYNTAX, judge
from rules.model.model import Model
from rules.problem import Confidence, Severity
from rules.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.fingerprint import Raised
    from rules.problem import Edit, Fix
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
    after = DockerfileChange(model, change.before, repository, change.repository_before, change.policy, change.today)
    now, then = judge(rules, change), judge(rules, after)
    mine = next((r for r in now.raised if r.problem == raised.problem and r.rule.id == raised.rule.id), None)
    if mine is None or len(then.crashes) > len(now.crashes):
        return False
    gone, brought = _compared(now.raised, then.raised, fix, change.source)
    if raised.rule.id in HIDING:
        brought = [item for item in brought if item.rule.id in HIDING]
    return any(item is mine for item in gone) and not any(_counts(item) for item in _new(brought, change, rules))


HIDING = frozenset(
    {
        *OF_SYNTAX,
        "copy-from-undefined-stage",
        "exec-form-one-word",
        "exec-form-variable",
        "from-arg-undeclared",
        "hidden-unicode",
        "malformed-exec-form",
        "undefined-variable",
    }
)
"""Rules about a text that says something else than was meant: the image, the program or the whole instruction is
unknown until it is put right, and only then can other rules speak of it. What they say was there all along."""


def _compared(
    now: Sequence[Raised], then: Sequence[Raised], fix: Fix, source: Source
) -> tuple[list[Raised], list[Raised]]:
    """Return the problems that a fix takes away and those that it brings.

    The edits say where each place of the file has moved to, so what stands there is the same problem; wording tells
    the rest, as between two pushes.
    """
    own = [edit for edit in fix.edits if edit.path in (None, source.path)]
    places = {id(item): _place(item, source, own) for item in now}
    gone, brought = list(now), list(then)
    for keyed in (True, False):  # a key may quote what an edit of another place has changed
        waiting: defaultdict[object, list[Raised]] = defaultdict(list)
        for item in brought:
            waiting[_identity(item, item.problem.span.start, keyed=keyed)].append(item)
        left = []
        for item in gone:
            place = places[id(item)]
            same = waiting[_identity(item, place, keyed=keyed)] if place is not None else []
            if same:
                same.pop()
            else:
                left.append(item)
        gone, brought = left, [item for items in waiting.values() for item in items]
    known, still = unchanged(gone, brought)
    return (
        [item for index, item in enumerate(gone) if index not in still],
        [item for index, item in enumerate(brought) if index not in known],
    )


def _place(item: Raised, source: Source, edits: Sequence[Edit]) -> int | None:
    """Return where a problem stands after the edits of its file; `None` when its place is deleted."""
    start = item.problem.span.start
    return moved(source, edits, start) if item.problem.path in (None, source.path) else start


def _identity(item: Raised, place: int, *, keyed: bool) -> object:
    return item.rule.id, item.problem.path, place, item.problem.key if keyed else ""


def _new(brought: Sequence[Raised], change: DockerfileChange, rules: tuple[Rule, ...]) -> list[Raised]:
    """Leave out what the file had before the change: a fix that restores what was lost may restore its faults."""
    if not brought or change.before is None:
        return list(brought)
    then = change.repository_before
    baseline = DockerfileChange(change.before, None, then, then, change.policy, change.today)
    old = judge([rule for rule in rules if not rule.compares], baseline).raised
    known, _ = unchanged(old, brought)
    return [item for index, item in enumerate(brought) if index not in known]


def _counts(item: Raised) -> bool:
    """Whether a finding that a fix brings speaks against it.

    Remarks do not, which stand in the summary at most; nor do findings about the change itself, which ask or remind
    (a fix that adds USER is followed by the checklist for images that became non-root).
    """
    severity = item.problem.severity or item.rule.severity
    return severity > Severity.INFO and item.problem.confidence > Confidence.POSSIBLE and not item.rule.compares
