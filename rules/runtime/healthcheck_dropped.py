"""See healthcheck_dropped.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Note,
    Origin,
    Problem,
    Severity,
    Stage,
    append_to_stage,
    fix,
    insert_line_before,
    quote,
    rule,
)

_PROBES = (b"livenessProbe:", b"readinessProbe:", b"startupProbe:", b"healthcheck:")


@rule(
    "healthcheck-dropped",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away the health check of a stage that ships."""
    for stage, was in change.shipped():
        if was is None:
            continue
        lost, now = was.image.healthcheck, stage.image.healthcheck
        if not lost.set_in_file or not lost.value or now.set_in_file or now.value:
            continue
        if not _is_probed_elsewhere(change):
            yield _problem(stage, was)


def _is_probed_elsewhere(change: DockerfileChange) -> bool:
    """Whether Kubernetes manifests or compose files of the repository have probes of their own."""
    return any(
        any(mark in data for mark in _PROBES)
        for path, data in change.repository.files.items()
        if path.endswith((".yaml", ".yml", ".tpl"))
    )


def _problem(stage: Stage, was: Stage) -> Problem:
    lost = was.image.healthcheck
    assert lost.instruction is not None
    text = str(lost.instruction)
    before = f"set in line {lost.instruction.line} before this change"
    start = next((s.instruction for s in stage.image.start_command if s.origin is Origin.HERE), None)
    edit = (
        insert_line_before(start, lost.instruction.text.replace("\r\n", "\n"))
        if start is not None
        else append_to_stage(stage, lost.instruction.text.replace("\r\n", "\n"))
    )
    return Problem(
        stage.from_.span,
        f"{stage.label} loses its health check: {quote(text)}, {before}. Docker, Swarm and compose's "
        "`condition: service_healthy` no longer notice a program that hangs. Restate it, or say `HEALTHCHECK "
        "NONE` if that "
        "is intended.",
        Confidence.LIKELY,
        doubt="where it runs, other probes may watch it",
        stage=stage.key,
        notes=(Note(lost.instruction.span, "set here before", before=True),),
        fix=fix("Restate the health check", edit),
    )
