"""What a restatement replaces, and how it is put into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.model.model import Model
from rules.model.steps import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rules.dockerfile.nodes import Instruction


class Piece(NamedTuple):
    """A piece of a Dockerfile in other words.

    Attributes:
        start: Offset of the first character that it replaces.
        end: Offset behind the last one.
        text: What stands there afterwards.
        file: Name and text of a file that it needs beside the Dockerfile, where it needs one.
    """

    start: int
    end: int
    text: str
    file: tuple[str, str] | None = None


if TYPE_CHECKING:
    Restating = Callable[[Model], Iterable[Piece]]


def model_of(text: str) -> Model:
    """Read a Dockerfile."""
    return Model(parse(Source("Dockerfile", text)))


def whole(instruction: Instruction, text: str) -> Piece:
    """Put a text in the place of an instruction."""
    return Piece(instruction.span.start, instruction.span.end, text)


def applied(text: str, pieces: Iterable[Piece]) -> tuple[str, dict[str, str]]:
    """Return a text with pieces put into it, and the files that they need; of two that overlap the first counts."""
    parts: list[str] = []
    files: dict[str, str] = {}
    at = 0
    for piece in sorted(pieces, key=lambda one: (one.start, one.end)):
        if piece.start < at:
            continue
        parts += [text[at : piece.start], piece.text]
        at = piece.end
        files.update([piece.file] if piece.file is not None else [])
    return "".join([*parts, text[at:]]), files


def restated(text: str, restating: Restating) -> tuple[str, dict[str, str]]:
    """Return a Dockerfile restated, and the files that it needs then; the same text where nothing is to be restated."""
    model = model_of(text)
    if model.dockerfile.faults:
        return text, {}
    return applied(text, restating(model))


def neighbours(model: Model, keywords: Iterable[str]) -> Iterator[tuple[Instruction, Instruction]]:
    """Yield the instructions of one keyword that follow one another, without a comment between them, in pairs."""
    for stage in model.stages:
        waiting: Instruction | None = None
        for one in stage.instructions:
            if waiting is not None and one.keyword == waiting.keyword and not one.comments:
                yield waiting, one
                waiting = None
            else:
                waiting = one if one.keyword in keywords else None


def plain_runs(model: Model) -> Iterator[Run]:
    """Yield the RUNs in shell form whose script is understood, and run by the shell that is there unless told."""
    for stage in model.stages:
        for step in stage.steps:
            if isinstance(step, Run) and step.stage is stage and not step.deferred and _is_plain(step):
                yield step


def _is_plain(run: Run) -> bool:
    one = run.instruction
    if one.exec_form is not None or one.heredocs or not run.is_read or not run.commands or run.script.swallowing:
        return False
    return run.shell.value in (None, ("/bin/sh", "-c")) and run.script.dialect == "sh"
