"""Tell findings apart across pushes, and old ones from new ones.

A fingerprint is rule, path, stage, normalised instruction, key and ordinal: never a line number, so it holds over
rebases, force pushes, shifted lines and reformatting. Its first half leaves instruction and ordinal out: by that a
finding is recognised although its instruction was edited (`matter`). A fact that several
instructions state (`Problem.fact`) has neither stage nor instruction: it is the same one wherever it is told.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

from rules.matching.likeness import in_parts, match_similar
from rules.matching.overlaps import ONE_MATTER
from rules.matching.wording import unquoted
from rules.problem import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from rules.dockerfile.nodes import Instruction
    from rules.problem import Problem
    from rules.rule import Rule

_HALF = 16
"""Hexadecimal digits of each half of a fingerprint."""

_CONTINUED = re.compile(r"[\\`][ \t]*\r?\n")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_ONE_OF_A_STAGE = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL"})
"""Instructions of which a stage has one, or of which the last one counts."""

ANY = "*"
"""Stands for all stages of a file, as no stage's name can."""


class Raised(NamedTuple):
    """A problem with the rule that raised it.

    Attributes:
        rule: The rule.
        problem: What it found.
        path: What the file is called in fingerprints: its path before the change when it had one, so that a rename
            makes no finding new.
        instruction: What it is about, `None` when about the file.
        normal: The instruction on one line with blanks collapsed, or the fact that it states with others.
    """

    rule: Rule
    problem: Problem
    path: str
    instruction: Instruction | None
    normal: str

    @property
    def subject(self) -> tuple[str, str, str]:
        """What it is about, the instruction's wording aside."""
        return self.matter, self.path, unquoted(self.problem.key) or " ".join(sorted(self.problem.items))

    @property
    def keyword(self) -> str:
        """That of the instruction; empty where it is about the file."""
        return self.instruction.keyword if self.instruction is not None else ""

    @property
    def words(self) -> str:
        """The instruction, whatever quotes and braces around its words mean nothing."""
        return unquoted(self.normal)

    @property
    def matter(self) -> str:
        """The rule's id, or that of the rule with which it shares its matter."""
        return ONE_MATTER.get(self.rule.id, self.rule.id)


