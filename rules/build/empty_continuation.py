"""See empty_continuation.md."""

import re
from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Edit, Fix, Instruction, Problem, Severity, quote, rule
from rules.build.shells.torn_runs import is_torn

_INSTRUCTION = re.compile(
    r"[ \t]*(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|"
    r"WORKDIR)[ \t]+\S"
)
"""As people write them, in capitals; no program of that name is called in a RUN."""
_OPERATORS = ("&&", "||", "|", ";")
_PAIRS = frozenset({"ENV", "LABEL"})
"""Instructions whose words need an equals sign, where the first has one."""
_BLANK = re.compile(r"\n\s*?(?:\n|\Z)")


@rule(
    "empty-continuation",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    aliases=("NoEmptyContinuation",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A blank line stands inside a continued instruction."""
    for instruction in change.after.dockerfile.instructions:
        if instruction.escape not in instruction.text:
            continue
        blank = _blank_lines(instruction)
        if blank:
            swallowed = _swallowed(instruction, blank)
            if swallowed is not None:
                yield _swallows(instruction, blank, swallowed)
                continue
        if _is_refused(change, instruction) or is_torn(change.after, instruction):
            continue  # which invalid-syntax says
        if not blank and _is_cut_off(instruction):
            yield _nothing_follows(instruction)
        if blank:
            source = change.source
            yield Problem(
                source.line_span(blank[0]),
                f"a blank line stands inside this `{instruction.keyword}`, behind a {quote(instruction.escape)}. "
                "The builder reads on, and warns that a later release of it will not; a comment line may stand there "
                "instead.",
                instruction=instruction,
                fix=_fix(instruction, blank),
            )


def _is_refused(change: DockerfileChange, instruction: Instruction) -> bool:
    span = instruction.span
    return any(span.start <= fault.span.start <= span.end for fault in change.after.dockerfile.faults)


def _swallowed(instruction: Instruction, blank: list[int]) -> int | None:
    """Return the line behind the blank ones that looks like an instruction of its own, and is read as part of this."""
    source = instruction.source
    rest = range(blank[0] + 1, instruction.end_line + 1)
    line = next((n for n in rest if source.line(n).strip() and not source.line(n).lstrip().startswith("#")), None)
    found = _INSTRUCTION.match(source.line(line)) if line is not None else None
    return line if found is not None else None


def _swallows(instruction: Instruction, blank: list[int], line: int) -> Problem:
    source = instruction.source
    above = next(n for n in range(blank[0] - 1, 0, -1) if not source.line(n).lstrip().startswith("#"))
    taken_in = source.line(line).strip().rstrip(instruction.escape).rstrip()
    operator = _operator(source.line(above), instruction.escape) if instruction.keyword == "RUN" else ""
    stops = operator not in ("", "||") or (not operator and instruction.keyword in _PAIRS and _has_sign(instruction))
    if operator == "||":
        becomes = "the shell looks for a program of that name where what stands above fails"
    elif operator:
        becomes = "the shell looks for a program of that name, and the build stops there"
    elif stops:
        becomes = f"the build stops there, as {quote(taken_in.split()[0])} has no `=`"
    else:
        becomes = f"it becomes the last words of this `{instruction.keyword}`"
    mark = f"{operator} {instruction.escape}".strip()
    return Problem(
        source.line_span(above),
        f"line {above} ends in {quote(mark)}, so {quote(taken_in)} in line {line} is no instruction of its own: "
        f"{becomes}. Take the {quote(mark)} away.",
        instruction=instruction,
        key="swallowed",
        cause=f"{taken_in.split()[0]} in line {line}",
        severity=Severity.ERROR if stops else Severity.WARNING,
    )


def _has_sign(instruction: Instruction) -> bool:
    """Whether an ENV or a LABEL has its equals sign right behind the first name: else all that follows is its value."""
    return bool(instruction.pairs) and f"{instruction.pairs[0][0].text}=" in instruction.value


def _operator(line: str, escape: str) -> str:
    """Return the operator before the escape at a line's end, which would be left with nothing to join."""
    before = line.rstrip().removesuffix(escape).rstrip()
    return next((mark for mark in _OPERATORS if before.endswith(mark)), "")


def _is_cut_off(instruction: Instruction) -> bool:
    """Whether the file ends behind a line that says that the instruction goes on."""
    source, last = instruction.source, instruction.end_line
    ends_file = not source.text[source.line_span(last).end :].strip()
    return ends_file and not instruction.heredocs and source.line(last).rstrip().endswith(instruction.escape)


def _nothing_follows(instruction: Instruction) -> Problem:
    source, last = instruction.source, instruction.end_line
    value = instruction.value.rstrip(f"{instruction.escape} \t")
    fix = None
    if not value.endswith(_OPERATORS):
        line = source.line(last).rstrip()
        start = source.line_starts[last - 1] + len(line[:-1].rstrip())
        end = source.line_starts[last - 1] + len(line)
        fix = Fix("Delete the last escape", (Edit(source.span(start, end), ""),))
    return Problem(
        source.line_span(last),
        f"the file ends behind the {quote(instruction.escape)} that says this `{instruction.keyword}` goes on. "
        "Something is missing here, or the last line was meant to end.",
        instruction=instruction,
        fix=fix,
        key="end",
        minor=True,  # nothing is lost but what was never written
    )


def _fix(instruction: Instruction, blank: list[int]) -> Fix:
    """Delete the blank lines; where nothing follows them, the mark that leads into them."""
    source, end = instruction.source, instruction.value_span.end
    behind = source.text[end:]
    if behind.strip() == instruction.escape:
        mark = end + behind.index(instruction.escape) + 1
        return Fix("Delete the continuation", (Edit(source.span(end, mark), ""),))
    return Fix("Delete the blank line", tuple(Edit(source.line_span(line), "") for line in blank))


def _blank_lines(instruction: Instruction) -> list[int]:
    """Return the blank lines above the last line of the instruction's own words; here-documents may hold any."""
    source = instruction.source
    last = source.line_at(max(instruction.value_span.start, instruction.value_span.end - 1))
    row = source.line(last).rstrip()
    if row.endswith(instruction.escape) and row[-2:-1] != instruction.escape and last < source.line_count:
        last += 2
    starts = source.line_starts
    end = starts[last - 1] - 1 if last <= len(starts) else len(source.text)
    if _BLANK.search(source.text, instruction.span.start, end) is None:
        return []
    return [line for line in range(instruction.line + 1, last) if not source.line(line).strip()]
