"""See healthcheck_localhost_ipv6.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Fix, Problem, Severity, fix, quote, rule
from rules.api import replace as put_instead
from rules.numbers import number_of
from rules.runtime.ports.listening import listening
from rules.runtime.ports.nginx_listening import ipv4_alone
from rules.runtime.ports.probes import asking
from rules.runtime.starts.instructions import Written, shipped, started_by
from rules.runtime.starts.outside import texts_of_builds

_ASKED = re.compile(r"(?:(?P<scheme>http)://)?localhost(?::(?P<port>\d+))?(?:/[^\s'\"$]*)?", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w.-])localhost(?![\w.-])", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\d.])(?:0\.0\.0\.0|127\.0\.0\.1)(?![\d.])")
_NGINX = re.compile(r"nginx(?:inc/nginx-unprivileged)?\Z")


@rule(
    "healthcheck-localhost-ipv6",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("HEALTHCHECK",),
    mentions=("localhost",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The health check's `wget` takes `localhost` for `::1`, where the server does not listen."""
    if _is_decided_outside(change):
        return
    for found in shipped(change, "HEALTHCHECK"):
        asked = _asked(found)
        server = _server(change, found, asked[1]) if asked is not None else ""
        if asked is not None and server:
            yield _problem(found, asked[0], server)


def _is_decided_outside(change: DockerfileChange) -> bool:
    """Whether a compose file asks the container something else, or switches IPv6 off (`sysctls`)."""
    probed = any(build.probe for build in change.repository.builds_of(change.path))
    return probed or any("disable_ipv6" in text for text in texts_of_builds(change))


def _asked(found: Written) -> tuple[str, int] | None:
    """Return the address that BusyBox' `wget` asks for, by the name, and its port; `None` for all other probes."""
    commands = asking(found.start)
    if len(commands) != 1 or commands[0].name != "wget" or commands[0].conditional or not _has_busybox(found):
        return None
    matches = [match for word in commands[0].args if (match := _ASKED.fullmatch(word.value)) is not None]
    if len(matches) != 1 or _IPV4.search(str(commands[0])):
        return None
    return matches[0][0], number_of(matches[0]["port"] or "80")


def _has_busybox(found: Written) -> bool:
    """Whether `wget` is BusyBox': an Alpine image of a system, a language or nginx, and nothing brings GNU's."""
    stage, facts = found.stage, found.stage.facts
    plain = facts is not None and (facts.is_plain or _NGINX.match(facts.name) is not None)
    if facts is None or facts.distro != "alpine" or not plain or stage.runtime.is_copied("wget"):
        return False
    named = any("wget" in item.name for item in stage.packages.installed)
    return not named and not stage.runtime.may_gain_programs()


def _server(change: DockerfileChange, found: Written, port: int) -> str:
    """Say what listens on a port by IPv4 alone, a clause; empty where nothing surely does."""
    listen = ipv4_alone(change, found.stage).get(port)
    if listen is not None:
        return f"nginx listens on IPv4 alone ({quote(listen.text)} in {quote(listen.path)})"
    starts = list(started_by(found.stage))
    told = [(one, start) for start in starts if (one := listening(start)) is not None and one.port == port]
    if len(starts) != 1 or len(told) != 1 or len(starts[0].start.commands) != 1:
        return ""
    address = _IPV4.search(starts[0].start.text)
    if address is None or "[::" in starts[0].start.text:
        return ""
    return f"{quote(told[0][0].server)} listens on IPv4 alone ({quote(address[0])}, line {starts[0].instruction.line})"


def _problem(found: Written, url: str, server: str) -> Problem:
    return Problem(
        found.instruction.span,
        f"`HEALTHCHECK` of {found.stage.label} asks {quote(url)} with the `wget` of BusyBox, which takes the first "
        f"address of the name and tries no other: `::1`, in containers of Docker 26 and later. {server[0].upper()}"
        f"{server[1:]}, so every probe is refused and the container is reported unhealthy. Ask `127.0.0.1`.",
        Confidence.LIKELY,
        doubt="where containers have no IPv6 at all, the name means `127.0.0.1`",
        stage=found.stage.key,
        key=url,
        fix=_fix(found),
    )


def _fix(found: Written) -> Fix | None:
    """Write the address where the name stands once."""
    instruction, source = found.instruction, found.instruction.source
    text = source.cut(instruction.span)
    matches = list(_NAME.finditer(text))
    if len(matches) != 1:
        return None
    start = instruction.span.start + matches[0].start()
    place = source.span(start, start + len(matches[0][0]))
    return fix("Ask 127.0.0.1", put_instead(source, place, "127.0.0.1"))
