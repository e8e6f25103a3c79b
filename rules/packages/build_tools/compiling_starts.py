"""Whether what a container starts compiles, or may: a script, or a program that calls a compiler."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.brought import place_of, text_at
from rules.dockerfile.shell.script import parse
from rules.dockerfile.source import Source
from rules.packages.build_tools.packages import COMPILERS
from rules.runtime.starts.scripts import EVERY_ARGUMENT

if TYPE_CHECKING:
    from collections.abc import Collection

    from rules.api import Command, DockerfileChange, Stage

_INSTALLERS = frozenset({"pip", "pip3", "uv", "poetry", "npm", "pnpm", "yarn", "gem", "bundle", "R", "Rscript"})
_INSTALLING = frozenset({"install", "ci", "sync", "rebuild"})
_CALLED = re.compile(r"[\"'](?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|make|cmake|rustc|cargo|javac|ghc|nvcc)[\"' ]")
"""A program within quotes, as code names one that it calls: `subprocess.run(["g++", "-o", …])`."""
_STARTED = COMPILERS | {"maturin", "cibuildwheel", "auditwheel", "cross", "tox", "nox"}
"""Compilers, and programs that call one for the project that they are given."""
_CODE = (".py", ".js", ".mjs", ".rb", ".php", ".pl")


def names_compiler(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether the container starts a compiler, or code that names one: a judge of programs, say."""
    starts = [setting.value for setting in stage.image.start_command if setting.value is not None]
    if any(start.program in _STARTED for start in starts):
        return True
    files = (word for start in starts for text in start.words for word in text.split() if word.endswith(_CODE))
    places = (place_of(stage, file if "/" in file else f"./{file}") for file in files)
    return any(_CALLED.search(text_at(change, stage, place) or "") for place in places if place is not None)


def compiles(script: str) -> bool:
    """Tell whether a start script of this text compiles, installs what may, or runs a command that it is given."""
    commands = parse(script, Source("script", script), 0, dialect="sh", joined=False).commands
    own = {name for command in commands for name, _ in command.assignments}
    return any(
        command.name in COMPILERS
        or (command.name in _INSTALLERS and any(word.value in _INSTALLING for word in command.args[:2]))
        or _is_given(command, own)
        for command in commands
    )


_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


def _is_given(command: Command, own: Collection[str]) -> bool:
    """Whether it is whatever a variable says: `eval "$STARTUP"`, and `exec $STARTUP` where nothing here sets it."""
    if command.name == "eval":
        first = " ".join(word.value for word in command.args).partition(" ")[0]
        return bool(_VARIABLE.match(first) or first in EVERY_ARGUMENT)
    named = _VARIABLE.fullmatch(command.name)
    return named is not None and named[1] not in own
