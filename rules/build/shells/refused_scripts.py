"""RUNs that their shell refuses: where an operator is missing at a block's border, or else where it stops reading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.parse import parse
from rules.dockerfile.shell.script import script_of
from rules.dockerfile.source import Source
from rules.dockerfile.syntax.templates import blank_of
from rules.problem import Confidence, Edit, Fix, Note, Problem
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.model.steps import Run

_NEXT_CODE = r"(?:[ \t]*(?:#[^\n]*\n|\\?\r?\n))*[ \t]*"
"""What leads from a line that goes on to the next that says something: comments, empty lines, blanks."""
_GOES_ON = r"(?<![^\s;&|(){}\\])(?P<last>[^\s;&|(){}\\]++)[ \t]*+\\[ \t]*+\r?\n" + _NEXT_CODE
"""The last word of a line that goes on, sought from its beginning alone."""
_BEHIND_A_BLOCK = re.compile(
    rf"(?<![\w$-])(?P<end>fi|done|esac)[ \t]*\\\r?\n{_NEXT_CODE}"
    r"(?P<next>(?!(?:then|else|elif|fi|do|done|esac|in)\b)[A-Za-z_./]\S*)"
)
_SWALLOWED_END = re.compile(_GOES_ON + r"(?P<end>fi|done|esac)(?=[ \t]*(?:[;&|)\\\r\n]|\Z))")
"""A block's end at the start of a line, with nothing behind the command above that would end it."""
_ENDS_ITSELF = frozenset("then else do in fi done esac".split())
_SWALLOWED_BEGINNING = re.compile(_GOES_ON + r"(?P<begin>if|for|while|until|case)(?=[ \t]+\S)")
"""A block's beginning at the start of a line, likewise."""
_OPENS_ITSELF = _ENDS_ITSELF | frozenset({"!", "if", "elif", "while", "until", "[[", "time"})
_WORD = re.compile(r"\s*(\S{1,40})")


class Fault(NamedTuple):
    """An operator that is missing at the border of a block.

    Attributes:
        start: Where the word stands that is not read as what it is.
        end: Behind it.
        at: Where the operator has to go.
        operator: The operator.
        message: What the shell makes of it.
    """

    start: int
    end: int
    at: int
    operator: str
    message: str


def refused(run: Run, stage: str) -> Iterator[Problem]:
    """Find why a shell refuses a RUN: one problem, with all that is missing, or with the place where it stops.

    What the words seem to lack counts only where the script parses once it has been put in.
    """
    instruction, source = run.instruction, run.instruction.source
    if blank_of(instruction) is not None:
        return
    ends = [] if instruction.heredocs or instruction.exec_form is not None else [*_behind_blocks(run), *_unended(run)]
    beginnings = [] if instruction.heredocs or instruction.exec_form is not None else [*_unbegun(run)]
    for faults in ([*ends, *beginnings], ends, beginnings):
        found = sorted(faults, key=lambda fault: fault.at)
        edits = tuple(Edit(source.span(fault.at, fault.at), fault.operator) for fault in found)
        if found and _parses(run, edits):
            yield _problem(run, found, edits, stage)
            return
    if not run.script.swallowing:
        yield _stopped(run, stage)


def _problem(run: Run, faults: Sequence[Fault], edits: tuple[Edit, ...], stage: str) -> Problem:
    source = run.instruction.source
    first, *others = faults
    lines = [str(source.line_at(fault.at - 1)) for fault in others]
    too = (
        f" The same is missing at the end of {'lines' if len(lines) > 1 else 'line'} {listed(lines)}." if lines else ""
    )
    operators = " and ".join(dict.fromkeys(edit.text.strip() for edit in edits))
    return Problem(
        source.span(first.start, first.end),
        first.message + too,
        Confidence.LIKELY,
        doubt="the script was told apart by its words, since the whole of it does not parse",
        instruction=run.instruction,
        stage=stage,
        key=source.text[first.start : first.end],
        notes=tuple(Note(source.span(fault.start, fault.end), "here too") for fault in others),
        fix=Fix(f"Join the commands with {operators}" if "&&" in operators else "End the command with ;", edits),
    )