def fingerprints(raised: Sequence[Raised]) -> list[str]:
    """Return a fingerprint for each problem, in order; equal ones are told apart by their ordinal."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for item in raised:
        parts = (item.rule.id, item.path, item.problem.stage, item.normal, item.problem.key)
        ordinal = seen[parts]
        seen[parts] += 1
        whatever = _digest(item.rule.id, item.path, item.problem.stage, item.problem.key)
        found.append(whatever + _digest(*parts, str(ordinal)))
    return found


def matter(fingerprint: str) -> str:
    """Return what a fingerprint has in common with those of the same rule, path, stage and key."""
    return fingerprint[:_HALF]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_HALF]


def unchanged(
    before: Sequence[Raised], after: Sequence[Raised], stages: Collection[str] | None = None
) -> tuple[set[int], set[int]]:
    """Match the problems of two versions.

    Those that list something are the same where they list the same: in one instruction of whatever stage, instruction
    by instruction or all in all. Of the others, equal wording is matched first, the stage's name aside; then the same
    key in the same stage, then the same words in another instruction of the stage (a `RUN` was split, joined or made a
    here-document), then the same but for its numbers (a version was raised), then the stage's one instruction of that
    kind or its `FROM`, then what is one thing wherever it stands, then instructions that were edited but are at least
    half alike, then parts of a split one. Quotes and braces that mean nothing make no difference.

    Args:
        before: The problems of the one version.
        after: The problems of the other.
        stages: The keys of the stages before, where stages may have come: what is one decision in every stage
            (`Problem.decision`) and was listed in any is not new in those.

    Returns:
        Indexes into `after` of problems that were there before, and into `before` of those that still are.
    """
    if not before or not after:
        return set(), set()
    old, new = set(range(len(before))), set(range(len(after)))
    _match_equal(before, after, old, new, (_listing_in_stage, _listing))
    old &= _listed_no_more(before, after)
    new &= _listed_no_more(after, before, whole=True, stages=stages)
    _match_equal(before, after, old, new, (_worded_in_stage, _worded, _keyed, _shown, _numbered, _of_the_only, _moved))
    match_similar(before, after, old, new)
    old -= in_parts(before, after, old)
    new -= in_parts(after, before, new)
    return set(range(len(after))) - new, set(range(len(before))) - old


def _match_equal(
    before: Sequence[Raised],
    after: Sequence[Raised],
    old: set[int],
    new: set[int],
    levels: Iterable[Callable[[Raised], object]],
) -> None:
    """Match what is equal at a level, in the order of the files; a level may say nothing of one."""
    for level in levels:
        groups: defaultdict[object, deque[int]] = defaultdict(deque)
        for index in sorted(old):
            groups[level(before[index])].append(index)
        for index in sorted(new):
            key = level(after[index])
            waiting = groups.get(key)
            if waiting and key is not None:
                old.discard(waiting.popleft())
                new.discard(index)


def listed(raised: Iterable[Raised]) -> dict[tuple[str, str], frozenset[str]]:
    """Return what problems list, by matter and stage (the file's own under the empty one); decisions as `ANY` too."""
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for item in raised:
        found[item.matter, item.problem.stage].update(item.problem.items)
        if item.problem.decision:
            found[item.matter, ANY].update(item.problem.items)
    return {place: frozenset(names) for place, names in found.items() if names}


def _listed_no_more(
    these: Sequence[Raised], those: Sequence[Raised], *, whole: bool = False, stages: Collection[str] | None = None
) -> set[int]:
    """Return the indexes of the problems of one version that the lists of the other do not account for.

    Args:
        these: The problems of the one version.
        those: The problems of the other.
        whole: Whether the other must list all that a problem lists, and not just some of it.
        stages: The keys of the other's stages; `None` where both have the same.
    """
    here, there = listed(these), listed(those)
    left = set()
    for index, item in enumerate(these):
        place = (item.matter, item.problem.stage)
        others = there.get(place, frozenset())
        if item.problem.decision and (not whole or (stages is not None and item.problem.stage not in stages)):
            others |= there.get((item.matter, ANY), frozenset())
        raised = {unnumbered(name) for name in others - here.get(place, frozenset())}
        names = item.problem.items
        common = [name for name in names if name in others or unnumbered(name) in raised]
        if not common or (whole and len(common) < len(names)):
            left.add(index)
    return left


def _listing_in_stage(item: Raised) -> object:
    return (*_worded_in_stage(item), item.problem.items) if item.problem.items else None


def _listing(item: Raised) -> object:
    return (*_worded(item), item.problem.items) if item.problem.items else None


def _worded_in_stage(item: Raised) -> tuple[object, ...]:
    return (*item.subject, item.problem.stage, item.words)


def _worded(item: Raised) -> tuple[object, ...]:
    return (*item.subject, item.words)


def _keyed(item: Raised) -> object:
    return (*item.subject, item.problem.stage) if item.problem.key else None


def _shown(item: Raised) -> object:
    if item.instruction is None:
        return None
    shown = item.instruction.source.cut(item.problem.span)
    return (*item.subject, item.problem.stage, unquoted(" ".join(_CONTINUED.sub(" ", shown).split())))


def _numbered(item: Raised) -> object:
    """A version that was raised makes nothing new; but another base image, or a fact with a date, is another matter."""
    if item.problem.fact or (item.instruction is not None and item.instruction.keyword == "FROM"):
        return None
    rule, path, key = item.subject
    return rule, path, unnumbered(key), item.problem.stage, unnumbered(item.words)


def _of_the_only(item: Raised) -> object:
    """A stage has one start command, however it is worded; but who writes anew what does not start is told so.

    So it is with what a rule says at the FROM of the stage itself, upon whatever image.
    """
    keyword = item.keyword
    breaks = (item.problem.severity or item.rule.severity) is Severity.ERROR
    same = not item.problem.fact if keyword == "FROM" else keyword in _ONE_OF_A_STAGE and not breaks
    return (*item.subject, item.problem.stage, keyword) if same else None


def _moved(item: Raised) -> object:
    return item.subject if item.problem.wherever else None


def unnumbered(text: str) -> str:
    """Return a text with each number or version replaced by the same one: what differs in them alone gets equal."""
    return _NUMBER.sub("0", text)
