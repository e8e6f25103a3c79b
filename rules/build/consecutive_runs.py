"""See consecutive_runs.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Run, Severity, Stage, rule


@rule(
    "consecutive-runs",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="off",
    keywords=("RUN",),
    aliases=("DL3059", "S7031"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Several RUN instructions follow one another in a shipped stage."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        for group in _groups(stage):
            yield Problem(
                group[1].instruction.span,
                f"{stage.label} has {len(group)} `RUN` instructions in a row (lines {group[0].instruction.line} to "
                f"{group[-1].instruction.line}), each a layer of its own. Join those that belong together with `&&`.",
                stage=stage.key,
            )


def _groups(stage: Stage) -> Iterator[list[Run]]:
    group: list[Run] = []
    for step in (*stage.steps, None):
        if isinstance(step, Run) and not step.instruction.flags and not step.deferred and len(step.commands) <= 1:
            group.append(step)
            continue
        if len(group) > 1:
            yield group
        group = []
