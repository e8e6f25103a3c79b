"""See healthcheck_port_mismatch.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Note, Problem, Severity, Stage, quote, rule
from rules.runtime.listening import listening
from rules.runtime.probes import Address, addresses
from rules.runtime.start_instructions import Written, shipped, started_by

_FEW = 2
"""Ports up to which one for the probe alone would be exposed with the others."""


@rule(
    "healthcheck-port-mismatch",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("HEALTHCHECK",),
    mentions=("localhost", "127.0.0.1", "0.0.0.0", "[::1]"),  # noqa: S104 - what a probe asks, nothing is bound
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The health check asks a port that the image does not expose."""
    for found in shipped(change, "HEALTHCHECK"):
        exposed = _exposed(found.stage)
        asked = tuple(addresses(found.start))
        if not found.stage.image.ports and asked:
            yield from _of_server(found, asked)
        if not 0 < len(exposed) <= _FEW or not asked or any(address.port in exposed for address in asked):
            continue
        if not any(_is_used(found, address.port) for address in asked):
            yield _problem(found, asked[0], exposed)


def _of_server(found: Written, asked: tuple[Address, ...]) -> Iterator[Problem]:
    """Where nothing is exposed: compare with the one port that the start command writes out."""
    told = list(dict.fromkeys(one for each in started_by(found.stage) if (one := listening(each)) is not None))
    if len(told) != 1 or any(_is_used(found, address.port) for address in asked):
        return
    server = told[0]
    yield Problem(
        found.instruction.span,
        f"`HEALTHCHECK` of {found.stage.label} asks {quote(asked[0].url)}, port {asked[0].port}, and the image starts "
        f"{quote(server.server)} on port {server.port} ({quote(server.text)}). Every probe fails and the container is "
        "reported unhealthy. Bring the two together.",
        Confidence.LIKELY,
        doubt="the program's own settings may open another port as well",
        stage=found.stage.key,
        key=str(asked[0].port),
    )


def _exposed(stage: Stage) -> tuple[int, ...]:
    """Return the TCP ports that the file exposes; none when one of them is not known, or comes from the base alone."""
    ports = [port for port in stage.image.ports if port.protocol == "tcp"]
    if any(port.number is None for port in ports) or not any(port.instruction is not None for port in ports):
        return ()
    return tuple(dict.fromkeys(port.number for port in ports if port.number is not None))


def _is_used(found: Written, port: int) -> bool:
    """Whether the number stands elsewhere in the file: in the start command, in an ENV, in a RUN that configures it."""
    number = re.compile(rf"(?<!\d){port}(?!\d)")
    return any(
        number.search(str(instruction)) or any(number.search(heredoc.body) for heredoc in instruction.heredocs)
        for stage in found.stage.chain
        for instruction in stage.instructions
        if instruction.keyword != "HEALTHCHECK"
    )


_MANAGEMENT = re.compile(r"/(?:actuator|manage(?:ment)?|admin|metrics|live(?:ness|z)?|ready|readiness|readyz)\b")
"""Paths that many a framework serves on a port of their own: Spring Boot's `management.server.port`, Dropwizard's
administration, the probes of Go's services."""
_IN_FRONT = ("nginx", "apache2", "httpd", "haproxy", "caddy", "varnish", "supervisor")
"""Packages of what answers in front of a program that has a port of its own, and of what starts both."""
_PLAIN_AND_TLS = ({80, 443}, {8080, 8443})
"""Ports that one server most often has both of, of which one is exposed."""


def _confidence(stage: Stage, asked: Address, exposed: tuple[int, ...]) -> Confidence:
    """Ask where it may be another port of the same server or container, or of what a base brings that is not known."""
    pair = any(asked.port in pair and not pair.isdisjoint(exposed) for pair in _PLAIN_AND_TLS)
    unknown = not stage.base_known and not stage.image.start_in_file
    inner = pair or _MANAGEMENT.search(asked.url) or _is_behind_another(stage)
    return Confidence.POSSIBLE if inner or unknown else Confidence.LIKELY


def _is_behind_another(stage: Stage) -> bool:
    """Whether the image holds a server to stand in front of the program, and does not start that alone."""
    started = {posixpath.basename(word) for each in started_by(stage) for word in each.start.words[:1]}
    return any(stage.packages.has(name) and name not in started for name in _IN_FRONT)


def _problem(found: Written, address: Address, exposed: tuple[int, ...]) -> Problem:
    stage = found.stage
    ports = ", ".join(str(port) for port in exposed)
    notes = tuple(
        Note(port.instruction.span, "exposed here") for port in stage.image.ports if port.instruction is not None
    )
    return Problem(
        found.instruction.span,
        f"`HEALTHCHECK` of {stage.label} asks {quote(address.url)}, port {address.port}, and the image exposes "
        f"{ports}. "
        "If the program listens where `EXPOSE` says, every probe fails and the container is reported unhealthy. "
        "Bring the two together.",
        _confidence(stage, address, exposed),
        doubt="where the program listens is not in the file",
        stage=stage.key,
        notes=notes[:1],
        key=str(address.port),
    )
