"""One repair for what one decision mends in several places."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from rules.problem import Edit
from rules.repairs import fix

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from rules.dockerfile.source import Span
    from rules.matching.fingerprint import Raised
    from rules.problem import Problem

BY_HAND = " by hand"
"""How the decision ends of what no edit mends, where one does the other places."""


def mended_at_once(problems: Iterable[Problem]) -> list[Problem]:
    """Give the first place of each decision the edits of all that have a fix: it is told with the lines of the others.

    That is for places which all are new: beside one that was there, each keeps the repair of its own.

    Args:
        problems: In the order of their places. Those without a `decision` stay as they are.
    """
    told = list(problems)
    alike: dict[tuple[object, ...], list[Problem]] = {}
    for problem in told:
        if problem.decision and problem.fix is not None:
            alike.setdefault(_key(problem), []).append(problem)
    return [_mended(problem, alike.get(_key(problem), [])) for problem in told]


def _key(problem: Problem) -> tuple[object, ...]:
    """Return what places have in common that one repair is to do: they must be told in the same way, too."""
    return problem.decision, problem.confidence, problem.minor


def mended_where_new(raised: Sequence[Raised], known: Collection[int]) -> tuple[Raised, ...]:
    """Give the first new place of each decision whose problems want it (`mends_alike`) the edits of all new ones.

    Args:
        raised: All that is raised, in the order of the places.
        known: Indexes of what was there before: each of those keeps the repair of its own.
    """
    wanted: defaultdict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(raised):
        if item.problem.mends_alike and index not in known:
            wanted[item.rule.id].append(index)
    found = list(raised)
    for places in wanted.values():
        for index, problem in zip(places, mended_at_once(raised[i].problem for i in places), strict=True):
            found[index] = raised[index]._replace(problem=problem)
    return tuple(found)


def _mended(problem: Problem, group: list[Problem]) -> Problem:
    """Return a problem with the edits of its group where it is the first of them, and with none where it follows.

    What no edit mends is told apart, unless it is half of them: it is left when the others are repaired.
    """
    if problem.fix is None:
        return replace(problem, decision=f"{problem.decision}{BY_HAND}") if group else problem
    if len(group) <= 1:
        return problem
    if problem is not group[0]:
        return replace(problem, fix=None)
    edits = [edit for one in group if one.fix is not None for edit in one.fix.edits]
    return replace(problem, fix=fix(problem.fix.title, *_joined(edits)))


def _joined(edits: Iterable[Edit]) -> Iterator[Edit]:
    """Make one insertion of those at one place, in the order of the problems; all other edits stay."""
    texts: defaultdict[tuple[str | None, Span], list[str]] = defaultdict(list)
    for edit in edits:
        if edit.span.start == edit.span.end:
            texts[edit.path, edit.span].append(edit.text)
        else:
            yield edit
    for (path, span), inserted in texts.items():
        yield Edit(span, "".join(inserted), path)
