"""See duplicate_start_instruction.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Severity,
    Stage,
    delete_instruction,
    fix,
    quote,
    rule,
)

_KEYWORDS = ("CMD", "ENTRYPOINT", "HEALTHCHECK")


@rule(
    "duplicate-start-instruction",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=_KEYWORDS,
    aliases=(
        "DL4003", "DL4004", "DL3012", "DS-0016", "DS-0007", "DS-0023", "S6589", "DF038", "DF039", "DF041",
        "MultipleInstructionsDisallowed",
    ),
)  # fmt: skip
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage has two `CMD`, `ENTRYPOINT` or `HEALTHCHECK`, of which only the last counts."""
    for stage in change.stages:
        last: dict[str, Instruction] = {}
        for instruction in reversed(stage.instructions):
            if instruction.keyword not in _KEYWORDS:
                continue
            if instruction.keyword in last:
                yield _problem(stage, instruction, last[instruction.keyword])
            else:
                last[instruction.keyword] = instruction


def _problem(stage: Stage, instruction: Instruction, last: Instruction) -> Problem:
    keyword = instruction.keyword
    same = instruction.value == last.value
    fact = "is written twice" if same else f"has no effect: {quote(str(last))} in line {last.line} replaces it"
    return Problem(
        instruction.span,
        f"{quote(str(instruction))} of {stage.label} {fact}. Only the last `{keyword}` of a stage counts, so what "
        f"stands here never {'probes' if keyword == 'HEALTHCHECK' else 'starts'}; delete it, or merge the two.",
        stage=stage.key,
        notes=(Note(last.span, "this one counts"),),
        fix=fix("Delete the one without effect", delete_instruction(instruction)),
    )
