"""See run_too_long.md."""

import re
from collections.abc import Iterator
from itertools import pairwise

from rules.api import Category, DockerfileChange, Edit, Fix, Problem, Run, Severity, fix, insert, quote, rule

_WIDTH = 120
"""Columns that a line may have: what most editors and forges show without scrolling."""
_LONGEST_WORD = 60
_FEWEST_WORDS = 8
_JOINT = re.compile(r"[ \t]*(?:&&|\|\||[;|&])?[ \t]*[\\`]?[ \t]*$")
"""What ends a continued line: an operator, and the escape of the line's end."""
_WORD = re.compile(r"(?:\"[^\"]*\"?|'[^']*'?|[^\s\"'])+")
_BETWEEN = re.compile(r"[ \t]*(?:\)[ \t]*)?(?P<operator>&&|\|\|)[ \t]*(?:\([ \t]*)?")
_INDENT = "    "


@rule(
    "run-too-long",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("RUN",),
    aliases=("S7020",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A line of a RUN is longer than a screen is wide."""
    for stage in change.stages:
        for run in stage.runs:
            lines = _too_long(run) if run.instruction in stage.instructions else []
            if lines:
                yield _problem(run, lines)


def _too_long(run: Run) -> list[int]:
    """Return the numbers of the lines that are too long, and could be shorter."""
    source, instruction = run.instruction.source, run.instruction
    return [
        number
        for number in range(instruction.line, instruction.end_line + 1)
        if _is_too_long(source.line(number)) and not source.line(number).lstrip().startswith("#")
    ]


def _is_too_long(line: str) -> bool:
    """Whether it is too long even without what has to stay together: addresses, and words or texts of some length."""
    line = _JOINT.sub("", line)
    if len(line) <= _WIDTH:
        return False
    words = _WORD.findall(line)
    kept = [word for word in words if "://" in word or len(word) > _LONGEST_WORD]
    return len(line) - sum(map(len, kept)) > _WIDTH and len(words) >= _FEWEST_WORDS


def _problem(run: Run, lines: list[int]) -> Problem:
    instruction = run.instruction
    source, first = instruction.source, lines[0]
    width = len(source.line(first).rstrip())
    more = f", and {len(lines) - 1} more like it" if len(lines) > 1 else ""
    how = "" if instruction.heredocs else f" with {quote(instruction.escape)}"
    return Problem(
        source.line_span(first),
        f"{run.stage.label} has a line of {width} columns in a `RUN`{more}. What stands behind the edge of the window "
        "is not read in a review, and a changed word shows as a changed line. Break it"
        f"{how} between commands or arguments.",
        instruction=instruction,
        stage=run.stage.key,
        fix=_fix(run, lines),
    )


def _fix(run: Run, lines: list[int]) -> Fix | None:
    """Begin a line with each command that `&&` or `||` joins; only where all lines are short enough then."""
    instruction = run.instruction
    source = instruction.source
    if not run.is_read or instruction.heredocs or instruction.exec_form is not None:
        return None
    starts = sorted(_joints(run))
    edits: list[Edit] = []
    for number in lines:
        begin = source.line_starts[number - 1]
        end = begin + len(source.line(number).rstrip())
        places = [at for at in starts if begin < at < end]
        if any(stop - start + len(_INDENT) > _WIDTH - 2 for start, stop in pairwise((begin, *places, end))):
            return None
        edits += [insert(source, at, f"{instruction.escape}\n{_INDENT}") for at in places]
    return fix("Give each command a line", *edits)


def _joints(run: Run) -> Iterator[int]:
    """Yield where an operator stands on a line that joins two commands, or two groups in brackets, of the chain."""
    text = run.instruction.source.text
    outer = [command for command in run.commands if not command.nested]
    depth = text.count("(", run.instruction.value_span.start, outer[0].start) if outer else 0
    for left, right in pairwise(outer):
        between = text[left.end : right.start]
        depth -= between.count(")")
        found = _BETWEEN.fullmatch(between)
        if found is not None and not depth:
            yield left.end + found.start("operator")
        depth += between.count("(")
