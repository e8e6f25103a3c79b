"""See stage_circular.md."""

from collections.abc import Iterator

from rules.api import Category, Copy, DockerfileChange, Problem, Run, Severity, Stage, rule


@rule(
    "stage-circular",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("FROM",),
    mentions=("from=",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage takes files from a stage below it, which has not been built yet or needs this one."""
    names = {stage.name: stage for stage in reversed(change.stages) if stage.name is not None}
    for stage in change.stages:
        for step in stage.steps:
            text = None
            if isinstance(step, Copy):
                text = step.from_text
            elif isinstance(step, Run) and step.instruction.flags:
                text = next(
                    (m.options["from"] for m in step.mounts if m.options.get("from", "").lower() in names), None
                )
            later = names.get(text.lower()) if text else None
            if later is not None and later.index > stage.index:
                yield Problem(
                    step.instruction.span,
                    f"{stage.label} takes files from {later.label}, which stands below it (line {later.from_.line})"
                    f"{_circle(later, stage)}. A stage can only use those above it; move one of them.",
                    stage=stage.key,
                    key=later.key,
                )


def _circle(later: Stage, stage: Stage) -> str:
    needs = stage in later.chain or any(copy.from_stage is stage for copy in later.copies)
    return f" and in turn needs {stage.label}" if needs else ""
