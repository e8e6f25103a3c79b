"""The port that a file of the project has a Python server listen on: the script that starts, gunicorn's settings."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.brought import unedited
from rules.numbers import number_of
from rules.quoting import quote
from rules.runtime.ports.listening import PORT, Listening
from rules.runtime.starts.instructions import commands_of

if TYPE_CHECKING:
    from rules.api import Command, DockerfileChange
    from rules.runtime.starts.instructions import Written

_RUNS = re.compile(r"(?<![\w.])(?P<server>uvicorn\.run|hypercorn\.run|web\.run_app|waitress\.serve|app\.run|serve)\(")
"""Calls that serve until the process ends: of uvicorn, aiohttp, Waitress and Flask, each with the keyword `port`."""
_KEYWORD = re.compile(r"(?<!\w)port\s*=\s*(?P<value>[^\s,)]*)")
_DECIDED_ELSEWHERE = re.compile(r"PORT(?![a-z])|--port|[\"']port[\"']|(?<![\w.])(?:exec|fork|Popen|subprocess)\b")
"""What in a script says that the port may be another one, or that it starts further programs."""
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#.*$")
_BIND = re.compile(r"(?m)^[ \t]*bind\b[^=\n]*=[ \t]*(?P<value>.*)$")
_LITERAL = re.compile(r"[\"'](?P<text>[^\"'\\{}$%]*)[\"']")
_SWITCHES = frozenset("-u -O -OO -B -E -I -s".split())
"""Options of Python that take no value (`python --help`)."""
_OWN_SETTINGS = "gunicorn.conf.py"
"""What gunicorn reads in the folder where it is started ("Settings", `config`)."""


def listening_in_files(change: DockerfileChange, start: Written) -> Listening | None:
    """Return the server whose literal port stands in a file that a start command reads; `None` for all else."""
    commands = [command for command in commands_of(start) if command.words]
    if len(commands) != 1 or commands[0].conditional or start.stage.runtime.is_windows:
        return None
    command = commands[0]
    if command.name == "gunicorn":
        return _of_gunicorn(change, start, command)
    return _of_script(change, start, command) if re.fullmatch(r"python3?(?:\.\d+)?", command.name) else None


def _of_gunicorn(change: DockerfileChange, start: Written, command: Command) -> Listening | None:
    if command.has("--bind", "-b") or "GUNICORN_CMD_ARGS" in start.stage.image.env or command.has("--chdir"):
        return None
    named = (command.option("--config", "-c") or _OWN_SETTINGS).removeprefix("file:")
    found = _read(change, start, named)
    if found is None:
        return None
    path, text = found
    binds = _BIND.findall(text)
    literal = _LITERAL.fullmatch(binds[0].strip()) if len(binds) == 1 and "environ" not in binds[0] else None
    match = PORT.search(literal["text"]) if literal is not None else None
    return Listening("gunicorn", number_of(match[1]), f"bind = {binds[0].strip()}", _place(path)) if match else None


def _of_script(change: DockerfileChange, start: Written, command: Command) -> Listening | None:
    words = [word.value for word in command.args if word.value not in _SWITCHES]
    if len(words) != 1 or not words[0].endswith(".py"):
        return None  # options of the script may say a port
    found = _read(change, start, words[0])
    if found is None:
        return None
    path, text = found
    runs, ports = _RUNS.findall(text), _KEYWORD.findall(text)
    if len(runs) != 1 or len(ports) != 1 or not ports[0].isdecimal() or _DECIDED_ELSEWHERE.search(text):
        return None
    match = PORT.search(ports[0])
    return (
        Listening(posixpath.basename(words[0]), number_of(match[1]), f"port={ports[0]}", _place(path))
        if match
        else None
    )


def _read(change: DockerfileChange, start: Written, name: str) -> tuple[str, str] | None:
    """Return the path in the repository and the text, without comments, of a file by what a command calls it."""
    folder = start.stage.image.workdir.value
    if "$" in name or ":" in name or (folder is None and not name.startswith("/")):
        return None
    file = unedited(change, start.stage, posixpath.normpath(posixpath.join(folder or "/", name)))
    return (file.path, _COMMENT.sub("", file.text)) if file is not None else None


def _place(path: str) -> str:
    return f" in {quote(path)}"
