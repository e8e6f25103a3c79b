"""Tell which problems of two versions are about one thing, although their instructions read otherwise."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rules.matching.fingerprint import Raised

_SIMILAR, _SORTED = 0.5, 0.75
_CROWD, _NEAR = 10_000, 20
"""Pairs about one subject that are all looked at, and how far apart they may be when there are more."""
_MOST_WORK, _ALWAYS = 200_000_000, 2_000
"""Steps that comparing may take, some seconds in all; only a file that was made to take time needs more."""
_OF_SEVERAL = frozenset({"ADD", "ARG", "COPY", "ENV", "EXPOSE", "LABEL", "RUN", "VOLUME"})
"""Instructions that several of their kind may stand for."""
_FLAGS = re.compile(r"^(?:--\S+ )+")
_LINKS = re.compile(r"\s*(?:&&|;)\s*")


def in_parts(these: Sequence[Raised], those: Sequence[Raised], left: Collection[int]) -> set[int]:
    """Return which of the problems left are about a part of an instruction that has them in the other version.

    A rule may tell once what is wrong with several commands of a RUN, or several sources of a COPY: where that was
    split, or what was several is joined, nothing comes and nothing goes. What stands whole in both has no such parts.
    """
    if not left:
        return set()
    whole: defaultdict[object, list[Raised]] = defaultdict(list)
    for item in those:
        whole[_of_a_kind(item)].append(item)
    kept = {(*_of_a_kind(item), item.words) for item in these}
    return {
        index
        for index in left
        if these[index].keyword in _OF_SEVERAL
        and any(
            (*_of_a_kind(other), other.words) not in kept and _parts(these[index].words) < _parts(other.words)
            for other in whole[_of_a_kind(these[index])]
        )
    }


def _of_a_kind(item: Raised) -> tuple[str, ...]:
    return (*item.subject, item.problem.stage, item.keyword)


@lru_cache(maxsize=1024)
def _parts(text: str) -> frozenset[str]:
    """Return the commands of a RUN, the words of any other instruction."""
    keyword, _, value = text.partition(" ")
    return frozenset(_LINKS.split(_FLAGS.sub("", value))) if keyword == "RUN" else frozenset(value.split())


def match_similar(before: Sequence[Raised], after: Sequence[Raised], old: set[int], new: set[int]) -> None:
    """Match what is half alike, the most alike first: by the words, wherever a sorted list has them, then in order."""
    pairs = sorted((_reversed(found), i, j) for i, j, found in _alike(before, after, sorted(old), sorted(new)))
    for _, i, j in pairs:
        if i in old and j in new:
            old.discard(i)
            new.discard(j)


class _Likeness(NamedTuple):
    """How alike two texts are, 1 where they are equal: by their words, and by those that stand in the same order."""

    words: float
    order: float

    @property
    def is_half(self) -> bool:
        """Whether they are about one thing: what was only put in order has most of its words."""
        return self.order >= _SIMILAR or self.words >= _SORTED


def _reversed(found: _Likeness) -> tuple[float, float]:
    return -found.words, -found.order


def _alike(
    before: Sequence[Raised], after: Sequence[Raised], old: Sequence[int], new: Sequence[int]
) -> Iterator[tuple[int, int, _Likeness]]:
    """Yield the pairs about the same subject that are half alike, with their likeness; none past `_MOST_WORK`."""
    known: dict[tuple[str, str], _Likeness] = {}
    left = _MOST_WORK
    for i, j in _pairs(before, after, old, new):
        texts = before[i].words, after[j].words
        if texts not in known:
            left -= _work(*texts)
            if left < 0:
                return
            known[texts] = _likeness(*texts)
        if known[texts].is_half:
            yield i, j, known[texts]


def _pairs(
    before: Sequence[Raised], after: Sequence[Raised], old: Sequence[int], new: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield the pairs about the same subject; of a crowd only those whose places in it are near to each other."""
    groups: defaultdict[object, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for i in old:
        groups[before[i].subject, before[i].keyword][0].append(i)
    for j in new:
        groups[after[j].subject, after[j].keyword][1].append(j)
    for ours, theirs in groups.values():
        crowd = len(ours) * len(theirs) > _CROWD
        for place, i in enumerate(ours):
            middle = place * len(theirs) // len(ours)
            near = theirs[max(0, middle - _NEAR) : middle + _NEAR + 1] if crowd else theirs
            yield from ((i, j) for j in near)


def _likeness(one: str, other: str) -> _Likeness:
    matcher = SequenceMatcher(None, _words(one), _words(other), autojunk=False)
    words = matcher.quick_ratio()  # which is never less, and most pairs are not alike
    return _Likeness(words, matcher.ratio() if words >= _SIMILAR else 0.0)


def _work(one: str, other: str) -> int:
    """Return the most steps that comparing two texts may take: for each word all that are equal, and a few always."""
    left, right = _counts(one), _counts(other)
    equal = sum(count * right[word] for word, count in left.items() if word in right)
    return equal * min(left.total(), right.total()) + _ALWAYS


@lru_cache(maxsize=1024)
def _counts(text: str) -> Counter[str]:
    return Counter(_words(text))


def _words(text: str) -> list[str]:
    return text.split()[:400]
