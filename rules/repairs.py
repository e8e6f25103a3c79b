"""The edits that fixes are made of: minimal, in the author's layout, continuation style and line ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.edits import overlap
from rules.problem import Edit, Fix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.dockerfile.nodes import Heredoc, Instruction, Word
    from rules.dockerfile.shell.script import Command, ShellWord
    from rules.dockerfile.source import Source, Span
    from rules.model.stage import Stage
    from rules.model.steps import Run


def replace(source: Source, span: Span, text: str) -> Edit:
    """Replace exactly one span."""
    return Edit(source.span(span.start, span.end), text)


def insert(source: Source, offset: int, text: str) -> Edit:
    """Insert text at a character offset."""
    return Edit(source.span(offset, offset), text)


def insert_after(source: Source, word: Word | ShellWord, text: str) -> Edit:
    """Insert text right behind a word: give the blank yourself (`" --no-cache"`)."""
    return insert(source, word.span.end, text)


def add_flag(instruction: Instruction, flag: str) -> Edit:
    """Give an instruction a flag, `--chmod=755`, in front of what it has; the author's alignment stays."""
    source, start = instruction.source, instruction.keyword_span.end
    at = start
    while source.text[at : at + 1] in (" ", "\t"):
        at += 1
    if source.text[at : at + 1] in ("", "\r", "\n", instruction.escape):
        return insert(source, start, f" {flag}")
    return insert(source, at, f"{flag} ")


def delete_word(source: Source, span: Span) -> Edit:
    """Delete a word and the blanks before it on its line; a word alone on a continued line goes with its line."""
    start, end = span.start, span.end
    alone = _alone_on_line(source, span)
    if alone is not None:
        return alone
    while start > 0 and source.text[start - 1] in " \t":
        start -= 1
    if start > 0 and source.text[start - 1] == "\n":
        start = span.start
        while end < len(source.text) and source.text[end] in " \t":
            end += 1
    return Edit(source.span(start, end), "")


def _alone_on_line(source: Source, span: Span) -> Edit | None:
    """Return the edit for a word that has a line of its own in a continued instruction."""
    line, above = source.line(span.line), source.line(span.line - 1)
    behind = source.text[span.end : source.line_starts[span.line - 1] + len(line)].strip()
    if span.end_line != span.line or line[: span.column - 1].strip():
        return None
    if behind in ("\\", "`"):
        return Edit(source.line_span(span.line), "")
    kept = above.rstrip()[:-1].rstrip()
    if behind or not kept or above.rstrip()[-1] not in "\\`":
        return None
    return Edit(source.span(source.line_starts[span.line - 2] + len(kept), span.end), "")


def delete_instruction(instruction: Instruction) -> Edit:
    """Delete an instruction with its line ends; comments above it stay, and of two blank lines that meet, one."""
    return Edit(_lines_to_go(instruction.source, instruction.line, instruction.end_line), "")


def _lines_to_go(source: Source, first: int, last: int) -> Span:
    """Return the span of whole lines, with one of two blank lines that would meet."""
    above, below = first - 1, last + 1
    meet = above > 0 and below < len(source.line_starts) and not (source.line(above) + source.line(below)).strip()
    return source.line_span(first, below if meet else last)


def insert_line_before(instruction: Instruction, *lines: str) -> Edit:
    """Insert whole lines above an instruction, and above the comments that belong to it."""
    source = instruction.source
    first = instruction.comments[0].span.line if instruction.comments else instruction.line
    return insert(source, source.line_starts[first - 1], "".join(f"{line}\n" for line in lines))


def insert_line_after(instruction: Instruction, *lines: str) -> Edit | None:
    """Insert whole lines below an instruction; `None` where the file ends in a continuation that would take them."""
    source = instruction.source
    rest = "" if instruction.heredocs else source.text[instruction.value_span.end : instruction.span.end]
    if any(row.strip() == instruction.escape for row in rest.split("\n")):
        return None
    return insert(source, instruction.span.end, "".join(f"\n{line}" for line in lines))


def append_to_stage(stage: Stage, *lines: str) -> Edit | None:
    """Append whole lines at the end of a stage; `None` as for `insert_line_after`."""
    return insert_line_after(stage.last_instruction, *lines)


def move_below(instruction: Instruction, target: Instruction) -> tuple[Edit, Edit]:
    """Move an instruction's lines, with the comments above it, below another instruction."""
    source = instruction.source
    first = instruction.comments[0].span.line if instruction.comments else instruction.line
    text = source.cut(source.line_span(first, instruction.end_line)).rstrip("\r\n").replace("\r\n", "\n")
    gone = Edit(_lines_to_go(source, first, instruction.end_line), "")
    return gone, insert(source, target.span.end, f"\n{text}")


def append_to_run(run: Run, command: str) -> Edit | None:
    """Append `&& command` to a shell-form RUN in its own layout; with `set -e` a line to the body of a `RUN <<EOF`.

    Returns:
        The edit, or `None` for an exec form, a layout that leaves no safe place, or where nothing behind is run.
    """
    if ends_for_good(run):
        return None
    instruction = run.instruction
    source = instruction.source
    if instruction.heredocs:
        heredoc = instruction.heredocs[-1]
        plain = len(instruction.heredocs) == 1 and instruction.value.replace("-", "").strip() == f"<<{heredoc.name}"
        return _append_to_body(run, heredoc, command) if plain else None
    if instruction.exec_form is not None or not run.commands:
        return None
    end = tail_start(run)
    if end is None or source.text[max(instruction.value_span.start, end - 1) : end] in (
        ";",
        "&",
        "|",
        instruction.escape,
    ):
        return None
    if instruction.line == instruction.end_line:
        return insert(source, end, f" && {command}")
    rest = source.text[end:].rstrip()
    open_end = len(rest) if rest.strip() == instruction.escape else 0  # an escape that nothing follows
    return replace(source, source.span(end, end + open_end), f"{joint_of(run)}{command}")


