"""The port that a start command is told to listen on."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import is_script
from rules.numbers import number_of
from rules.runtime.starts.instructions import commands_of, started_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Stage
    from rules.runtime.starts.instructions import Written

_SERVERS = {
    "gunicorn": ("--bind", "-b"),
    "uvicorn": ("--port",),
    "hypercorn": ("--bind", "-b"),
    "granian": ("--port",),
    "daphne": ("--port", "-p"),
    "waitress-serve": ("--port", "--listen"),
    "flask": ("--port", "-p"),
    "fastapi": ("--port",),
    "streamlit": ("--server.port",),
    "rails": ("--port", "-p"),
    "puma": ("--port", "-p", "--bind", "-b"),
    "rackup": ("--port", "-p"),
    "next": ("--port", "-p"),
    "vite": ("--port",),
    "serve": ("--listen", "-l", "--port", "-p"),
    "http-server": ("--port", "-p"),
    "jupyter": ("--port",),
    "mlflow": ("--port", "-p"),
    "chainlit": ("--port",),
    "redis-server": ("--port",),
    "php": ("-S",),
}
"""Servers and the options that hold their port or address."""

PORT = re.compile(r"(?:^|:)(\d{2,5})\Z")
"""The port at the end of an address."""
_DJANGO = re.compile(r"(?:[\w.\[\]:]*:)?(\d{2,5})\Z")


class Listening(NamedTuple):
    """A server with a literal port.

    Attributes:
        server: Its name.
        port: The port.
        text: The option's value as written.
        place: Where it stands, behind it in a sentence; empty for the start command.
    """

    server: str
    port: int
    text: str
    place: str = ""


class OfBase(NamedTuple):
    """A server that the base image brings, and the port on which it listens as long as nobody says another.

    Attributes:
        server: Its name.
        port: The port.
        why: Where that is said, a clause.
        way_out: How to have it listen on another one, `{}` for the port.
    """

    server: str
    port: int
    why: str
    way_out: str


def listening_of_base(stage: Stage) -> OfBase | None:
    """Return the server of a base image that nothing in the file tells to listen elsewhere.

    ASP.NET Core from .NET 8 on ("Default ASP.NET Core port changed from 80 to 8080"), and the unprivileged nginx.
    """
    name = stage.facts.name if stage.facts is not None else ""
    if name.endswith("/dotnet/aspnet"):
        return _aspnet(stage)
    if name.endswith("/nginx-unprivileged") and not _is_configured(stage, "/etc/nginx"):
        return OfBase("nginx", _UNPRIVILEGED, "the configuration of the base image says so", "copy one that has {}")
    return None


_UNPRIVILEGED = 8080
SAYS_WHERE = re.compile(r"url|port", re.IGNORECASE)
_OF_THE_SYSTEM = ("/bin/", "/sbin/", "/usr/", "/etc/", "/init")
_ASPNET = "ASPNETCORE_HTTP_PORTS"


def _aspnet(stage: Stage) -> OfBase | None:
    env, image = stage.image.env, stage.image
    ports = env.get(_ASPNET)
    if ports is None or ports.set_in_file or ports.value is None or not ports.value.isdecimal():
        return None
    if any(setting.set_in_file and SAYS_WHERE.search(name) for name, setting in env.items()):
        return None
    starts = [setting.value for setting in image.start_command if setting.set_in_file and setting.value is not None]
    if not starts or any(SAYS_WHERE.search(start.text) or any(map(is_script, start.words)) for start in starts):
        return None
    if not _is_of_dotnet(started_words(stage)):
        return None
    return OfBase("ASP.NET Core", int(ports.value), f"the base image sets `{_ASPNET}`", f"set `ENV {_ASPNET}={{}}`")


def _is_of_dotnet(words: tuple[str, ...]) -> bool:
    """Whether a start is .NET's, or a program of the project's own: a supervisor gives each program its settings."""
    program = words[0] if words else ""
    return posixpath.basename(program) == "dotnet" or ("/" in program and not program.startswith(_OF_THE_SYSTEM))


def _is_configured(stage: Stage, folder: str) -> bool:
    """Whether an instruction may have changed the files in a folder."""
    files = stage.files
    if files.has_unreadable_run or files.below(folder) or any(put.tree for put in files.covering(folder)):
        return True
    return any(folder in run.instruction.text or "listen" in run.instruction.text for run in stage.all_runs)


def listening(start: Written) -> Listening | None:
    """Return the one server that a start command runs with a literal port, `None` when there is none or several."""
    found = tuple(dict.fromkeys(item for command in commands_of(start) for item in _of(command)))
    return found[0] if len(found) == 1 else None


def _of(command: Command) -> Iterator[Listening]:
    name, values = command.name, [word.value for word in command.args]
    if name in ("python", "python3") and "-m" in values:
        at = values.index("-m") + 1
        name = values[at] if at < len(values) else name
        if name == "http.server":
            port = next((value for value in values[at + 1 :] if value.isdecimal()), None)
            if port is not None:
                yield Listening("http.server", number_of(port), port)
            return
    if "runserver" in values:
        address = next((value for value in values[values.index("runserver") + 1 :] if not value.startswith("-")), "")
        match = _DJANGO.match(address)
        if match is not None:
            yield Listening("runserver", number_of(match[1]), address)
        return
    if name == "java":
        values = [value for value in values if value.startswith(("-Dserver.port=", "--server.port="))]
        port = values[-1].partition("=")[2] if values else ""
        if port.isdecimal():
            yield Listening("java", number_of(port), values[-1])
        return
    if name in ("npx", "bunx"):
        name = next((value for value in values if not value.startswith("-")), name)
    options = _SERVERS.get(name)
    value = command.option(*options) if options is not None else None
    match = PORT.search(value) if value is not None else None
    if match is not None and value is not None and "$" not in value:
        yield Listening(name, number_of(match[1]), value)
