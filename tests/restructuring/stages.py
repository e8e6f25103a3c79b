"""Harmless changes of a Dockerfile's stages: what is built and how it runs stays as it was."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rules.model.audience import is_workshop_name
from tests.restructuring.layout import Change, Layout, Piece, one_of, sure

if TYPE_CHECKING:
    from random import Random

    from rules.model.stage import Stage

STARTS = frozenset({"CMD", "ENTRYPOINT"})
ADDED = "tools"
"""A stage that some of the changes add."""


def _named(from_: Piece, name: str) -> str:
    """Return a FROM with another name for its stage."""
    return f"{_unnamed(from_)} {_as(from_)} {name}\n"


def _unnamed(from_: Piece) -> str:
    return re.sub(r"(?i)\s+AS\s+\S+\s*\Z", "", from_.text).rstrip()


def _as(from_: Piece) -> str:
    return "as" if from_.text.startswith("from") or " as " in from_.text else "AS"


def _from(from_: Piece, base: str, name: str | None) -> str:
    """Return a FROM of a stage in the hand of another one."""
    keyword = from_.text.split()[0]
    return f"{keyword} {base} {_as(from_)} {name}\n" if name is not None else f"{keyword} {base}\n"


def _written_name(stage: Stage) -> str | None:
    return stage.name_word.text if stage.name_word is not None else None


def _reset_start(first: list[Piece], rest: list[Piece]) -> bool:
    """Whether an ENTRYPOINT would take a CMD away, or give it back, with another border between two stages."""
    words = {piece.keyword for piece in rest}
    return any(piece.keyword == "CMD" for piece in first) and "ENTRYPOINT" in words


def _is_plain(stage: list[Piece]) -> bool:
    """Whether nothing in a stage waits for a stage upon it, and its FROM is a line."""
    return all(piece.keyword != "ONBUILD" for piece in stage) and stage[0].text.count("\n") == 1


def split(layout: Layout, random: Random) -> None:
    """A stage becomes two: the second half of its lines stands upon the first."""
    places = [
        index
        for index, stage in enumerate(layout.stages)
        if len(stage) > 3 and _is_plain(stage)  # FROM and three
    ]
    index = one_of(random, places)
    stage, pieces = layout.model.stages[index], layout.stages[index]
    sure(not layout.is_numbered)
    name = f"{_written_name(stage) or 'final'}-base"
    at = random.randrange(2, len(pieces) - 1)
    sure(not layout.is_name(name))
    sure(stage.is_last or stage.name)
    sure(not _reset_start(pieces[:at], pieces[at:]))
    first = [pieces[0].saying(_named(pieces[0], name)), *pieces[1:at]]
    second = replace(pieces[0], above="\n", text=_from(pieces[0], name, _written_name(stage)))
    layout.stages[index : index + 1] = [first, [second, *pieces[at:]]]


def join(layout: Layout, random: Random) -> None:
    """Two stages of which the one stands upon the other, which nobody else uses, become one."""
    sure(not layout.is_numbered)
    pairs = [
        (stage.base_stage, stage)
        for stage in layout.model.stages
        if stage.base_stage is not None
        and layout.users_of(stage.base_stage) == [stage]
        and stage.platform is None
        and "$" not in stage.from_.value
        and not any(one.base_stage is stage.base_stage and one is not stage for one in layout.model.stages)
        and stage.base_stage not in stage.sources[1:]
    ]
    lower, upper = one_of(random, pairs)
    below, above = layout.stages[lower.index], layout.stages[upper.index]
    sure(_is_plain(below) and _is_plain(above))
    sure(upper.index == lower.index + 1 or not below[0].above.strip())
    sure(not any(piece.keyword in STARTS for piece in below))
    name = _written_name(upper)
    from_ = below[0].saying(_named(below[0], name) if name else f"{_unnamed(below[0])}\n")
    layout.stages[upper.index] = [from_, *below[1:], *above[1:]]
    del layout.stages[lower.index]


def exchange(layout: Layout, random: Random) -> None:
    """Two stages that do not know each other change places; the last one stays the last."""
    sure(not layout.is_numbered)
    stages = layout.model.stages
    sure(all(stage.name for stage in stages[:-1]))
    places = [index for index in range(len(stages) - 2) if stages[index] not in stages[index + 1].sources]
    at = one_of(random, places)
    one, other = layout.stages[at : at + 2]
    above, below = one[0].above, other[0].above
    if at == 0:
        one, other = [replace(one[0], above=below), *one[1:]], [replace(other[0], above=above), *other[1:]]
    layout.stages[at : at + 2] = [other, one]


def _literals(layout: Layout) -> list[Stage]:
    return [
        stage
        for stage in layout.model.stages
        if stage.reference is not None
        and stage.base_word is not None
        and "$" not in stage.base_word.text
        and "@" not in stage.base_word.text
    ]


def _give_argument(layout: Layout, stage: Stage, name: str, default: str, base: str) -> None:
    sure(not layout.is_name(name))
    word = stage.base_word
    assert word is not None
    from_ = layout.stages[stage.index][0]
    start = word.span.start - from_.instruction.span.start
    text = from_.text[:start] + base + from_.text[start + len(word.text) :]
    layout.stages[stage.index][0] = from_.saying(text)
    first = layout.stages[0][0]
    layout.stages[0][0] = replace(first, above="", text=f"{first.above}ARG {name}={default}\n{first.text}")


def base_by_argument(layout: Layout, random: Random) -> None:
    """The image in a FROM becomes the default of an argument above the stages."""
    stage = one_of(random, _literals(layout))
    assert stage.base_word is not None
    _give_argument(layout, stage, "BASE_IMAGE", stage.base_word.text, "${BASE_IMAGE}")


def tag_by_argument(layout: Layout, random: Random) -> None:
    """The tag in a FROM becomes the default of an argument above the stages."""
    stage = one_of(random, _literals(layout))
    assert stage.base_word is not None
    name, _, tag = stage.base_word.text.rpartition(":")
    sure(name)
    sure("/" not in tag)
    _give_argument(layout, stage, "BASE_TAG", tag, f"{name}:${{BASE_TAG}}")


def argument_in_place(layout: Layout, random: Random) -> None:
    """An argument that names the image of one FROM goes, and its default stands there."""
    found = []
    for stage in layout.model.stages:
        word = stage.base_word
        names = re.findall(r"\$\{?(\w+)\}?", word.text) if word is not None else []
        if len(names) == 1 and len(re.findall(rf"\b{names[0]}\b", layout.text)) == 2:
            found += [(stage, names[0], piece) for piece in layout.head if piece.text.startswith(f"ARG {names[0]}=")]
    stage, name, piece = one_of(random, found)
    default = piece.text.partition("=")[2].strip().strip("\"'")
    sure(default)
    sure("$" not in default and default.lower() not in {one.name for one in layout.model.stages})
    sure(len(piece.instruction.pairs) == 1)
    from_ = layout.stages[stage.index][0]
    text = re.sub(rf"\$(?:\{{{name}\}}|{name}\b)", default, from_.text)
    sure("$" not in text.partition("--")[0])
    layout.stages[stage.index][0] = from_.saying(text)
    first = layout.head[0]
    layout.head.remove(piece)
    if piece is first:
        head = layout.head or layout.stages[0]
        head[0] = replace(head[0], above=first.above + head[0].above)


def helper_added(layout: Layout, random: Random) -> None:
    """A stage that nothing uses is added in front."""
    sure(not layout.is_numbered)
    sure(not layout.is_name(ADDED))
    sure(all(stage.name for stage in layout.model.stages[:-1]))
    first = layout.stages[0][0]
    added = f"{first.above}FROM alpine:3.22 AS {ADDED}\nRUN apk add --no-cache file\n\n"
    layout.stages[0][0] = replace(first, above="", text=added + first.text)


def image_by_stage(layout: Layout, random: Random) -> None:
    """An image that a COPY takes files out of gets a stage with a name."""
    sure(not layout.is_numbered)
    sure(not layout.is_name(ADDED))
    images = sorted(
        {
            flag.value
            for stage in layout.model.stages
            for copy in stage.copies
            if copy.from_stage is None
            and (flag := copy.instruction.flag("from")) is not None
            and flag.value
            and "$" not in flag.value
            and any(mark in flag.value for mark in "/:@")
        }
    )
    image = one_of(random, images)
    for pieces in layout.stages:
        pieces[:] = [
            piece.saying(re.sub(rf"--from={re.escape(image)}(?=\s)", f"--from={ADDED}", piece.text)) for piece in pieces
        ]
    first = layout.stages[0][0]
    layout.stages[0][0] = replace(first, above="", text=f"{first.above}FROM {image} AS {ADDED}\n\n{first.text}")


def stage_by_number(layout: Layout, random: Random) -> None:
    """A COPY names the stage by its number."""
    found = [copy for stage in layout.model.stages for copy in stage.copies if copy.from_stage and not copy.deferred]
    copy = one_of(random, found)
    source = copy.from_stage
    assert source is not None
    pieces = layout.stages[copy.stage.index]
    place = next(at for at, piece in enumerate(pieces) if piece.instruction is copy.instruction)
    text = re.sub(r"--from=\S+", f"--from={source.index}", pieces[place].text, count=1)
    pieces[place] = pieces[place].saying(text)


def stage_by_name(layout: Layout, random: Random) -> None:
    """A stage that COPYs name by its number gets a name."""
    numbers = [stage for stage in layout.model.stages if stage.name is None and not stage.is_last]
    stage = one_of(random, [stage for stage in numbers if re.search(rf"--from={stage.index}\s", layout.text)])
    sure(not layout.is_name(ADDED))
    for pieces in layout.stages:
        pieces[:] = [
            piece.saying(re.sub(rf"--from={stage.index}(?=\s)", f"--from={ADDED}", piece.text)) for piece in pieces
        ]
    from_ = layout.stages[stage.index][0]
    layout.stages[stage.index][0] = from_.saying(_named(from_, ADDED))


def final_named(layout: Layout, random: Random) -> None:
    """The last stage gets a name."""
    sure(layout.model.stages[-1].name is None)
    sure(not layout.is_name("runtime"))
    from_ = layout.stages[-1][0]
    layout.stages[-1][0] = from_.saying(_named(from_, "runtime"))


def alias_added(layout: Layout, random: Random) -> None:
    """What ships gets a second name: `FROM runtime AS production`."""
    name = _written_name(layout.model.stages[-1])
    if name is None:
        final_named(layout, random)
        name = "runtime"
    sure(not layout.is_name("production"))
    sure(not is_workshop_name(name.lower()))
    sure(all(piece.keyword != "ONBUILD" for piece in layout.stages[-1]))
    from_ = layout.stages[-1][0]
    layout.stages.append([replace(from_, above="\n", text=_from(from_, name, "production"))])


CHANGES: dict[str, Change] = {
    change.__name__: change
    for change in (
        split,
        join,
        exchange,
        base_by_argument,
        tag_by_argument,
        argument_in_place,
        helper_added,
        image_by_stage,
        stage_by_number,
        stage_by_name,
        final_named,
        alias_added,
    )
}
