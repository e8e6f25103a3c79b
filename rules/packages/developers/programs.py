"""Whether a start calls a program of which nobody knows that it stays without the packages for developers."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.dockerfile.shell.script import parse
from rules.dockerfile.source import Source
from rules.facts.commands import BUSYBOX, DEBIAN
from rules.facts.installers import NODE_MANAGERS, SYSTEM_PROGRAMS
from rules.facts.node_programs import packages_of_node_program
from rules.packages.projects.package_json import called, commands_run
from rules.runtime.debugging.switches import builds_while_it_serves
from rules.runtime.starts.text import BUILTINS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.dockerfile.shell.command import Command
    from rules.packages.projects.package_json import Manifest

_FETCHERS = frozenset({"npx", "pnpx", "bunx"})
_OF_ITSELF = NODE_MANAGERS | SYSTEM_PROGRAMS | BUILTINS | BUSYBOX | DEBIAN | {"nodejs"}
"""Programs that no package of the project has to bring."""
_PROGRAM = re.compile(r"[a-z][\w.-]*")
_IN_MODULES = "node_modules/.bin/"


def commands_of_scripts(lines: Iterable[str], manifest: Manifest | None) -> list[Command]:
    """Return the commands that the scripts of package.json come to which are started.

    Args:
        lines: What the container starts.
        manifest: The package.json.
    """
    scripts = manifest.scripts if manifest is not None else {}
    names = (name for command in commands_of_lines(lines) for name in called(command))
    return [command for name in names for command in commands_run(scripts, name)]


def calls_unknown_program(lines: Iterable[str], manifest: Manifest | None) -> bool:
    """Tell whether a start calls a program that none of a manifest's own packages is known to bring.

    One of those for developers may then bring it under another name, as `ts-node-dev` brings `tsnd`. Scripts find
    programs by their bare names, since npm puts `node_modules/.bin` on their PATH; other lines name the folder or a
    fetcher such as `npx`.

    Args:
        lines: What the container starts.
        manifest: The package.json; nothing is told of one that asks for no packages for developers.
    """
    if manifest is None or not manifest.packages("devDependencies"):
        return False
    lines = list(lines)
    brought = manifest.own | {part.removeprefix("@") for name in manifest.own for part in name.split("/")}
    found = {_program(command, bare=True) for command in commands_of_scripts(lines, manifest)}
    found |= {_program(command, bare=False) for command in commands_of_lines(lines)}
    return any(brought.isdisjoint(packages_of_node_program(name)) for name in found - {""})


def serves_a_build(lines: Iterable[str], manifest: Manifest | None) -> bool:
    """Tell whether a start is a front end's development server: its build loads packages for developers by itself.

    Args:
        lines: What the container starts.
        manifest: The package.json that says what a script is.
    """
    lines = list(lines)
    return any(map(builds_while_it_serves, (*commands_of_lines(lines), *commands_of_scripts(lines, manifest))))


def commands_of_lines(lines: Iterable[str]) -> Iterator[Command]:
    """Yield the commands of lines that the container starts, as a shell reads them."""
    for line in lines:
        yield from parse(line, Source("start", line), 0, dialect="sh", joined=False).commands


def _program(command: Command, *, bare: bool) -> str:
    """Return the program of a package that a command calls; empty where it calls none."""
    path = command.called
    words = [word.value for word in command.args if "=" not in word.value]
    if command.name in _FETCHERS:
        name = next((word for word in words if not word.startswith("-")), "")
        return name if _PROGRAM.fullmatch(name) else ""
    if command.name == "cross-env":
        return _plain(words[0]) if words else ""
    if _IN_MODULES in path:
        return posixpath.basename(path)
    return _plain(command.name) if bare and "/" not in path else ""


def _plain(name: str) -> str:
    return name if _PROGRAM.fullmatch(name) and name not in _OF_ITSELF else ""
