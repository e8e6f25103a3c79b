"""See copy_from_stage_index.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    Span,
    Stage,
    insert,
    replace,
    rule,
)


class _Numbered(NamedTuple):
    """A flag that names a stage by its number.

    Attributes:
        instruction: The COPY or RUN.
        source: The stage that is meant.
        span: The flag's value.
        before: What stands in the value before the number: `type=bind,from=`.
        number: As written.
        after: What stands behind it.
        verb: What the instruction does with the stage.
    """

    instruction: Instruction
    source: Stage
    span: Span
    before: str
    number: str
    after: str
    verb: str


@rule(
    "copy-from-stage-index",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("COPY", "RUN"),
    mentions=("from=",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY --from, or a mount, names a stage by its number."""
    found = [(stage, numbered) for stage in change.stages for numbered in (*_copies(stage), *_mounts(stage))]
    nameless = {numbered.source.index for _, numbered in found if numbered.source.name is None}
    taken = {stage.name for stage in change.stages}
    for stage, numbered in found:
        name = numbered.source.name or ("build" if len(nameless) == 1 else f"build-{numbered.source.index}")
        fix = _fix(change, numbered, name) if numbered.source.name is not None or name not in taken else None
        yield Problem(
            numbered.span,
            f"{stage.label} {numbered.verb} stage {numbered.number}, counted from 0. A stage put in above shifts the "
            "number, and the line then takes another stage, or fails. Give the stage a name.",
            instruction=numbered.instruction,
            stage=stage.key,
            fix=fix,
        )


def _copies(stage: Stage) -> Iterator[_Numbered]:
    for copy in stage.copies:
        flag = copy.instruction.flag("from")
        number = (flag.value or "") if flag is not None else ""
        if copy.from_stage is not None and flag is not None and number.isdecimal():
            yield _Numbered(copy.instruction, copy.from_stage, flag.value_span, "", number, "", "copies from")


def _mounts(stage: Stage) -> Iterator[_Numbered]:
    for run in stage.runs:
        for mount in run.mounts if run.instruction.flags else ():
            before, key, rest = (mount.flag.value or "").rpartition("from=")
            number, comma, after = rest.partition(",")
            source = stage.model.copied_stage(number, stage.index) if number.isdecimal() else None
            if source is not None and before[-1:] in ("", ","):
                at = (mount.flag.value_span, before + key, number, comma + after)
                yield _Numbered(run.instruction, source, *at, "mounts")


def _fix(change: DockerfileChange, numbered: _Numbered, name: str) -> Fix | None:
    """Use the stage's name, and give it one where it has none."""
    base = numbered.source.base_word
    if base is None or change.source.cut(numbered.span) != numbered.before + numbered.number + numbered.after:
        return None
    naming = () if numbered.source.name is not None else (insert(change.source, base.span.end, f" AS {name}"),)
    use = replace(change.source, numbered.span, numbered.before + name + numbered.after)
    return Fix("Name the stage", (*naming, use))
