"""Harmless changes of the order of a stage's lines: past others that do not read what they set."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.restructuring.layout import Change, Layout, Piece, one_of

if TYPE_CHECKING:
    from random import Random

_OF_THE_CONTAINER = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "EXPOSE", "LABEL", "MAINTAINER"})
"""What says how a container runs, and does nothing in the build."""
_READS_NO_VARIABLE = frozenset("mkdir chown chmod rm ln touch groupadd useradd addgroup adduser".split())
MOVED = frozenset({"ENV", "LABEL", "WORKDIR", "EXPOSE", "USER", "CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL"})
_STOPS = 0.2
_READ_BY_ALL = frozenset("PATH HOME LANG LC_ALL LANGUAGE SHELL LD_LIBRARY_PATH LD_PRELOAD POSIXLY_CORRECT TZ".split())


_PASSES = {
    "ENV": frozenset({"COPY", "ADD", "USER", "VOLUME", "WORKDIR"}),
    "USER": frozenset({"ENV", "COPY", "ADD"}),
    "WORKDIR": frozenset({"ENV"}),
}
"""Of what is no matter of the container alone, what it passes: the second stays as it is without the first."""


def _is_simple(layout: Layout, piece: Piece) -> bool:
    """Whether a RUN calls nothing but programs that go by their arguments alone."""
    runs = (run for stage in layout.model.stages for run in stage.runs if run.instruction is piece.instruction)
    return all(
        run.is_read and run.commands and all(one.name in _READS_NO_VARIABLE for one in run.commands) for run in runs
    )


def _may_pass(layout: Layout, piece: Piece, other: Piece) -> bool:
    """Whether a piece and one beside it may change places."""
    words = {piece.keyword, other.keyword}
    if "$" in piece.text + other.text or words & {"ONBUILD", "ARG", "SHELL"} or len(words) < 2:
        return False
    if words & _OF_THE_CONTAINER or other.keyword in _PASSES.get(piece.keyword, frozenset()):
        return True
    names = {name.text for name, _ in piece.instruction.pairs} if piece.keyword == "ENV" else _READ_BY_ALL
    return other.keyword == "RUN" and names.isdisjoint(_READ_BY_ALL) and _is_simple(layout, other)


def moved(keyword: str, layout: Layout, random: Random) -> None:
    """A line moves up or down past lines that do not read it."""
    places = [
        (pieces, at, step)
        for pieces in layout.stages
        for at, piece in enumerate(pieces)
        if piece.keyword == keyword
        for step in (-1, 1)
        if 0 < at + step < len(pieces) and _may_pass(layout, piece, pieces[at + step])
    ]
    pieces, at, step = one_of(random, places)
    while 0 < at + step < len(pieces) and _may_pass(layout, pieces[at], pieces[at + step]):
        pieces[at], pieces[at + step] = pieces[at + step], pieces[at]
        at += step
        if random.random() < _STOPS:
            break


def into_parent(keyword: str, layout: Layout, random: Random) -> None:
    """A line at the top of a stage becomes the last one of the stage below, on which nobody else stands."""
    stages = layout.model.stages
    found = [
        (stage.base_stage, stage)
        for stage in stages
        if stage.base_stage is not None
        and layout.users_of(stage.base_stage) == [stage]
        and stage.base_stage not in stage.sources[1:]
        and layout.stages[stage.index][1:]
        and layout.stages[stage.index][1].keyword == keyword
    ]
    lower, upper = one_of(random, found)
    piece = layout.stages[upper.index].pop(1)
    layout.stages[lower.index].append(piece)


CHANGES: dict[str, Change] = {
    **{f"move {keyword}": partial(moved, keyword) for keyword in sorted(MOVED)},
    **{f"{keyword} to parent": partial(into_parent, keyword) for keyword in ("ENV", "LABEL")},
}
