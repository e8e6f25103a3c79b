"""See stopsignal_canonical.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, Step, fix, quote, replace, rule
from rules.runtime.signals.names import signal_name


@rule(
    "stopsignal-canonical",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("STOPSIGNAL", "ONBUILD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`STOPSIGNAL` has another spelling than the signal's full name."""
    for stage in change.stages:
        for step in () if stage.runtime.is_windows else stage.steps:
            text = step.instruction.value
            name = signal_name(text) if step.instruction.keyword == "STOPSIGNAL" and "$" not in text else None
            if name is not None and text != name:
                yield _problem(step, name)


def _problem(step: Step, name: str) -> Problem:
    instruction = step.instruction
    return Problem(
        instruction.span,
        f"`STOPSIGNAL` of {step.stage.label} is {quote(instruction.value)}, which Docker takes for `{name}`. Write "
        f"`{name}`, which a reader knows and a search finds.",
        stage=step.stage.key,
        fix=fix(f"Write {name}", replace(instruction.source, instruction.value_span, name)),
    )
