"""See healthcheck_port_mismatch.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Note, Problem, Severity, Stage, quote, rule
from rules.runtime.ports.exposed import is_passed
from rules.runtime.ports.listening import Listening, listening
from rules.runtime.ports.listening_in_files import listening_in_files
from rules.runtime.ports.named_beside import is_named_beside
from rules.runtime.ports.probes import Address, addresses
from rules.runtime.starts.instructions import Written, shipped, started_by

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
    if any(build.probe for build in change.repository.builds_of(change.path)):
        return
    for found in shipped(change, "HEALTHCHECK"):
        exposed = _exposed(found.stage)
        asked = tuple(addresses(found.start))
        if asked:
            told = _told(change, found)
            if told is not None and not any(_is_used(found, address.port, told) for address in asked):
                yield _of_server(found, asked[0], told)
                continue
        if (
            not 0 < len(exposed) <= _FEW
            or not asked
            or is_passed(change, found.stage)
            or any(address.port in exposed for address in asked)
        ):
            continue
        if not any(_is_used(found, one.port) or is_named_beside(change, one.port) for one in asked):
            yield _problem(found, asked[0], exposed)


def _told(change: DockerfileChange, found: Written) -> Listening | None:
    """Return the one server whose port is written out: in a file that starts, or, with nothing exposed, in the command.

    What the command says is compared with what is exposed elsewhere.
    """
    starts = tuple(started_by(found.stage))
    told = [] if found.stage.image.ports else [one for each in starts if (one := listening(each)) is not None]
    if not told and len(starts) == 1 and listening(starts[0]) is None:
        told = [one for each in starts if (one := listening_in_files(change, each)) is not None]
    told = list(dict.fromkeys(told))
    return told[0] if len(told) == 1 else None


def _of_server(found: Written, asked: Address, server: Listening) -> Problem:
    return Problem(
        found.instruction.span,
        f"`HEALTHCHECK` of {found.stage.label} asks {quote(asked.url)}, port {asked.port}, and the image starts "
        f"{quote(server.server)} on port {server.port} ({quote(server.text)}{server.place}). Every probe fails and the "
        "container is reported unhealthy. Bring the two together.",
        Confidence.LIKELY,
        doubt="the program's own settings may open another port as well",
        stage=found.stage.key,
        key=str(asked.port),
    )


def _exposed(stage: Stage) -> tuple[int, ...]:
    """Return the TCP ports that the file exposes; none when one of them is not known, or comes from the base alone."""
    ports = [port for port in stage.image.ports if port.protocol == "tcp"]
    if any(port.number is None for port in ports) or not any(port.instruction is not None for port in ports):
        return ()
    return tuple(dict.fromkeys(port.number for port in ports if port.number is not None))


def _is_used(found: Written, port: int, told: Listening | None = None) -> bool:
    """Whether the number stands elsewhere in the file: in the start command, in an ENV, in a RUN that configures it.

    An EXPOSE opens no port where a file says which one the program listens on.
    """
    if told is not None and told.port == port:
        return True
    mute = ("HEALTHCHECK", "EXPOSE") if told is not None and told.place else ("HEALTHCHECK",)
    number = re.compile(rf"(?<!\d){port}(?!\d)")
    return any(
        number.search(str(instruction)) or any(number.search(heredoc.body) for heredoc in instruction.heredocs)
        for stage in found.stage.chain
        for instruction in stage.instructions
        if instruction.keyword not in mute
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
