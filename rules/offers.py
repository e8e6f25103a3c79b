"""Nothing offered unverified: a fix is applied, the result parsed and judged again, before anyone sees it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.edits import Overlap, applied_to_tree, moved
from rules.judging import OF_SYNTAX, judge
from rules.matching.fingerprint import unchanged
from rules.matching.overlaps import SPEAKS_FOR
from rules.model.model import Model
from rules.model.nesting import fits_quotes
from rules.problem import Confidence, Severity
from rules.repository import Repository
from rules.repository.builders import is_built_classically, uses_buildkit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.change import DockerfileChange
    from rules.judging import Judged
    from rules.matching.fingerprint import Raised
    from rules.problem import Edit, Fix
    from rules.rule import Rule


MOST_JUDGED: Final = 1_000_000
"""Characters that the fixes of one file are verified on: each is a review of the whole file. 20 KB: 50 fixes."""


class Bench:
    """Where the fixes of one file are verified.

    Args:
        change: The change as it is.
        rules: Those that judge.
        now: What they say of it.
        old: What they say of the file before the change.
    """

    def __init__(
        self, change: DockerfileChange, rules: tuple[Rule, ...], now: Judged, old: tuple[Raised, ...] = ()
    ) -> None:
        self._change = change
        self._rules = rules
        self._now = now
        self._old = old

    @property
    def places(self) -> int:
        """How many fixes may be verified, one at least."""
        return max(1, MOST_JUDGED // (len(self._change.source.text) + 1))

    def holds(self, fix: Fix, raised: Raised) -> bool:
        """Tell whether a fix applies, parses, removes its problem and brings no new one that counts."""
        if not _fits(self._change, fix):
            return False
        after = _fixed(self._change, fix)
        if after is None or _needs_another_builder(self._change, after):
            return False
        then = judge(self._rules, after)
        if len(then.crashes) > len(self._now.crashes):
            return False
        gone, brought = _compared(self._now.raised, then.raised, fix, self._change.source)
        brought = [item for item in brought if not reveals(raised.rule.id, item.rule.id)]
        return any(item is raised for item in gone) and not any(map(_counts, self._new(brought, then.raised)))

    def _new(self, brought: list[Raised], then: Sequence[Raised]) -> list[Raised]:
        """Leave out what the file had before the change: a fix that restores what was lost may restore its faults.

        Each of the old ones stands for one of all that are there then, and a second of its kind is new.
        """
        known, _ = unchanged(self._old, then) if brought else (set(), set())
        old = {id(then[index]) for index in known}
        return [item for item in brought if id(item) not in old]


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


def _needs_another_builder(change: DockerfileChange, after: DockerfileChange) -> bool:
    """Whether a fix writes what only BuildKit takes, where the classic builder builds the file."""
    return is_built_classically(change.repository, change.path) and uses_buildkit(after.after.dockerfile)


def _fits(change: DockerfileChange, fix: Fix) -> bool:
    """Whether the quotes around what a fix writes stay whole: what parses without them means another thing."""
    own = [edit for edit in fix.edits if edit.path in (None, change.path)]
    runs = [run for stage in change.after.stages for run in stage.runs]
    return all(
        fits_quotes(run, edit.span.start, edit.text)
        for edit in own
        for run in runs
        if run.instruction.span.start < edit.span.start < run.instruction.span.end
    )


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


_HIDING = frozenset(
    {
        *OF_SYNTAX,
        "command-misspelt",
        "comment-in-continued-line",
        "copy-from-undefined-stage",
        "exec-form-one-word",
        "exec-form-variable",
        "from-arg-undeclared",
        "hidden-unicode",
        "instruction-swallowed",
        "malformed-exec-form",
        "package-option-misspelt",
        "run-missing-operator",
        "undefined-variable",
    }
)
"""Rules about a text that says something else than was meant: the image, the program or the whole instruction is
unknown until it is put right, and only then can other rules speak of it. What they say was there all along."""

_OUTWEIGHING = frozenset({"cleartext-download", "package-manager-as-non-root", "stopsignal-ungraceful"})
"""Rules whose fact leaves no weight to what `matching/overlaps.py` has them speak for: before SIGKILL no shell keeps
a signal from the program, what anybody on the way can exchange needs encryption before a sum, and what stops a build
hides where it would stop next. That was so all along."""


def reveals(rule: str, other: str) -> bool:
    """Tell whether a fix of one rule's finding does not bring another rule's, but only lets it be seen."""
    if rule in _HIDING:
        return other not in _HIDING
    return rule in _OUTWEIGHING and any(other in silence.rules for silence in SPEAKS_FOR[rule])


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


def _counts(item: Raised) -> bool:
    """Whether a finding that a fix brings speaks against it.

    Remarks do not, which stand in the summary at most; nor do findings about the change itself, which ask or remind
    (a fix that adds USER is followed by the checklist for images that became non-root).
    """
    severity = item.problem.severity or item.rule.severity
    return severity > Severity.INFO and item.problem.confidence > Confidence.POSSIBLE and not item.rule.compares
