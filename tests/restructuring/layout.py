"""A Dockerfile as pieces of text that can be put together in another way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, TypeVar

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.dockerfile.syntax.templates import blank_of
from rules.model.model import Model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.dockerfile.nodes import Instruction
    from rules.model.stage import Stage

T = TypeVar("T")


class NotSureError(Exception):
    """A change does not apply to a file, or might change something."""


def sure(condition: object) -> None:
    if not condition:
        raise NotSureError


def one_of(random: Random, places: Sequence[T]) -> T:
    sure(places)
    return random.choice(places)


@dataclass(frozen=True)
class Piece:
    """One instruction with the comments and blank lines above it, as text that ends in a line feed."""

    instruction: Instruction
    above: str
    text: str

    @property
    def keyword(self) -> str:
        return self.instruction.keyword

    @property
    def whole(self) -> str:
        return self.above + self.text

    def saying(self, text: str) -> Piece:
        return replace(self, text=text)


class Layout:
    """A Dockerfile taken apart: what stands above its first FROM, and a list of pieces for each stage, FROM first."""

    def __init__(self, text: str) -> None:
        self.model = Model(parse(Source("Dockerfile", text)))
        self.text = text
        pieces = list(self._pieces())
        firsts = [place for place, piece in enumerate(pieces) if piece.keyword == "FROM"]
        self.head = pieces[: firsts[0]]
        self.stages = [pieces[a:b] for a, b in zip(firsts, [*firsts[1:], len(pieces)], strict=True)]

    def _pieces(self) -> Iterator[Piece]:
        end = 0
        for one in self.model.dockerfile.instructions:
            behind = self.text.find("\n", one.span.end) + 1
            yield Piece(one, self.text[end : one.span.start], self.text[one.span.start : behind])
            end = behind

    def __str__(self) -> str:
        pieces = [*self.head, *(piece for stage in self.stages for piece in stage)]
        return "".join(piece.whole for piece in pieces)

    @cached_property
    def is_numbered(self) -> bool:
        """Whether the file says of a stage which number it has, or what a name means cannot be told."""
        return re.search(r"from=(?:\d|.*\$)", self.text) is not None

    def users_of(self, stage: Stage) -> list[Stage]:
        """Return the stages that start from one, copy out of it or mount it."""
        return [other for other in self.model.stages if stage in other.sources]

    def is_name(self, word: str) -> bool:
        return re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", self.text, re.IGNORECASE) is not None


Change = Callable[[Layout, Random], None]
"""Changes a layout at a place that is chosen by chance; raises where it is not sure to change nothing else."""


def layout_of(text: str) -> Layout:
    """Take a plain file apart."""
    sure(text.isascii() and text.endswith("\n") and "\r" not in text)
    dockerfile = parse(Source("Dockerfile", text))
    sure(not dockerfile.faults and dockerfile.escape == "\\")
    sure(not any(blank_of(one) for one in dockerfile.instructions))
    sure(any(one.keyword == "FROM" for one in dockerfile.instructions))
    sure(not re.search(r"\\\s*\Z", dockerfile.instructions[-1].text))
    layout = Layout(text)
    names = [stage.name for stage in layout.model.stages if stage.name is not None]
    sure(len(set(names)) == len(names))
    return layout
