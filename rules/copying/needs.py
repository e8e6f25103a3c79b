"""Files of the project that a container asks for when it starts: in its start command, or in the script that runs."""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.context.origins import origin
from rules.model.puts import within, within_any
from rules.model.run_writes import CARRIERS, carried_by, texts_written
from rules.packages.projects.files import in_repository
from rules.packages.projects.package_json import called, commands_run, scripts_of
from rules.runtime.starts.instructions import shipped
from rules.runtime.starts.scripts import start_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rules.api import Command, DockerfileChange, Instruction, Stage
    from rules.runtime.starts.instructions import Written

_ENDINGS = (
    ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php", ".sh", ".pl", ".exs", ".ini", ".cfg", ".conf", ".toml", ".yaml",
    ".yml", ".json", ".xml", ".properties", ".sql", ".ru", ".jar", ".env",
)  # fmt: skip
"""Of files that a command is given by name."""
_PLACE = re.compile(r"^--?[\w-]*(?:path|dir|directory|folder|config|file)$")
"""An option that is given a path, whatever that looks like."""
_WRITTEN = re.compile(r"^--?(?:o|out|output|outfile|dest|destination|target|save|write)(?:-(?:file|path|dir))?$")
"""An option that is given a path which the command makes."""
_SILENT = frozenset("cd chgrp chmod chown echo export mkdir printf rm set source . test [ [[ touch unset".split())
"""Commands of a script that make what they name, or ask whether it is there."""
_ASKING = frozenset({"test", "[", "[["})
_USUAL = {
    "alembic": ("alembic.ini",),
    "flask": ("migrations",),
    "knex": ("knexfile.js",),
    "node-pg-migrate": ("migrations",),
    "prisma": ("prisma",),
    "rails": ("bin/rails",),
    "rake": ("Rakefile",),
    "sequelize": ("migrations",),
    "sequelize-cli": ("migrations",),
}
"""What tools that bring a database up to date read in the folder where they run (their manuals)."""
_TASKS = frozenset(
    "upgrade migrate migrate:latest db db:migrate db:prepare db:setup db:seed:all up current stamp".split()
)
"""Words with which they do so."""


class Need(NamedTuple):
    """A file or folder that is asked for.

    Attributes:
        path: In the image, absolute.
        command: As a message quotes it.
        script: The start script that holds the command, its path in the repository; `None` for the instruction itself.
        instruction: What starts it.
        sure: Whether the command runs in any case.
        forgiven: Whether something else is done where it fails.
    """

    path: str
    command: str
    script: str | None
    instruction: Instruction
    sure: bool = True
    forgiven: bool = False


def needs_of(change: DockerfileChange, stage: Stage) -> Iterator[Need]:
    """Yield what a shipped stage asks for when it starts, as far as the words name it."""
    for found in shipped(change):
        if found.stage is not stage or stage.runtime.is_windows:
            continue
        folder = stage.image.workdir.value or "/"
        yield from _named(found, found.start.commands, folder, None)
        script = start_script(change, found, through_stages=True)
        if script is not None:
            yield from _named(found, script.commands, folder, script.path)
        yield from _of_package(change, found, folder)


def _of_package(change: DockerfileChange, found: Written, folder: str) -> Iterator[Need]:
    """Yield what the script of a package.json asks for that a start command runs: `npm start`."""
    names = [name for command in found.start.commands for name in called(command)]
    path, scripts = package_of(change, found.stage, folder) if names else (None, {})
    for name in names:
        yield from _named(found, list(commands_run(scripts, name)), folder, path)


def package_of(change: DockerfileChange, stage: Stage, folder: str) -> tuple[str | None, dict[str, str]]:
    """Return the package.json that a stage has in a folder, its path in the repository, with its scripts.

    Args:
        change: The change; of its repository the file must have been read.
        stage: The stage.
        folder: Absolute.
    """
    places = sorted(origin(stage, posixpath.join(folder, "package.json")).paths)
    for place in places:
        path = in_repository(change, place)
        text = change.repository.text(path) if path is not None else None
        if text is not None:
            return path, scripts_of(text)
    return None, {}


def _named(found: Written, commands: Sequence[Command], folder: str | None, script: str | None) -> Iterator[Need]:
    asked = {word.value for command in commands if command.name in _ASKING for word in command.args}
    made: set[str] = set()
    for command in commands:
        if command.name in ("cd", "pushd", "popd"):
            folder = _moved(folder, command) if command.name != "popd" else None
            continue
        read = _files(command) if command.name not in _SILENT else ()
        made.update(path for word in _made(command) if (path := _at(folder, word)))
        for word in read:
            path = _at(folder, word)
            is_asked = word in asked or any(within(path, other) for other in _absolute(asked))
            if path and not is_asked and not within_any(path, made):
                sure, forgiven = not command.conditional, command.after == "||"
                yield Need(path, str(command), script, found.instruction, sure, forgiven)


def _at(folder: str | None, word: str) -> str:
    """Return where a word leads; empty where the folder is not known."""
    return posixpath.normpath(posixpath.join(folder or "", word)) if word.startswith("/") or folder else ""


def _made(command: Command) -> Iterator[str]:
    """Yield what a command makes or fills: `cp` makes its last operand, but the folder that it puts files into."""
    taken = carried_by(command) if command.name in CARRIERS else ()
    whole = command.has("-r", "-R", "-a", "-D", "-d", "--recursive", "--archive")
    words = [word.value for word in command.words]
    yield from (word.partition("=")[2] for word in words if "=" in word and _WRITTEN.match(word.partition("=")[0]))
    yield from (word for before, word in pairwise(words) if _WRITTEN.match(before))
    for text, _, _ in texts_written(command):
        if text.strip("./") and (whole or not taken or not (text.endswith("/") or len(taken) > 1)):
            yield text


def _absolute(words: Iterable[str]) -> Iterator[str]:
    return (word for word in words if word.startswith("/"))


def _moved(folder: str | None, command: Command) -> str | None:
    """Return the folder behind a `cd`; `None` when it is not known."""
    word = command.args[0].value if command.args else "$HOME"
    if "$" in word or "~" in word or command.conditional or (folder is None and not word.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(folder or "/", word))


def _files(command: Command) -> Iterator[str]:
    """Yield the words of a command that name a file, and what its tool reads unnamed."""
    words = [word.value for word in command.words]
    for option, word in zip(["", *words], words, strict=False):
        if _WRITTEN.match(option) or (word.startswith("-") and _WRITTEN.match(word.partition("=")[0])):
            continue
        text = word.partition("=")[2] if word.startswith("-") else word
        is_path = "/" in text or text.endswith(_ENDINGS) or (text == word and _PLACE.search(option))
        if text and is_path and not any(mark in text for mark in "$*?[{:@~ \n"):
            yield text
    for place, word in enumerate(words):
        if word in _USUAL and not _TASKS.isdisjoint(words[place + 1 : place + 4]):
            yield from _USUAL[word]
