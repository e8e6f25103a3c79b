"""What BuildKit refuses: instructions, arguments and flags it does not know, and a file without a stage."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import Doubt, SyntaxFault
from rules.dockerfile.source import Span
from rules.dockerfile.syntax.arguments import argument_faults, looks_right
from rules.dockerfile.syntax.copies import copy_faults
from rules.dockerfile.syntax.expansions import expansion_faults
from rules.dockerfile.syntax.fault import fault
from rules.dockerfile.syntax.flags import flag_faults, known_flags
from rules.dockerfile.syntax.grammar import FLAGS
from rules.dockerfile.syntax.pasted import pasted_lines
from rules.dockerfile.syntax.patches import is_patch, patch_fault
from rules.dockerfile.syntax.stages import from_faults
from rules.dockerfile.syntax.templates import blank_at, blank_of
from rules.dockerfile.syntax.unknown import meant_instruction, unknown_faults
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction

__all__ = ["faults"]

_TEMPLATE = re.compile(r"\{\{|\}\}|\{%|%\}|<%|%>|%%\w+%%|@\w+@|%\{")

_COPYING = frozenset({"ADD", "COPY"})

_MOST = 500
"""Faults that are told of one file; nobody reads more, and a file of noise is not worth the time."""

_MOST_OF_ONE = 10
"""Faults that are told of one instruction."""


def faults(instructions: tuple[Instruction, ...]) -> list[SyntaxFault]:
    """Return what BuildKit refuses about a file's instructions, in no particular order."""
    if is_patch(instructions):
        return [patch_fault(instructions)]
    found = _known_faults(instructions)
    unknown = any(instruction.keyword not in FLAGS for instruction in instructions)
    if found or unknown:
        template = _template_fault(instructions, found)
        if template:
            return [template]
    if unknown:
        found += islice(unknown_faults(instructions), _MOST)
    found += structure_faults(instructions)
    return found


def _known_faults(instructions: tuple[Instruction, ...]) -> list[SyntaxFault]:
    """Return the faults of known instructions."""
    found: list[SyntaxFault] = []
    stages: set[str] = set()
    for instruction in instructions:
        keyword = instruction.keyword
        if keyword not in FLAGS:
            continue
        if keyword == "FROM":
            found += from_faults(instruction, stages)
        elif not looks_right(keyword, instruction.value) and (instruction.value or known_flags(instruction)):
            found += islice(argument_faults(instruction), _MOST_OF_ONE)
        if keyword in _COPYING:
            found += islice(copy_faults(instruction), _MOST_OF_ONE)
        found += islice(expansion_faults(instruction), _MOST_OF_ONE)
        if instruction.flags:
            found += islice(flag_faults(instruction), _MOST_OF_ONE)
        if instruction.trigger:
            found += islice(_trigger_faults(instruction.trigger), _MOST_OF_ONE)
        if len(found) >= _MOST:
            break
    return found


def _template_fault(instructions: tuple[Instruction, ...], found: list[SyntaxFault]) -> SyntaxFault | None:
    """Return the one fault of a template, where it is plain that the file is one.

    A template's own lines are no instructions, and what stands between them is none of Docker's business.
    """
    starts = sorted(each.span.start for each in found)
    for instruction in instructions:
        marked = instruction.value if instruction.keyword == "FROM" else instruction.keyword
        marker = _TEMPLATE.search(marked) if instruction.keyword == "FROM" else _TEMPLATE.match(marked)
        if marker:
            place = instruction.value_span if instruction.keyword == "FROM" else instruction.keyword_span
            written = blank_at(instruction.source, place.start + marker.start()) or marker[0]
        elif bisect_left(starts, instruction.span.start) < bisect_left(starts, instruction.span.end):
            written, place = blank_of(instruction) or "", instruction.span
        else:
            continue
        if written:
            message = f"This file is a template: Docker cannot read it before {quote(written)} is filled in."
            return fault(message, place, doubt=Doubt.TEMPLATE)
    return None


def _trigger_faults(trigger: Instruction) -> Iterator[SyntaxFault]:
    """Yield the faults of the instruction behind ONBUILD; which ones may stand there is not a matter of syntax."""
    if trigger.keyword in FLAGS and trigger.keyword != "FROM":
        yield from argument_faults(trigger)
        yield from flag_faults(trigger)
        yield from expansion_faults(trigger)
        if trigger.keyword in _COPYING:
            yield from copy_faults(trigger)


def structure_faults(instructions: tuple[Instruction, ...]) -> Iterator[SyntaxFault]:
    """Yield a fault when the first instruction but ARG is no FROM, or there is none at all."""
    first = next((each for each in instructions if each.keyword != "ARG"), None)
    if first is None:
        span = instructions[0].keyword_span if instructions else Span(0, 0, 1, 1, 1)
        what = "only `ARG` instructions" if instructions else "no instructions"
        yield SyntaxFault("invalid-structure", f"This file has {what}: there is no `FROM` to build from.", span)
    elif first.keyword != "FROM" and not _is_meant_for_from(first) and first.line not in pasted_lines(instructions):
        written = first.keyword if first.keyword in FLAGS else "This"
        name = f"`{written}`" if written in FLAGS else written
        message = f"{name} stands before the first `FROM`, where only `ARG` may stand: there is no stage yet."
        yield SyntaxFault("invalid-structure", message, first.keyword_span)


def _is_meant_for_from(instruction: Instruction) -> bool:
    return instruction.keyword.isalpha() and meant_instruction(instruction) == "FROM"