def _stopped(run: Run, stage: str) -> Problem:
    """Say from where on a script does not parse, where nothing tells what was meant.

    A block or a quote without an end is named where it begins; the shell itself complains behind it.
    """
    error, source = run.script.errors[0], run.instruction.source
    word = _WORD.match(source.text, error.start, run.instruction.span.end) if error.end > error.start else None
    place = f"from {quote(word[1])} on line {error.line} on" if word is not None else f"at its end on line {error.line}"
    return Problem(
        error,
        f"the shell refuses this `RUN`: {place}, the script does not parse. Nothing of it is run, and the build ends "
        "here.",
        Confidence.LIKELY,
        doubt="the shell of the image may read more than others do",
        instruction=run.instruction,
        stage=stage,
        key="does not parse",
    )


def _parses(run: Run, edits: Sequence[Edit]) -> bool:
    """Tell whether the script of a RUN parses with these edits."""
    instruction = run.instruction
    pieces, at = [], instruction.span.start
    for edit in edits:
        pieces += [instruction.source.text[at : edit.span.start], edit.text]
        at = edit.span.start
    text = "".join([*pieces, instruction.source.text[at : instruction.span.end]])
    instructions = parse(Source("Dockerfile", f"FROM scratch\n{text}")).instructions
    return len(instructions) == 2 and not script_of(instructions[1], shell=run.shell.value).errors  # noqa: PLR2004 - FROM, RUN


def _behind_blocks(run: Run) -> Iterator[Fault]:
    """Find a command right behind `fi`, `done` or `esac`."""
    value = run.instruction.value_span
    for match in _BEHIND_A_BLOCK.finditer(run.instruction.source.text, value.start, value.end):
        yield Fault(
            match.start("next"),
            match.end("next"),
            match.end("end"),
            " &&",
            f"the shell refuses this `RUN`: {quote(match['next'])} follows `{match['end']}` without an operator, since "
            "the backslash joins the lines. Put `&&` or `;` behind it.",
        )


def _unended(run: Run) -> Iterator[Fault]:
    """Find a `fi`, `done` or `esac` that the command above takes for an argument: the shell seeks the end in vain."""
    for match in _matches(run, _SWALLOWED_END, _ENDS_ITSELF):
        at, word = match.end("last"), match["end"]
        yield Fault(
            match.start("end"),
            match.end("end"),
            at,
            ";",
            f"the shell refuses this `RUN`: the backslash joins the lines, so `{word}` is an argument of the command "
            f"above, and ends no block. Put `;` at the end of line {run.instruction.source.line_at(at - 1)}.",
        )


def _unbegun(run: Run) -> Iterator[Fault]:
    """Find an `if` or a loop that the command above takes for an argument: its `then` or `do` has no beginning."""
    for match in _matches(run, _SWALLOWED_BEGINNING, _OPENS_ITSELF):
        at, word = match.end("last"), match["begin"]
        yield Fault(
            match.start("begin"),
            match.end("begin"),
            at,
            " &&",
            f"the shell refuses this `RUN`: the backslash joins the lines, so `{word}` is an argument of the command "
            f"above, and begins no block. Put `&&` or `;` at the end of line {run.instruction.source.line_at(at - 1)}.",
        )


def _matches(run: Run, pattern: re.Pattern[str], complete: frozenset[str]) -> Iterator[re.Match[str]]:
    """Yield the places of a RUN where a command above goes on, and is no word after which a new one begins."""
    text, value = run.instruction.source.text, run.instruction.value_span
    for match in pattern.finditer(text, value.start, value.end):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if match["last"] not in complete and not line.lstrip().startswith("#") and not match["last"].startswith("#"):
            yield match
