"""How a stage builds the program that another one copies: which compiler, and whether the result stands alone."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Copy, Run, Stage

_STATIC = re.compile(
    r"-static\b|-extldflags|musl(?!-dev)|netgo|x86_64-linux-musl|crt-static|staticx|ldd\b|libc6-compat|gcompat"
)
"""What in a stage says that somebody has thought of linking."""

_CGO_OFF = re.compile(r"CGO_ENABLED[= ][\"']?0")
_LIBRARIES = re.compile(r"/lib(?:64|32|c)?(?:/|$)|/usr/lib|ld-linux|ld-musl")
_PROGRAM_FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin")


class Build(NamedTuple):
    """A compiler's call.

    Attributes:
        language: `go`, `rust` or `c`.
        run: The RUN.
        command: The command.
    """

    language: str
    run: Run
    command: Command


@once
def builds_of(stage: Stage) -> tuple[Build, ...]:
    """Return the calls of compilers in a chain's RUNs."""
    return tuple(_builds(stage))


def _builds(stage: Stage) -> Iterator[Build]:
    for run in stage.done_runs:
        for command in run.commands:
            verb = command.subcommand
            if command.name == "go" and verb in ("build", "install"):
                yield Build("go", run, command)
            elif command.name == "cargo" and verb in ("build", "install", "b", "rustc"):
                yield Build("rust", run, command)


def is_static(stage: Stage, build: Build) -> bool:
    """Tell whether the result needs no library of the system, or may need none."""
    static, cgo_off = _said(stage)
    if static:
        return True
    if build.language == "rust":
        return stage.runtime.libc != "glibc" or build.command.has("--target")
    return cgo_off or not _has_compiler(stage)


@once
def _said(stage: Stage) -> tuple[bool, bool]:
    """Whether the chain's instructions speak of static programs, and whether they switch cgo off."""
    code = " ".join(step.instruction.text for step in stage.all_steps)
    return _STATIC.search(code) is not None, _CGO_OFF.search(code) is not None


def _has_compiler(stage: Stage) -> bool:
    """Whether cgo finds a C compiler: without one, Go has built without cgo since 1.20."""
    facts = stage.facts
    if facts is not None and (facts.toolchain or facts.full):
        return True
    return stage.packages.has("gcc", "build-base", "build-essential", "clang", "musl-dev", "g++")


def program_of(copy: Copy) -> tuple[str, Build] | None:
    """Return the program that a COPY takes out of a stage that compiled it, with the build; `None` when unclear.

    The build's command names the output (`-o /out/app`), or the path lies where Cargo puts its results.
    """
    builder = copy.from_stage
    if builder is None or len(copy.sources) != 1:
        return None
    path = copy.source_path(copy.sources[0])
    if path is None or path == "/":
        return None
    for build in builds_of(builder):
        output = build.command.option("-o", "--output")
        named = output is not None and _same(build, output, path)
        if build.language == "go" and (named or (output is None and _is_default_output(build, path))):
            return path, build
        if build.language == "rust" and ("/target/release/" in path or "/.cargo/bin/" in path or "/cargo/bin/" in path):
            return path, build
    return None


def _same(build: Build, output: str, path: str) -> bool:
    full = _full(build, output)
    return full is not None and (path == full or posixpath.dirname(path) == full)


def _full(build: Build, output: str) -> str | None:
    """Return where a build writes what its command line names, absolute."""
    from rules.copying.installs import folder_of  # noqa: PLC0415 - the sibling needs nothing of this one

    expanded = build.run.scope.expand(output) if "$" in output else output
    folder = folder_of(build.run, build.command)
    if not expanded or (folder is None and not expanded.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(folder or "/", expanded))


@once
def outputs_of(stage: Stage) -> tuple[str, ...]:
    """Return the files that the compilers' calls in a chain write by name (`go build -o /out/app`), absolute."""
    named = ((build, build.command.option("-o", "--output")) for build in builds_of(stage))
    found = (_full(build, output) for build, output in named if output and not output.endswith("/"))
    return tuple(path for path in found if path is not None)


def _is_default_output(build: Build, path: str) -> bool:
    return build.command.subcommand == "install" and "/go/bin/" in path


@once
def brings_libraries(stage: Stage) -> bool:
    """Tell whether a stage gets shared libraries by COPY, or is filled as a whole."""
    return any(
        put.path == "/" or bool(_LIBRARIES.search(put.source)) or bool(_LIBRARIES.search(put.path))
        for put in stage.files.puts
        if put.kind in ("stage", "image", "context")
    )


def is_empty_base(stage: Stage) -> bool:
    """Tell whether a stage has no C library: `scratch`, or a distroless `static` image."""
    if stage.root.is_scratch:
        return True
    text = stage.root.base_text or ""
    return "distroless/static" in text or text.startswith("cgr.dev/chainguard/static")
