"""What a change does to each image that ships, as tables: a row for each respect that changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.review.manner import counted
from bot.review.markdown import code
from rules.facts.packages import data_date
from rules.portrait import image_changes, images_gone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.portrait import ImageChange, Items, Row

MOST_ITEMS = 8
"""Values that one cell shows."""
MOST_TABLES = 10
MOST_STAGES = 100
"""A chain of more stages is no file that a person wrote, and deeper than a recursion may go."""
UNKNOWN = "unknown"
_WITH_SIZES = ("Packages", "Estimated size")
_SIZED = re.compile(r"\d [kM]B\b")


class Block(NamedTuple):
    """A part of the summary that is not a list.

    Attributes:
        heading: Its title, as Markdown.
        plain: The title for a place where Markdown is not read; text of ours alone.
        text: Markdown.
    """

    heading: str
    plain: str
    text: str


def changed(changes: Iterable[DockerfileChange]) -> tuple[DockerfileChange, ...]:
    """Return the Dockerfiles whose text the change touches, but for hostile ones of hundreds of stages."""
    return tuple(change for change in _touched(changes) if _stages(change) <= MOST_STAGES)


def _touched(changes: Iterable[DockerfileChange]) -> Iterator[DockerfileChange]:
    return (c for c in changes if c.before is None or c.before.source.text != c.after.source.text)


def _stages(change: DockerfileChange) -> int:
    return max(len(change.stages), len(change.before.stages) if change.before else 0)


def tables(changes: Iterable[DockerfileChange]) -> tuple[Block, ...]:
    """Return a table for each image that ships and that the change makes another one, the first few of them.

    Args:
        changes: The changed Dockerfiles.
    """
    found = _differing(changes)[:MOST_TABLES]
    blocks = [_table(change, image) for change, image in found]
    sized = [at for at, (_, image) in enumerate(found) if any(map(_is_sized, image.rows))]
    if sized:  # the basis of all sizes is said once, below the first table that has some
        first = blocks[sized[0]]
        blocks[sized[0]] = first._replace(text=f"{first.text}\n\n<sub>{_basis()}</sub>")
    return tuple(blocks)


def _differing(changes: Iterable[DockerfileChange]) -> list[tuple[DockerfileChange, ImageChange]]:
    return [(change, image) for change in changed(changes) for image in image_changes(change) if image.rows]


def notices(changes: Sequence[DockerfileChange], deleted: Iterable[str] = ()) -> tuple[str, ...]:
    """Say what no table shows: images that no longer ship, and those for which there is no table.

    Args:
        changes: The changed Dockerfiles.
        deleted: Paths of Dockerfiles that the change deletes.
    """
    gone = [_gone(change, stage) for change in changed(changes) for stage in images_gone(change)]
    deletions = [f"{code(path)} is deleted: its image is no longer built from here." for path in deleted]
    vast = [change for change in _touched(changes) if _stages(change) > MOST_STAGES]
    hidden = [f"{code(c.path)} has {_stages(c):,} stages: its images and stages are not shown." for c in vast]
    more = len(_differing(changes)) - MOST_TABLES
    rest = [f"{counted(more, 'more image')} with changes, for which there is no table."] if more > 0 else []
    return (*gone, *deletions, *hidden, *rest)


def _gone(change: DockerfileChange, stage: Stage) -> str:
    still = stage.name is not None and any(one.name == stage.name for one in change.stages)
    name = (
        code(stage.name_word.text)
        if stage.name_word is not None
        else f"the stage that stood at line {stage.from_.line}"
    )
    why = "it is still in the file, but not what a build makes" if still else "its stage is gone"
    return f"{name} in {code(change.path)} no longer ships: {why}."


def _table(change: DockerfileChange, image: ImageChange) -> Block:
    name = code(change.path)
    if len(change.stages) > 1 and image.stage.name_word is not None:
        name = f"{code(image.stage.name_word.text)} in {name}"
    heading = f"The new image of {name}" if image.new else f"What changes in the image of {name}"
    lines = ["| | Now |", "|---|---|"] if image.new else ["| | Before | After |", "|---|---|---|"]
    lines += [_line(row, new=image.new) for row in image.rows]
    return Block(heading, "What changes in the image", "\n".join(lines))


def _line(row: Row, *, new: bool) -> str:
    cells = [_cell(row.after, row)] if new else [_cell(row.before, row), _cell(row.after, row)]
    return f"| {row.name} | {' | '.join(cells)} |"


def _cell(items: Items | None, row: Row) -> str:
    if items is None:
        return UNKNOWN
    if not items:
        return "" if row.several else "none"
    shown = [item.text.replace("|", "\\|") for item in items[:MOST_ITEMS]]
    more = len(items) - MOST_ITEMS
    return "<br>".join([*shown, f"and {more} more"] if more > 0 else shown)


def _is_sized(row: Row) -> bool:
    """Whether a row shows a size, whose basis must then be named."""
    return row.name in _WITH_SIZES and any(_SIZED.search(item.text) for items in _sides(row) for item in items)


def _sides(row: Row) -> Iterator[Items]:
    yield row.before or ()
    yield row.after or ()


def _basis() -> str:
    return (
        f"Sizes are those of Debian's package metadata of {data_date()}, dependencies included; the sum counts shared "
        "ones once. The layers of the base image, copied files and packages of languages are not counted."
    )
