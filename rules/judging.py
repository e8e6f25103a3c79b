"""Run rules on one version of one file."""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from rules.anchors import at_its_cause
from rules.dockerfile.syntax.branches import branch_lines
from rules.dockerfile.syntax.conflicts import disputed_lines
from rules.dockerfile.syntax.grammar import INSTRUCTIONS
from rules.dockerfile.syntax.pasted import pasted_lines
from rules.dockerfile.syntax.patches import is_patch
from rules.dockerfile.syntax.templates import has_name_to_fill_in, is_filled_in, sure_places
from rules.matching.fingerprint import Raised
from rules.matching.spoken_for import resolved
from rules.matching.wording import normalised
from rules.model.refusals import is_refused
from rules.report import Crash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.source import Span
    from rules.model.model import Model
    from rules.model.stage import Stage
    from rules.model.steps import Run
    from rules.problem import Problem
    from rules.rule import Rule


MOST_PROBLEMS: Final = 200
"""Problems that one rule may raise in one file: four times what it finds in the worst that people have written.

Many a rule looks at the whole file for each problem that it finds, which is fine while they are few.
"""


class Judged(NamedTuple):
    """What the rules say of one version of one file.

    Attributes:
        model: The version.
        raised: The problems that are told.
        crashes: The rules that raised.
        same: For each of the problems the weaker ones that state the same fact, and are not told.
        hidden: All that is not told because a stronger rule speaks for it, or its own has a reason to be silent, in
            the order of the file.
    """

    model: Model
    raised: tuple[Raised, ...]
    crashes: tuple[Crash, ...]
    same: tuple[tuple[Raised, ...], ...]
    hidden: tuple[Raised, ...] = ()


def judge(rules: Iterable[Rule], change: DockerfileChange) -> Judged:
    """Run rules on one version of one file; one that raises is counted, and the others still speak."""
    raised: list[Raised] = []
    crashes: list[Crash] = []
    if is_patch(change.after.dockerfile.instructions):
        rules = [rule for rule in rules if rule.id in OF_SYNTAX]  # what else its lines seem to say is no fact of it
    for rule in applicable(rules, change):
        try:
            problems = list(islice(rule.check(change), MOST_PROBLEMS))
        except Exception as error:  # noqa: BLE001 - a rule's fault must not silence the others; it is reported by name
            crashes.append(Crash(rule.id, change.path, f"{type(error).__name__}: {error}"))
            continue
        raised += [_raised(change, rule, problem) for problem in problems]
    torn = dict(_torn(change.after))
    raised = [one for one in raised if one.rule.id in OF_SYNTAX or not _is_half_read(one, torn)]
    refused = dict(_refused(change.after, raised)) | dict(_swallowing(raised))
    raised = [one for one in raised if one.rule.id in OF_TEXT or not _is_half_read(one, refused)]
    instructions = change.after.dockerfile.instructions
    disputed = disputed_lines(instructions) | pasted_lines(instructions) | branch_lines(instructions)
    raised = [one for one in raised if one.rule.id in OF_TEXT or not _is_disputed(one, disputed)]
    raised.sort(key=lambda r: (r.problem.span.start, r.rule.id, r.problem.message))
    told = resolved(one for one in raised if not one.problem.untold)
    spoken = {id(t.raised) for t in told}
    hidden = tuple(one for one in raised if id(one) not in spoken)
    return Judged(change.after, tuple(t.raised for t in told), tuple(crashes), tuple(t.same for t in told), hidden)


OF_SYNTAX = ("invalid-syntax", "invalid-structure")
"""Rules about what cannot be read: other rules have nothing to say of it before it can."""


OF_TEXT = frozenset(
    {
        *OF_SYNTAX,
        "comment-in-continued-line",
        "empty-continuation",
        "hidden-unicode",
        "inline-ignore-used",
        "run-missing-operator",
        "secret-value-literal",
        "suppression-added",
        "suppression-unused",
    }
)
"""Rules that go by the text of a RUN, whatever a shell makes of it."""


def _refused(model: Model, raised: Iterable[Raised]) -> Iterator[tuple[int, tuple[Span, ...]]]:
    """Yield the RUNs with problems whose script does not parse, and what of them holds all the same: their flags.

    No command of such a script runs, and where one ends is a guess: `if` may be read as a package's name.
    """
    asked = {id(one.instruction) for one in raised}
    for stage in model.stages:
        for run in stage.runs:
            if id(run.instruction) in asked and is_refused(run):
                yield id(run.instruction), tuple(flag.span for flag in run.instruction.flags)


