"""See healthcheck_missing.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, Stage, quote, rule

_CALLED_BY_THE_PLATFORM = ("lambda", "azure-functions", "openfaas", "functions-framework", "fwatchdog")


@rule(
    "healthcheck-missing",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="off",
    keywords=("FROM",),
    aliases=("DL3057", "DS-0026", "CKV_DOCKER_2", "DF012"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage that ships has no health check."""
    for stage in change.after.shipped:
        probe = stage.image.healthcheck
        if probe.set_in_file or probe.value or not _serves(change, stage):
            continue
        started = stage.image.start_line()
        what = f"starts {quote(started, 80)} and " if started else ""
        yield Problem(
            stage.from_.span,
            f"{stage.label} {what}has no `HEALTHCHECK`. A program that hangs keeps its container running and "
            "counted as "
            "healthy. Add one that asks the program itself, or `HEALTHCHECK NONE` where another system probes it.",
            stage=stage.key,
        )


def _serves(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the image runs a program of its own: no prompt, no bare base, no function that a platform calls."""
    text = change.source.text.lower()
    if any(name in text for name in _CALLED_BY_THE_PLATFORM):
        return False
    starts = [setting for setting in stage.image.start_command if setting.set_in_file]
    if not starts:
        return any(trigger.trigger and trigger.trigger.keyword == "HEALTHCHECK" for trigger in stage.image.onbuild)
    return not all(setting.value is not None and setting.value.is_prompt for setting in starts)
