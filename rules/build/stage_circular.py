"""See stage_circular.md."""

from collections.abc import Iterator

from rules.api import Category, Copy, DockerfileChange, Problem, Run, Severity, rule


@rule(
    "stage-circular",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("FROM",),
    mentions=("from=",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage takes files from a stage below it that needs this one."""
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
            if later is not None and later.needs(stage):
                yield Problem(
                    step.instruction.span,
                    f"{stage.label} takes files from {later.label} (line {later.from_.line}), which in turn needs "
                    f"{stage.label}. Neither can be built before the other; take what both need into a stage above.",
                    stage=stage.key,
                    key=later.key,
                )
