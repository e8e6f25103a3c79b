"""See privileged_port_nonroot.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Port,
    Problem,
    Severity,
    Stage,
    is_root_name,
    quote,
    rule,
)
from rules.quoting import listed

_FIRST_FREE = 1024
_ALLOWED = ("net_bind_service", "unprivileged_port_start", "authbind")
"""What a file names that lets an ordinary user listen there."""


@rule(
    "privileged-port-nonroot",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="off",
    keywords=("EXPOSE",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An image that does not run as root exposes a port below 1024."""
    if any(name in change.source.text.lower() for name in _ALLOWED):
        return
    told: set[int] = set()
    for stage in change.after.shipped:
        user = (stage.image.user.value or "").partition(":")[0]
        if not user or is_root_name(user) or stage.runtime.is_windows:
            continue
        for instruction, ports in _low(stage).items():
            if id(instruction) not in told:
                told.add(id(instruction))
                yield _problem(stage, instruction, ports, user)


def _low(stage: Stage) -> dict[Instruction, list[Port]]:
    """The ports below 1024 that the file exposes, by their EXPOSE."""
    found: dict[Instruction, list[Port]] = {}
    for port in stage.image.ports:
        if port.instruction is not None and port.number is not None and 0 < port.number < _FIRST_FREE:
            found.setdefault(port.instruction, []).append(port)
    return found


def _problem(stage: Stage, instruction: Instruction, ports: list[Port], user: str) -> Problem:
    names = listed(quote(port.text) for port in ports)
    return Problem(
        instruction.span,
        f"{stage.label} exposes {names} and runs as {quote(user)}, who is not root. Below 1024 an ordinary user may "
        "listen only where the runtime allows it, as Docker does since 20.10; elsewhere the program stops with "
        "`permission denied`. Listen on a port from 1024 on, and publish it as the one that clients expect.",
        Confidence.LIKELY,
        doubt="the runtime may allow it",
        instruction=instruction,
        stage=stage.key,
        key=" ".join(port.text for port in ports),
    )
