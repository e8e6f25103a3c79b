"""Folders that carry the runtime of the image they were made in: of Erlang, .NET, Java or Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.outputs.dotnet_targets import publishes
from rules.lazily import once
from rules.model.puts import meet, within
from rules.model.shell_scope import filled
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Copy, Run, Stage

_PLATFORM = re.compile(r"linux-(?P<musl>musl-)?(?:x64|x86|arm64|arm)")
_NOT_OWN_MODULES = re.compile(r"(?:-p|--module-path)[ =](?!\"?\$\{?JAVA_HOME)")
"""The option with which `jlink` takes the modules of another JDK, perhaps of another system."""

_RELEASES = frozenset({"release", "distillery.release", "tar"})
_NO_RELEASE = re.compile(r"/_build/[^/]+/(?!rel(?:/|$))")
"""What else lies in the folder to which `mix` and `rebar3` build: compiled modules."""
_ERLANGS = frozenset({"erlang", "elixir"})


class Carried(NamedTuple):
    """A folder with a runtime in it.

    Attributes:
        path: The folder, absolute.
        what: How a message calls it.
        runtime: What in it is linked with the C library.
        libc: The C library.
        doubt: What is not known.
        language: The runtime's language, where the builder's own C library is the one that it asks for; what Microsoft
            and the makers of Java build beforehand asks for an old one.
    """

    path: str
    what: str
    runtime: str
    libc: str | None
    doubt: str
    language: str = ""


@once
def carried_runtimes(builder: Stage) -> tuple[Carried, ...]:
    """Return the folders with a runtime in them that the base brings, or the commands of a chain write by name."""
    return (*_of_base(builder), *_carried(builder))


def runtimes_taken(copy: Copy) -> Iterator[tuple[str, Carried]]:
    """Yield the runtimes that a COPY takes out of a stage, each with the path that names it."""
    builder = copy.from_stage
    for path in filter(None, map(copy.source_path, copy.sources)):
        for one in carried_runtimes(builder) if builder is not None and path != "/" else ():
            if meet(path, one.path) and not _NO_RELEASE.search(path):
                yield path, one


@once
def has_erlang(stage: Stage) -> bool:
    """Tell whether a stage has an Erlang of its own, so that a release may have been built without."""
    if not _ERLANGS.isdisjoint(stage.runtime.languages) or (stage.facts is not None and "erlang" in stage.facts.name):
        return True
    return any(item.name.startswith(("erlang", "esl-erlang", "elixir")) for item in stage.packages.present)


def _of_base(builder: Stage) -> Iterator[Carried]:
    if builder.facts is not None and builder.facts.name == "python":
        doubt = "another Python may be what starts"
        yield Carried(_PYTHONS, "all of", "The Python in it", builder.runtime.libc, doubt, "python")


_PYTHONS = "/usr/local/lib/libpython3.so"
"""What the official image's `python3` is linked with, and lies in the folder that is copied (docker-library/python)."""


def has_python(path: str) -> bool:
    """Tell whether a path of Python's official image is a folder with the interpreter's library in it."""
    return within(_PYTHONS, path)


def _carried(builder: Stage) -> Iterator[Carried]:
    libc = builder.runtime.libc
    for run in builder.done_runs:
        for command in run.calls("mix", "rebar3"):
            folder = _of_release(run, command)
            if folder:
                doubt = "the release may be built without Erlang (`include_erts`)"
                yield Carried(folder, "the release", "The Erlang in it", libc, doubt, "erlang")
        for command in run.calls("pyinstaller"):
            folder = _folder(run, command, command.option("--distpath") or "dist")
            if folder:
                doubt = "the Python that it packs may be built for an older system"
                yield Carried(folder, "the program", "The Python in it", libc, doubt, "python")
        for command in run.calls("jlink"):
            folder = java_runtime(run, command)
            if folder and not _NOT_OWN_MODULES.search(str(command)):
                yield Carried(folder, "the Java runtime", "Its `java`", libc, "the modules may be those of another JDK")
    for published in publishes(builder):
        for_libc = _libc_of(published.platform, libc) if published.alone else None
        if for_libc is not None:
            doubt = "the project's file may name another platform"
            yield Carried(published.path, "the .NET program", "What starts it", for_libc, doubt)


def _of_release(run: Run, command: Command) -> str | None:
    """Return the folder that `mix release`, or `rebar3 release`, writes to."""
    if _RELEASES.isdisjoint(word.value.strip(",") for word in command.args):
        return None
    path = command.option(*(("--path",) if command.name == "mix" else ("-o", "--output-dir")))
    named = run.scope.expand(path) if path else "_build"
    return run.resolve(named) if named else None


def java_runtime(run: Run, command: Command) -> str | None:
    """Return the folder that a `jlink` writes to, absolute where that can be told."""
    folder = command.option("--output")
    return _folder(run, command, folder) if folder else None


def _folder(run: Run, command: Command, written: str) -> str | None:
    """Return a folder that a command names, absolute where that can be told."""
    named, base = filled(run, command, written), folder_of(run, command)
    if not named or named.startswith("/"):
        return named or None
    return f"{base.rstrip('/')}/{named}" if base else named


def _libc_of(platform: str | None, here: str | None) -> str | None:
    """Return the C library of a runtime identifier; that of the builder where none is named."""
    if platform is None:
        return here
    found = _PLATFORM.fullmatch(platform)
    return None if found is None else "musl" if found["musl"] else "glibc"
