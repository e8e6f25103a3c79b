"""Say what an unknown instruction was probably meant to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.spelling import nearest
from rules.dockerfile.syntax.fault import fault
from rules.dockerfile.syntax.grammar import INSTRUCTIONS
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction, SyntaxFault

_CONFLICT = re.compile(r"<{7}|={7}|>{7}|\|{7}")
_RUNS_ON = frozenset({"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "HEALTHCHECK", "LABEL", "RUN"})


def unknown_faults(instructions: tuple[Instruction, ...]) -> Iterator[SyntaxFault]:
    """Yield a fault for each run of unknown instructions that stand below each other.

    The lines of a command that lost its continuation are all unknown instructions: one fault names the first and
    counts the others. A misspelt instruction has a fault of its own.
    """
    before: Instruction | None = None
    run: list[Instruction] = []
    for instruction in instructions:
        if instruction.keyword in INSTRUCTIONS:
            if run:
                yield _run_fault(before, run)
            before, run = instruction, []
            continue
        meant = meant_instruction(instruction)
        if run and (meant or instruction.line > run[-1].end_line + 1):
            yield _run_fault(before, run)
            before, run = run[-1], []
        if meant:
            yield _misspelt(instruction, meant)
            before = instruction
        else:
            run.append(instruction)
    if run:
        yield _run_fault(before, run)


def meant_instruction(instruction: Instruction) -> str | None:
    """Return the instruction that a misspelt keyword was meant to be."""
    return nearest(instruction.keyword, INSTRUCTIONS)


def _written(instruction: Instruction) -> str:
    """Return the keyword as it stands in the file."""
    return instruction.source.cut(instruction.keyword_span)


def _misspelt(instruction: Instruction, meant: str) -> SyntaxFault:
    written = _written(instruction)
    suggestion = meant.lower() if written.islower() else meant
    message = f"{quote(written)} is not a Dockerfile instruction: did you mean `{suggestion}`?"
    return fault(message, instruction.keyword_span, suggestion)


def _run_fault(before: Instruction | None, run: list[Instruction]) -> SyntaxFault:
    """Put the fault of unknown instructions that stand below each other."""
    first = run[0]
    written = _written(first)
    if _CONFLICT.match(written):
        return fault("A merge conflict is left here: its markers are not Dockerfile instructions.", first.keyword_span)
    message = f"{quote(written)} is not a Dockerfile instruction{_reason(before, first, written)}"
    match len(run) - 1:
        case 0:
            pass
        case 1:
            message += " The line below it is none either."
        case others:
            message += f" The {others} lines below it are none either."
    return fault(message, first.keyword_span)


def _reason(before: Instruction | None, first: Instruction, written: str) -> str:
    """Say why an unknown instruction probably stands here."""
    if written.startswith(("//", "/*", ";", "--")):
        return ": a comment begins with `#`."
    if before is None or before.keyword not in _RUNS_ON or before.heredocs:
        return "."
    line = before.end_line
    indented = first.keyword_span.column > 1
    text = before.source.line(line)
    if first.line == line + 1 and re.search(rf"[ \t]{re.escape(before.escape)}[ \t]+#", text):
        return (
            f": a comment stands behind `{before.escape}` in line {line}, so that `{before.keyword}` stops there. "
            "Put the comment on a line of its own."
        )
    if first.line == line + 1 or (indented and first.line <= line + 2):
        mark = "a backslash" if first.escape == "\\" else "a backtick"
        joint = f"{mark}, perhaps with `&&`," if before.keyword == "RUN" else mark
        where = f"at the end of line {line}, where `{before.keyword}` stops"
        return f": {joint} is probably missing {where}."
    return "."
