"""Servers that listen on the loopback address: because they are told to, or because nobody tells them anything."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.runtime.starts.instructions import behind_init, reads_code
from rules.runtime.starts.text import shell_commands

if TYPE_CHECKING:
    from rules.api import Start

_LOOPBACK = re.compile(r"(?:127(?:\.\d+){3}|localhost|\[?::1\]?)(?::\d+)?\Z", re.IGNORECASE)
_PLACE = re.compile(r"(?:\S+:)?\d{2,5}\Z")
_RUNNERS = frozenset({"poetry", "uv", "pipenv", "pdm", "hatch", "rye"})
_IN_FRONT = frozenset("exec opentelemetry-instrument ddtrace-run python python3 -m -u -O -B".split())


class Server(NamedTuple):
    """How a server is told where to listen.

    Attributes:
        options: Options that hold the address.
        variable: The environment variable that does; empty when there is none.
        elsewhere: Options with which it takes the address from another place, or listens on none.
        verbs: The subcommands that serve; none when the program has none.
        alone: Whether it listens on the loopback address when nothing is said.
        advice: What to write.
    """

    options: tuple[str, ...]
    variable: str = ""
    elsewhere: tuple[str, ...] = ()
    verbs: frozenset[str] = frozenset()
    alone: bool = True
    advice: str = "--host 0.0.0.0"


_SERVERS = {
    "uvicorn": Server(("--host",), "UVICORN_HOST", ("--uds", "--fd")),
    "granian": Server(("--host",), "GRANIAN_HOST", ("--uds",)),
    "hypercorn": Server(("-b", "--bind"), "", ("-c", "--config"), advice="--bind 0.0.0.0:8000"),
    "daphne": Server(("-b", "--bind"), "", ("-e", "--endpoint", "-u", "--fd"), advice="-b 0.0.0.0"),
    "gunicorn": Server(("-b", "--bind"), "GUNICORN_CMD_ARGS", ("-c", "--config"), advice="--bind 0.0.0.0:8000"),
    "flask": Server(("-h", "--host"), "FLASK_RUN_HOST", verbs=frozenset({"run"})),
    "quart": Server(("-h", "--host"), verbs=frozenset({"run"})),
    "fastapi": Server(("--host",), verbs=frozenset({"dev"})),
    "litestar": Server(("-H", "--host"), "LITESTAR_HOST", ("-U", "--uds"), frozenset({"run"})),
    "mlflow": Server(("-h", "--host"), "MLFLOW_HOST", verbs=frozenset({"server", "ui"})),
    "artisan": Server(("--host",), "SERVER_HOST", verbs=frozenset({"serve"})),
    "mkdocs": Server(("-a", "--dev-addr"), "", ("-f",), frozenset({"serve"}), advice="--dev-addr 0.0.0.0:8000"),
    "hugo": Server(("--bind",), "", (), frozenset({"server", "serve"}), advice="--bind 0.0.0.0"),
    "rails": Server(("-b", "--binding"), "BINDING", (), frozenset({"server", "s"}), alone=False, advice="-b 0.0.0.0"),
    "vite": Server(("--host",), alone=False),
    "streamlit": Server(("--server.address",), alone=False, advice="--server.address 0.0.0.0"),
    "http.server": Server(("-b", "--bind"), alone=False, advice="--bind 0.0.0.0"),
    "php": Server(("-S",), alone=False, advice="-S 0.0.0.0:8000"),
}


class Bound(NamedTuple):
    """A server that only the container itself reaches.

    Attributes:
        server: Its name.
        text: The address as written; empty where nothing is said.
        variable: The environment variable that would say it; empty when there is none.
        advice: What to write.
    """

    server: str
    text: str
    variable: str
    advice: str


def words_of_server(start: Start) -> tuple[str, ...]:
    """Return program and arguments of what a start command ends with; empty where that cannot be told."""
    if start.form == "exec" and not reads_code(start.words):
        return behind_init(start.words)
    commands = shell_commands(start)
    last = commands[-1] if commands else None
    if last is None or last.conditional or last.program is None or last.assignments:
        return ()
    return last.argv


def bound_to_loopback(words: tuple[str, ...]) -> Bound | None:
    """Return the server that a command starts on the loopback address, `None` for any other, as far as is known.

    Args:
        words: The program and its arguments.
    """
    words = behind_runners(words)
    if not words or any("$" in word or "`" in word for word in words):
        return None
    if "runserver" in words:
        return _django(words[words.index("runserver") + 1 :])
    name = posixpath.basename(words[0])
    if name == "php" and words[1:2] and posixpath.basename(words[1]) == "artisan":
        name, words = "artisan", words[1:]
    server = _SERVERS.get(name)
    return _bound(name, server, words[1:]) if server is not None else None


def _bound(name: str, server: Server, args: tuple[str, ...]) -> Bound | None:
    serves = not server.verbs or not server.verbs.isdisjoint(args)
    if not serves or any(word.partition("=")[0] in server.elsewhere for word in args):
        return None
    given = _values(args, server.options)
    if not given:
        return Bound(name, "", server.variable, server.advice) if server.alone else None
    if not all(map(_LOOPBACK.match, given)):
        return None
    return Bound(name, given[0], server.variable, _at_same_port(server.advice, given[0]))


def behind_runners(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the program behind what runs it: `uv run --frozen uvicorn …`, `python -m uvicorn …`.

    Args:
        words: The program and its arguments.
    """
    while words:
        name = posixpath.basename(words[0])
        if name in _RUNNERS and "run" in words[1:]:
            words = words[words.index("run") + 1 :]
            while words and words[0][:2] == "--":
                words = words[1:]
        elif name in _IN_FRONT or (name == "bundle" and words[1:2] == ("exec",)):
            words = words[2 if name == "bundle" else 1 :]
        else:
            break
    return words


def _django(args: tuple[str, ...]) -> Bound | None:
    place = next((word for word in args if _PLACE.match(word)), "")
    host = place.rpartition(":")[0]
    if host and not _LOOPBACK.match(host):
        return None
    return Bound("runserver", place, "", _at_same_port("runserver 0.0.0.0:8000", place))


def _at_same_port(advice: str, place: str) -> str:
    """Keep the port that is written out."""
    port = place.rpartition(":")[2]
    return re.sub(r":\d+\Z", f":{port}", advice) if port.isdecimal() else advice


def _values(args: tuple[str, ...], options: tuple[str, ...]) -> list[str]:
    """Return the values that options are given: `--host=a`, `--host a`, `-ba`."""
    found: list[str] = []
    for at, word in enumerate(args):
        for option in options:
            if word == option:
                found += args[at + 1 : at + 2]
            elif word.startswith(f"{option}="):
                found.append(word[len(option) + 1 :])
            elif len(option) == len("-b") and word.startswith(option):
                found.append(word[len(option) :])
    return found