def _swallowing(raised: Iterable[Raised]) -> Iterator[tuple[int, tuple[Span, ...]]]:
    """Yield the instructions that take the next one in behind a blank line, and what of them is sure to end before."""
    for one in raised:
        if one.instruction is not None and (one.rule.id, one.problem.key) == ("empty-continuation", "swallowed"):
            source, last = one.instruction.source, one.problem.span
            joined = source.cut(last).rstrip(f"{one.instruction.escape} \t\r\n").endswith(("&", "|", ";"))
            yield id(one.instruction), (source.span(one.instruction.span.start, last.end if joined else last.start),)


def _torn(model: Model) -> Iterator[tuple[int, tuple[Span, ...]]]:
    """Yield the instructions of which we read only half, and what of them we do read.

    Their next line is none, or they have a template's blank.
    """
    yield from ((id(one), sure_places(one)) for one in model.dockerfile.instructions if is_filled_in(one))
    yield from ((id(run.instruction), _sure_commands(run)) for stage in model.stages for run in _filled_in(stage))
    for one, next_one in pairwise(model.dockerfile.instructions):
        if next_one.keyword not in INSTRUCTIONS and one.keyword == "RUN" and next_one.line == one.end_line + 1:
            yield id(one), ()


def _filled_in(stage: Stage) -> Iterator[Run]:
    return (run for run in stage.runs if has_name_to_fill_in(run.instruction.whole_value))


def _sure_commands(run: Run) -> tuple[Span, ...]:
    """Return the commands of a RUN that have no template's blank, and the flags of the RUN that have none."""
    spans = [command.span for command in run.commands] + [flag.span for flag in run.instruction.flags]
    return tuple(span for span in spans if not has_name_to_fill_in(run.instruction.source.cut(span)))


def _is_half_read(raised: Raised, torn: dict[int, tuple[Span, ...]]) -> bool:
    span, read = raised.problem.span, torn.get(id(raised.instruction))
    return read is not None and not any(place.start <= span.start and span.end <= place.end for place in read)


def _is_disputed(raised: Raised, lines: frozenset[int]) -> bool:
    """Whether a problem builds on a line that will change or go.

    That is a side of an open merge conflict, a line with a pasted sign, or a branch of a template.
    """
    if not lines:
        return False
    problem = raised.problem
    fixed = () if problem.fix is None else problem.fix.edits
    here = [problem.span] if problem.path is None else []
    here += [note.span for note in problem.notes if note.path is None and not note.before]
    here += [edit.span for edit in fixed if edit.path is None]
    return any(span.line in lines for span in here)


def applicable(rules: Iterable[Rule], change: DockerfileChange) -> Iterator[Rule]:
    """Yield the rules that can have something to say: by the instructions and the texts that they ask for."""
    instructions = change.after.dockerfile.instructions
    keywords = {instruction.keyword for instruction in instructions}
    keywords |= {instruction.trigger.keyword for instruction in instructions if instruction.trigger is not None}
    text = change.source.text.lower()
    found: dict[str, bool] = {}  # many rules ask for the same texts
    for rule in rules:
        if rule.compares and change.before is None:
            continue
        if rule.keywords and rule.keywords.isdisjoint(keywords):
            continue
        for word in rule.mentions:
            if word not in found:
                found[word] = word in text
            if found[word]:
                break
        else:
            if rule.mentions:
                continue
        yield rule


def _raised(change: DockerfileChange, rule: Rule, problem: Problem) -> Raised:
    problem = at_its_cause(change, problem)
    instruction = problem.instruction
    if instruction is None and problem.path is None:
        instruction = instruction_at(change.after, problem.span.start)
    return Raised(rule, problem, change.identity, instruction, problem.fact or normalised(instruction))


def instruction_at(model: Model, offset: int) -> Instruction | None:
    """Return the instruction that holds a character offset, if any."""
    instructions = model.dockerfile.instructions
    index = bisect_right(instructions, offset, key=_start) - 1
    return instructions[index] if index >= 0 and offset < instructions[index].span.end else None


def _start(instruction: Instruction) -> int:
    return instruction.span.start