def joint_of(run: Run) -> str:
    """Return what joins two commands on lines of their own, as a RUN of several lines does it: operator and indent."""
    instruction = run.instruction
    indent, leading = _continuation_style(run)
    last = run.commands[-1]
    if run.script.shell is None and last.errexit and last.before == ";" and "&&" not in instruction.value:
        return f"; {instruction.escape}\n{indent}"
    return f" {instruction.escape}\n{indent}&& " if leading else f" && {instruction.escape}\n{indent}"


def ends_for_good(run: Run) -> bool:
    """Tell whether nothing that is written behind the last command of a RUN is run: `exit 0`, `exec make`."""
    last = run.commands[-1] if run.commands else None
    return last is not None and (last.name in ("exit", "exec", "return") or "exec" in last.wrappers)


def as_root(command: Command) -> str:
    """Return what a further command begins with to be run as this one is: `sudo `, `doas `, mostly nothing."""
    return next((f"{name} " for name in command.wrappers if name in ("sudo", "doas")), "")


def _append_to_body(run: Run, heredoc: Heredoc, command: str) -> Edit | None:
    """Append to a here-document so that the step still fails where its last command did."""
    source = run.instruction.source
    outer = [one for one in run.commands if not one.nested]
    if not outer or outer[-1].errexit:
        return insert(source, heredoc.body_span.end, f"{command}\n")
    last = outer[-1]
    if source.text[last.end : heredoc.body_span.end].strip() or last.conditional or last.before in ("||", "|"):
        return None
    return insert(source, last.end, f" && {command}")


def tail_start(run: Run) -> int | None:
    """Return the offset behind a RUN's shell code, where more of it can be written; `None` where there is no place.

    That is the end of the value, or on a single line the blanks before a shell comment (`RUN make # all of it`).
    """
    instruction = run.instruction
    end = instruction.value_span.end
    last = max((command.end for command in run.commands if not command.nested), default=end)
    comment = _COMMENT.search(instruction.source.text, min(last, end), end)
    if comment is None:
        return end
    return comment.start() if instruction.line == instruction.end_line else None


_COMMENT = re.compile(r"(?:(?<=[;&|()])|(?<![ \t])[ \t]++)#.*", re.DOTALL)
_JOINT = re.compile(r"[ \t\r\n\\`]*(?:&&|;)?[ \t\r\n\\`]*")
"""What may stand between two commands that are joined plainly: an operator, blanks, continuations; no comment."""


def delete_command(run: Run, command: Command) -> Edit | None:
    """Delete one command of a RUN with the operator that joins it; the whole instruction when it has no other.

    Returns:
        The edit, or `None` where the command is not a plain link of a chain: part of a pipeline, a condition, a
        substitution, or with a comment beside it.
    """
    return delete_commands(run, (command,))


def delete_commands(run: Run, commands: Sequence[Command]) -> Edit | None:
    """Delete commands of a RUN that follow one another, whole pipelines among them, as `delete_command` does one."""
    source = run.instruction.source
    outer = [other for other in run.commands if not other.nested]
    first, last = commands[0], commands[-1]
    at = outer.index(first) if first in outer else len(outer)
    end_at = at + len(commands)
    if tuple(outer[at:end_at]) != tuple(commands) or run.instruction.exec_form is not None:
        return None
    pipelines = {command.pipeline for command in commands}
    if sum(other.pipeline in pipelines for other in outer) > len(commands) or any(c.conditional for c in commands):
        return None
    if len(outer) == len(commands):
        alone = not run.instruction.heredocs and source.text[first.start : last.end] == run.instruction.value
        return delete_instruction(run.instruction) if alone else None
    behind = end_at < len(outer) and last.after in ("&&", ";", "\n")
    start, end = (first.start, outer[end_at].start) if behind else (outer[at - 1].end if at else first.start, last.end)
    joint = source.text[last.end : end] if behind else source.text[start : first.start]
    if not _JOINT.fullmatch(joint) or (not behind and (at == 0 or first.before not in ("&&", ";", "\n"))):
        return None
    return Edit(source.span(start, end), "")


def _continuation_style(run: Run) -> tuple[str, bool]:
    """Return the indent of the last line that begins with `&&`, or else with a command, and whether one does with `&&`.

    A last line may hold the arguments of a command, further in than the command itself.
    """
    instruction = run.instruction
    source = instruction.source
    numbers = range(instruction.line + 1, instruction.end_line + 1)
    lines = [source.line(number) for number in numbers]
    leading = [line for line in lines if line.lstrip().startswith("&&")]
    ends = [source.line(instruction.line), *lines]
    trailing = any(line.rstrip().rstrip(instruction.escape).rstrip().endswith("&&") for line in ends)
    calls = {command.line: command for command in run.commands if not command.nested and command.line in numbers}
    own = [source.line(line) for line, command in calls.items() if _begins_line(source, command)]
    line = (leading or own or [line for line in lines if line.strip()] or lines)[-1]
    return line[: len(line) - len(line.lstrip())], bool(leading) or not trailing


def _begins_line(source: Source, command: Command) -> bool:
    return not source.text[source.line_starts[command.line - 1] : command.start].strip()


def fix(title: str, *edits: Edit | None) -> Fix | None:
    """Make a fix of edits; `None` as soon as one of them could not be made, or touches what another one changes."""
    made = tuple(edit for edit in edits if edit is not None)
    return Fix(title, made) if made and len(made) == len(edits) and not overlap(made) else None
