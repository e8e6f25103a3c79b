"""What asks for a container's health: with which programs, at which address, and how other programs ask it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Source, parse_shell
from rules.numbers import number_of
from rules.runtime.starts.text import shell_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Build, Command, DockerfileChange, Stage, Start

_LOCAL = re.compile(
    r"(?P<scheme>https?)://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::(?P<port>\d+))?(?![\w.:$-])(?P<path>[^\s'\"`)]*)",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):(?P<port>\d+)(?:[/?].*)?", re.IGNORECASE)
"""An address without a scheme, which `curl` and `wget` take for HTTP."""
CLIENTS = frozenset({"curl", "wget"})
_ADDRESS_OPTIONS = {"cgi-fcgi": "-connect", "grpc_health_probe": "-addr", "grpc-health-probe": "-addr"}
"""Clients that an option tells where to ask (cgi-fcgi(1); grpc-ecosystem/grpc-health-probe's README)."""
_PLAIN_URL = re.compile(r"https?://[\w.:/?=%+~-]+\Z", re.ASCII)
GIVING_UP = frozenset({"exit", "false", "true", "kill", "return", ":"})
"""Commands of a probe that ask nothing: they say how it ends."""
_NODE_WITH_FETCH = 18
_CONNECTORS = frozenset({"nc", "ncat", "netcat"})
_HERE = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1"})  # noqa: S104 - what a probe asks, nothing is bound
_HOST_AND_PORT = 2


def asking(start: Start) -> tuple[Command, ...]:
    """Return the commands of a probe that ask something, without those that only say how it ends."""
    return tuple(command for command in shell_commands(start) if command.name not in GIVING_UP)


class Address(NamedTuple):
    """An address of the container itself that a command asks."""

    url: str
    port: int


def addresses(start: Start) -> Iterator[Address]:
    """Yield the addresses of the container itself that a command asks: those of a socket's file have no port."""
    if any(command.has("--unix-socket", "--abstract-unix-socket") for command in start.commands):
        return
    for match in _LOCAL.finditer(start.text):
        port = match["port"] or ("443" if match["scheme"].lower() == "https" else "80")
        yield Address(match[0], number_of(port))
    for command in start.commands:
        words = [word.value for word in command.args if not word.value.startswith("-")]
        told = command.option(_ADDRESS_OPTIONS[command.name]) if command.name in _ADDRESS_OPTIONS else None
        asked = words if command.name in CLIENTS else [told] if told is not None else []
        bare = (_BARE.fullmatch(word) for word in asked)
        yield from (Address(match[0], number_of(match["port"])) for match in bare if match is not None)
        if command.name in _CONNECTORS and len(words) == _HOST_AND_PORT and words[0] in _HERE and words[1].isdecimal():
            yield Address(f"{words[0]}:{words[1]}", number_of(words[1]))


def url_of(command: Command) -> str | None:
    """Return the one literal URL that a plain `curl` or `wget` asks, `None` for anything cleverer."""
    urls = [word.value for word in command.args if word.value.startswith(("http://", "https://"))]
    odd = command.has(
        "-X", "--request", "-H", "--header", "-d", "--data", "--post-data", "--cacert", "--unix-socket", "-k"
    )
    return urls[0] if len(urls) == 1 and not odd and _PLAIN_URL.match(urls[0]) else None


def probe_with_what_is_there(stage: Stage, url: str) -> tuple[str, ...] | None:
    """Return the words of a probe that needs nothing but the image's own language or tools."""
    runtime = stage.runtime
    if runtime.has_tool("wget"):
        return ("wget", "-q", "-O", "/dev/null", url)
    if runtime.has_tool("curl"):
        return ("curl", "-fsS", "-o", "/dev/null", url)
    if runtime.has_tool("python") and "python" in runtime.languages:
        return ("python", "-c", f"import urllib.request; urllib.request.urlopen('{url}', timeout=3)")
    major = (runtime.languages.get("node") or "").partition(".")[0]
    if "node" in runtime.languages and major.isdecimal() and int(major) >= _NODE_WITH_FETCH:
        place = stage.facts.off_path("node") if stage.facts is not None else None
        return (place or "node", "-e", f"fetch('{url}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))")
    return None


def probe_commands(build: Build) -> tuple[Command, ...]:
    """Return the commands with which a build's health is asked; none where they cannot be read."""
    if not build.probe:
        return ()
    probe = parse_shell(build.probe, Source("healthcheck", build.probe), 0, dialect="sh", joined=False)
    return probe.commands if not probe.errors else ()


def asked_with(change: DockerfileChange, stage: Stage) -> tuple[str, ...]:
    """Return the programs with which the health of an image is asked: by the file itself, and by compose files."""
    own = stage.image.healthcheck.value
    commands = list(own.commands) if own is not None else []
    for build in change.builds_of(stage):
        commands += probe_commands(build)
    return tuple(dict.fromkeys(command.name for command in commands if command.name))
