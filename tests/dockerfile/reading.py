"""Short ways to read a Dockerfile in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Dockerfile, Instruction, SyntaxFault
    from rules.dockerfile.source import Span


def read(text: str) -> Dockerfile:
    return parse(Source("Dockerfile", text))


def only(text: str) -> Instruction:
    (instruction,) = read(text).instructions
    return instruction


def shown(text: str) -> list[str]:
    """Return the instructions on one line each, with their lines in front."""
    return [f"{each.line}-{each.end_line} {each}" for each in read(text).instructions]


def cut(text: str, span: Span) -> str:
    return text[span.start : span.end]


def fault(text: str) -> SyntaxFault:
    (found,) = read(text).faults
    return found
