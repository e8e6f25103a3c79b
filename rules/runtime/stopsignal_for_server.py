"""See stopsignal_for_server.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Origin,
    Problem,
    Severity,
    Stage,
    fix,
    insert_line_before,
    quote,
    replace,
    rule,
)
from rules.runtime.signals.names import signal_name
from rules.runtime.signals.servers import Server, server_of

_CUTS_OFF = "That cuts connections off"
_STARTS_ANEW = "systemd starts itself anew on that, so `docker stop` waits ten seconds and kills everything"


@rule(
    "stopsignal-for-server",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("CMD", "ENTRYPOINT", "STOPSIGNAL"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A server that stops gracefully on a signal of its own gets another one."""
    for stage in change.stages:
        server = server_of(stage)
        if server is not None and not _is_told_elsewhere(change, stage, server):
            yield from _problem(stage, server)


def _is_told_elsewhere(change: DockerfileChange, stage: Stage, server: Server) -> bool:
    """Whether Compose gives the signal, or a base that is made to run systemd (Red Hat's `ubi-init`) has set it."""
    base = stage.root.reference
    of_init = server.name == "systemd" and base is not None and base.path.endswith("-init")
    return of_init or any(build.stop_signal for build in change.repository.builds_of(change.path))


def _problem(stage: Stage, server: Server) -> Iterator[Problem]:
    program, wanted, why, setting = server
    signal = stage.image.stopsignal
    unknown = signal.origin is Origin.UNKNOWN
    if (unknown and program != "systemd") or (signal.set_in_file and signal.value is None):
        return
    if signal.value is not None and signal_name(signal.value) == wanted:
        return
    instruction = signal.instruction if signal.origin is Origin.HERE else None
    place = instruction or setting.instruction
    assert place is not None
    got = f"is stopped with {quote(signal.value)}" if signal.value else "is stopped with SIGTERM, Docker's default"
    then = _STARTS_ANEW if program == "systemd" and not signal.value else _CUTS_OFF
    edit = (
        replace(instruction.source, instruction.value_span, wanted)
        if instruction is not None
        else insert_line_before(place, f"STOPSIGNAL {wanted}")
    )
    yield Problem(
        place.span,
        f"{stage.label} starts {quote(program)}, which {got}. {then}. Say `STOPSIGNAL {wanted}`: {why}.",
        Confidence.POSSIBLE if unknown else Confidence.CERTAIN,
        stage=stage.key,
        minor=program == "systemd",  # Podman, under which most of these images run, gives the signal by itself
        fix=fix(f"Stop {program} with {wanted}", edit),
    )
