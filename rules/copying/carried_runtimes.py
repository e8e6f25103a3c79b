"""Folders that carry the runtime of the image they were made in: of Erlang, .NET or Java."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.dotnet_targets import publishes
from rules.copying.installs import folder_of
from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run, Stage

_PLATFORM = re.compile(r"linux-(?P<musl>musl-)?(?:x64|x86|arm64|arm)")
_NOT_OWN_MODULES = re.compile(r"(?:-p|--module-path)[ =](?!\"?\$\{?JAVA_HOME)")
"""The option with which `jlink` takes the modules of another JDK, perhaps of another system."""


class Carried(NamedTuple):
    """A folder with a runtime in it.

    Attributes:
        path: The folder, absolute.
        what: How a message calls it.
        runtime: What in it is linked with the C library.
        libc: The C library.
        doubt: What is not known.
    """

    path: str
    what: str
    runtime: str
    libc: str | None
    doubt: str


@once
def carried_runtimes(builder: Stage) -> tuple[Carried, ...]:
    """Return the folders with a runtime in them that the commands of a chain write by name."""
    return tuple(_carried(builder))


def _carried(builder: Stage) -> Iterator[Carried]:
    libc = builder.runtime.libc
    for run in builder.done_runs:
        for command in run.calls("mix"):
            folder = _of_mix(run, command)
            if folder:
                doubt = "the release may be built without Erlang (`include_erts: false`)"
                yield Carried(folder, "the release", "The Erlang in it", libc, doubt)
        for command in run.calls("jlink"):
            folder = java_runtime(run, command)
            if folder and not _NOT_OWN_MODULES.search(str(command)):
                yield Carried(folder, "the Java runtime", "Its `java`", libc, "the modules may be those of another JDK")
    for published in publishes(builder):
        for_libc = _libc_of(published.platform, libc) if published.alone else None
        if for_libc is not None:
            doubt = "the project's file may name another platform"
            yield Carried(published.path, "the .NET program", "What starts it", for_libc, doubt)


def _of_mix(run: Run, command: Command) -> str | None:
    """Return the folder that `mix release` writes to."""
    if "release" not in (word.value.strip(",") for word in command.args):
        return None
    path = command.option("--path")
    named = run.scope.expand(path) if path else "_build"
    return run.resolve(named) if named else None


def java_runtime(run: Run, command: Command) -> str | None:
    """Return the folder that a `jlink` writes to, absolute where that can be told."""
    folder = command.option("--output")
    named = run.scope.expand(folder) if folder else None
    base = folder_of(run, command)
    if not named or named.startswith("/"):
        return named or None
    return f"{base.rstrip('/')}/{named}" if base else named


def _libc_of(platform: str | None, here: str | None) -> str | None:
    """Return the C library of a runtime identifier; that of the builder where none is named."""
    if platform is None:
        return here
    found = _PLATFORM.fullmatch(platform)
    return None if found is None else "musl" if found["musl"] else "glibc"
