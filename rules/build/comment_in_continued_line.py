"""See comment_in_continued_line.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Edit,
    Fix,
    Instruction,
    Problem,
    Run,
    Severity,
    fix,
    insert,
    quote,
    rule,
)


@rule(
    "comment-in-continued-line",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=(" #", "\t#", ";#"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A comment stands behind shell code on a continued line of a RUN, and takes the lines below with it."""
    for stage in change.stages:
        for run in stage.runs:
            for start, lost in run.script.swallowing if run.script.understood else ():
                yield _problem(run, start, lost)


def _problem(run: Run, start: int, lost: int) -> Problem:
    instruction, source = run.instruction, run.instruction.source
    first, last = source.line_at(lost), instruction.value_span.end_line
    lines = f"line {first} is" if first == last else f"lines {first} to {last} are"
    end = _text_end(instruction, start)
    return Problem(
        source.span(start, end),
        f"{quote(source.text[start:end])} ends the `RUN`: the builder joins its lines before the shell sees them, so "
        f"the comment goes on to the end, and {lines} not run. Put the comment on a line of its own; such lines may "
        "stand between continued ones.",
        instruction=instruction,
        stage=run.stage.key,
        fix=_above(instruction, start, end),
    )


def _text_end(instruction: Instruction, start: int) -> int:
    """Return where the comment's own words end: in front of the continuation."""
    text = instruction.source.text
    line = text[start : text.find("\n", start)].rstrip()
    return start + len(line.removesuffix(instruction.escape).rstrip())


def _above(instruction: Instruction, start: int, end: int) -> Fix | None:
    """Move the comment to a line of its own above the one that it stands on."""
    source = instruction.source
    line = source.line_starts[source.line_at(start) - 1]
    written = source.text[line:start]
    if not written.strip() or source.line_at(start) == instruction.line:
        return None  # above the keyword it would be a comment on the whole instruction
    indent = written[: len(written) - len(written.lstrip())]
    blanks = start - len(written.rstrip()) - line
    return fix(
        "Put the comment on a line of its own",
        insert(source, line, f"{indent}{source.text[start:end]}\n"),
        Edit(source.span(start - blanks, end), ""),
    )
