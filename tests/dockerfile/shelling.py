"""Short ways to read shell code in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.dockerfile.package_calls import package_calls
from rules.dockerfile.shell.script import Script, parse, script_of
from rules.dockerfile.source import Source
from tests.dockerfile.reading import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.dockerfile.source import Span


def script(code: str, *, dialect: str = "sh", joined: bool = False) -> Script:
    return parse(code, Source("Dockerfile", code), 0, dialect=dialect, joined=joined)


def commands(code: str) -> tuple[Command, ...]:
    return script(code).commands


def one(code: str) -> Command:
    (command,) = commands(code)
    return command


def names(code: str) -> list[str]:
    return [command.name for command in commands(code)]


def values(code: str) -> list[str]:
    """Return the words of the only command as the program gets them."""
    return [word.value for word in one(code).words]


def where(code: str, mark: str) -> list[str]:
    """Return the names of the commands that have a mark, such as `conditional`."""
    return [command.name for command in commands(code) if getattr(command, mark)]


def last_script(text: str, *, shell: tuple[str, ...] | None = None) -> Script:
    """Return what the last instruction of a Dockerfile runs."""
    return script_of(read("FROM a\n" + text).instructions[-1], shell=shell)


def text_at(found: Script, span: Span) -> str:
    """Return the text of the file at a span of one of a script's commands."""
    return found.commands[0].source.cut(span)


def calls(code: str, env: Mapping[str, str] | None = None) -> tuple[PackageCall, ...]:
    return package_calls(script(code), env)


def call(code: str, env: Mapping[str, str] | None = None) -> PackageCall:
    (found,) = calls(code, env)
    return found


def packages(code: str, env: Mapping[str, str] | None = None) -> list[str]:
    """Return what the only call asks for, each as name, version and, when it is no plain name, kind."""
    shown = []
    for package in call(code, env).packages:
        kind = "" if package.kind == "name" else f"({package.kind})"
        shown.append(" ".join(filter(None, (package.name, package.version, kind))))
    return shown
