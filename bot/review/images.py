"""What a change does to each image that ships, as tables: a row for each respect that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.review.markdown import code
from rules.facts.packages import data_date
from rules.portrait import image_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.change import DockerfileChange
    from rules.portrait import ImageChange, Items, Row

MOST_ITEMS = 8
"""Values that one cell shows."""
MOST_TABLES = 10
MOST_STAGES = 100
"""A chain of more stages is no file that a person wrote, and deeper than a recursion may go."""
UNKNOWN = "unknown"
_SIZED = "B)"


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
    touched = (c for c in changes if c.before is None or c.before.source.text != c.after.source.text)
    return tuple(c for c in touched if max(len(c.stages), len(c.before.stages) if c.before else 0) <= MOST_STAGES)


def tables(changes: Iterable[DockerfileChange]) -> tuple[Block, ...]:
    """Return a table for each image that ships and that the change makes another one.

    Args:
        changes: The changed Dockerfiles.
    """
    found = [(change, image) for change in changed(changes) for image in image_changes(change) if image.rows]
    blocks = [_table(change, image) for change, image in found[:MOST_TABLES]]
    sized = [at for at, (_, image) in enumerate(found[:MOST_TABLES]) if any(map(_is_sized, image.rows))]
    if sized:  # the basis of all sizes is said once, below the first table that has some
        first = blocks[sized[0]]
        blocks[sized[0]] = first._replace(text=f"{first.text}\n\n<sub>{_basis()}</sub>")
    return tuple(blocks)


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
    return any(item.text.endswith(_SIZED) for items in _sides(row) for item in items)


def _sides(row: Row) -> Iterator[Items]:
    yield row.before or ()
    yield row.after or ()


def _basis() -> str:
    return (
        f"Sizes are those of Debian's package metadata of {data_date()}, dependencies included. The layers of the base "
        "image, copied files and packages of languages are not counted."
    )
