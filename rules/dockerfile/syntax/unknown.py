"""Say what an unknown instruction was probably meant to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.spelling import nearest
from rules.dockerfile.syntax.conflicts import disputed_lines, open_conflicts
from rules.dockerfile.syntax.fault import fault
from rules.dockerfile.syntax.grammar import INSTRUCTIONS
from rules.dockerfile.syntax.pasted import SIGNS, pasted, pasted_lines
from rules.quoting import character_name, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction, SyntaxFault
    from rules.dockerfile.syntax.conflicts import Conflict
    from rules.dockerfile.syntax.pasted import Pasted

_NO_BLANK = r"[\u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff]"
"""Spaces of other widths and without any: to BuildKit's parser letters like others."""
_GLUED = re.compile(rf"(?P<keyword>[A-Za-z]+)(?P<space>{_NO_BLANK})")
_STUCK = re.compile(r"""(?P<keyword>[A-Za-z]+)(?P<mark>[:=]?)(?P<rest>[\["'./$~*].*|(?<=[:=]).+)""")
"""An instruction without the blank behind its keyword, or with another mark there: `CMD["a"]`, `WORKDIR=/app`."""
_LIKE_A_KEYWORD = re.compile(r"[A-Z]{4,}\+?")
_PAIRED = frozenset({"ENV", "LABEL"})
_RUNS_ON = frozenset({"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "HEALTHCHECK", "LABEL", "RUN"})


def unknown_faults(instructions: tuple[Instruction, ...]) -> Iterator[SyntaxFault]:
    """Yield a fault for each run of unknown instructions that stand below each other.

    The lines of a command that lost its continuation are all unknown instructions: one fault names the first and
    counts the others. A misspelt instruction has a fault of its own, and so have a merge conflict, at its first marker,
    and the lines of a patch that keep its sign.
    """
    yield from map(_conflict_fault, open_conflicts(instructions))
    yield from map(_pasted_fault, pasted(instructions))
    disputed = disputed_lines(instructions) | pasted_lines(instructions)
    before: Instruction | None = None
    run: list[Instruction] = []
    for instruction in instructions:
        if instruction.keyword in INSTRUCTIONS or instruction.line in disputed:
            if run:
                yield _run_fault(before, run)
            before, run = instruction, []
            continue
        own = _own_fault(instruction)
        if run and (own or instruction.line > run[-1].end_line + 1):
            yield _run_fault(before, run)
            before, run = run[-1], []
        if own:
            yield own
            before = instruction
        else:
            run.append(instruction)
    if run:
        yield _run_fault(before, run)


def _conflict_fault(conflict: Conflict) -> SyntaxFault:
    first, last = conflict
    down_to = f", down to line {last.line}" if last is not first else ""
    message = f"A merge conflict is left here{down_to}: its markers are not Dockerfile instructions."
    return fault(message, first.keyword_span)


def _pasted_fault(one: Pasted) -> SyntaxFault:
    first, last, many = one.lines[0], one.lines[-1], len(one.lines)
    whole = last - first + 1 == many
    which = f"Lines {first} to {last} begin" if whole else f"{many} lines from {first} to {last} begin"
    out = "Take it away from each of them" if one.sign != "-" else "Delete the lines, as the patch does, or the sign"
    if many == 1:
        which = f"Line {first} begins"
        out = "Take it away" if one.sign != "-" else "Delete the line, as the patch does, or the sign"
    of_which = f"as {'that' if many == 1 else 'those'} of {SIGNS[one.sign]} {'does' if many == 1 else 'do'}"
    message = (
        f"{which} with {quote(one.sign)}, {of_which}: the builder takes the sign for part of an instruction or of a "
        f"command. {out}."
    )
    return fault(message, one.first.keyword_span)


def meant_instruction(instruction: Instruction) -> str | None:
    """Return the instruction that a misspelt keyword was meant to be."""
    return nearest(instruction.keyword, INSTRUCTIONS)


def _written(instruction: Instruction) -> str:
    """Return the keyword as it stands in the file."""
    return instruction.source.cut(instruction.keyword_span)


def _own_fault(instruction: Instruction) -> SyntaxFault | None:
    """Return the fault of a keyword that is misspelt, or that something else than a blank follows."""
    written = _written(instruction)
    glued, stuck = _GLUED.match(written), _STUCK.fullmatch(written)
    if glued is not None and glued["keyword"].upper() in INSTRUCTIONS:
        return _glued(instruction, glued, written)
    if stuck is not None and stuck["keyword"].upper() in INSTRUCTIONS:
        return _stuck(instruction, stuck)
    meant = meant_instruction(instruction)
    return _misspelt(instruction, meant) if meant is not None else None


def _glued(instruction: Instruction, glued: re.Match[str], written: str) -> SyntaxFault:
    keyword, rest = glued["keyword"], written[glued.end() :]
    message = (
        f"{character_name(glued['space'])} stands behind `{keyword}`: it looks like a blank and is none, so that "
        f"{quote(written)} is one word, and no Dockerfile instruction. Type a plain blank."
    )
    return fault(message, instruction.keyword_span, f"{keyword} {rest}")


def _stuck(instruction: Instruction, stuck: re.Match[str]) -> SyntaxFault:
    keyword, mark, rest = stuck.group("keyword", "mark", "rest")
    wrong = f"{quote(mark)} and no blank" if mark else "no blank"
    known = f"{quote(stuck[0])} is not a Dockerfile instruction: {wrong} stands behind `{keyword}`."
    if keyword.upper() in _PAIRED and "=" not in rest:
        return fault(f"{known} It reads `{keyword} name=value`.", instruction.keyword_span)
    return fault(f"{known} Write {quote(f'{keyword} {rest}')}.", instruction.keyword_span, f"{keyword} {rest}")


def _misspelt(instruction: Instruction, meant: str) -> SyntaxFault:
    written = _written(instruction)
    suggestion = meant.lower() if written.islower() else meant
    message = f"{quote(written)} is not a Dockerfile instruction: did you mean `{suggestion}`?"
    return fault(message, instruction.keyword_span, suggestion)


def _run_fault(before: Instruction | None, run: list[Instruction]) -> SyntaxFault:
    """Put the fault of unknown instructions that stand below each other."""
    first = run[0]
    written = _written(first)
    message = f"{quote(written)} is not a Dockerfile instruction{_reason(before, first, written)}"
    match len(run) - 1:
        case 0:
            pass
        case 1:
            message += " The line below it is none either."
        case others:
            message += f" The {others} lines below it are none either."
    return fault(message + _swallowed(run[-1]), first.keyword_span)


def _swallowed(last: Instruction) -> str:
    """Say which instruction the lines take with them, once they are joined to what they are the rest of."""
    rows = range(last.line + 1, last.end_line + 1)
    lines = {number: last.source.line(number) for number in rows}
    begins = (number for number, line in lines.items() if line.partition(" ")[0] in INSTRUCTIONS)
    taken = next(begins, None)
    if taken is None:
        return ""
    kept = (n for n in range(taken - 1, last.line, -1) if lines[n].strip() and not lines[n].lstrip().startswith("#"))
    above, mark = next(kept, last.line), "backslash" if last.escape == "\\" else "backtick"
    keyword = lines[taken].partition(" ")[0]
    return f" Delete the {mark} at the end of line {above}: it takes the `{keyword}` of line {taken} with it."


def _reason(before: Instruction | None, first: Instruction, written: str) -> str:
    """Say why an unknown instruction probably stands here."""
    if written.startswith(("//", "/*", ";", "--")):
        return ": a comment begins with `#`."
    if before is not None and before.keyword not in INSTRUCTIONS:
        return _behind_a_comment(before, first)  # the rest of what was cut off above, and cut off again
    if before is None or before.keyword not in _RUNS_ON or before.heredocs or _is_meant(before, first, written):
        return "."
    return _cut_off(before, first)


def _cut_off(before: Instruction, first: Instruction) -> str:
    """Say what ends the instruction above too early."""
    line = before.end_line
    indented = first.keyword_span.column > 1
    text = before.source.line(line)
    unseen = re.search(rf"{re.escape(before.escape)}[ \t]*({_NO_BLANK})\s*\Z", text)
    if first.line == line + 1 and unseen is not None:
        return (
            f": behind {quote(before.escape)} at the end of line {line} stands {character_name(unseen[1])}, which "
            f"looks like a blank and is none, so that `{before.keyword}` stops there. Delete it."
        )
    if first.line == line + 1 and _ends_in_a_comment(before):
        return (
            f": a comment stands behind {quote(before.escape)} in line {line}, so that `{before.keyword}` stops there. "
            "Put the comment on a line of its own."
        )
    if first.line == line + 1 or (indented and first.line <= line + 2):
        mark = "a backslash" if first.escape == "\\" else "a backtick"
        joint = f"{mark}, perhaps with `&&`," if before.keyword == "RUN" else mark
        where = f"at the end of line {line}, where `{before.keyword}` stops"
        return f": {joint} is probably missing {where}."
    return "."


def _ends_in_a_comment(before: Instruction) -> bool:
    """Whether a comment behind the mark at a line's end keeps the line from going on."""
    text = before.source.line(before.end_line)
    return re.search(rf"[ \t]{re.escape(before.escape)}[ \t]+#", text) is not None


def _behind_a_comment(before: Instruction, first: Instruction) -> str:
    source, line = before.source, before.end_line
    between = (source.line(number).lstrip() for number in range(line + 1, first.line))
    if not _ends_in_a_comment(before) or not all(text.startswith("#") for text in between):
        return "."
    return f": a comment stands behind {quote(before.escape)} in line {line}, too. Put it on a line of its own."


def _is_meant(before: Instruction, first: Instruction, written: str) -> bool:
    """Whether a word stands where an instruction does, written as one: `INCLUDE+`, which a preprocessor knows."""
    return (
        before.keyword != "COPY" and first.keyword_span.column == 1 and _LIKE_A_KEYWORD.fullmatch(written) is not None
    )
