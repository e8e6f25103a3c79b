"""How a stage builds the program that another one copies: which compiler, and whether the result stands alone."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.run_writes import CARRIERS, carried_by, sent_on
from rules.model.shell_scope import filled
from rules.model.steps import Copy
from rules.model.work_folders import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Put, Run, Stage, Step

_STATIC = re.compile(
    r"-static\b|-extldflags|musl(?!-dev)|netgo|x86_64-linux-musl|crt-static|staticx|ldd\b|libc6-compat|gcompat"
)
"""What in a stage says that somebody has thought of linking."""

_CGO_OFF = re.compile(r"CGO_ENABLED[= ][\"']?[0$]|\bARG\s+CGO_ENABLED(?![\w=])")
_CGO_ON = re.compile(r"CGO_ENABLED[= ][\"']?1")
_C_COMPILERS = frozenset({"gcc", "g++", "cc", "c++", "clang", "clang++"})
_CARGO_OUTPUT = re.compile(r"(?:^|/)target/(?:[\w$\{\}.-]+/)?(?:release|debug|\$\{?\w+\}?)/")
"""Where Cargo writes: with the target's triple between, where one is named."""

_CARGO_FOLDER = re.compile(r"(?:^|/)target/(?:[\w$\{\}.-]+/)?(?:release|debug)/?$")
"""That folder itself, which a command may carry away as a whole."""

_NAMES_OUTPUT = {
    ("bun", "build"): "--outfile",
    ("deno", "compile"): "-o --output",
    ("crystal", "build"): "-o",
    ("native-image", None): "-o",
}
"""Other compilers whose programs are linked with the C library, and the option that says where they write.

(oven-sh/bun 10989; denoland/deno 10263; GraalVM's guide "Build a Statically Linked Native Executable".)
"""

_GO_VALUES = frozenset("-ldflags -tags -gcflags -asmflags -mod -modfile -p -buildmode -pkgdir -C".split())
_CARGO_VALUES = frozenset(
    "--version --git --branch --tag --rev --path --root --registry --features -F -j --jobs --profile --target "
    "--target-dir --index --bin --example --config".split()
)
_PROGRAMS_OF = {
    ("golang", "go"): ("GOBIN", "/go/bin"),
    ("rust", "rust"): ("CARGO_INSTALL_ROOT", "/usr/local/cargo/bin"),
}
"""The variable that moves installed programs, and their folder in the official images of Go and Rust.

A language that is installed beside the image's own has it elsewhere: Go below the home (`go help install`).
"""
_CROSS = re.compile(r"GOOS|GOARCH|GOPATH|CARGO_HOME|--path\b|--git\b")
"""What else says where they go, or what they are called."""
_MAJOR = re.compile(r"/v\d+$")

_LIBRARIES = re.compile(r"/lib(?:64|32|c)?(?:/|$)|/usr/lib|ld-linux|ld-musl")


class Build(NamedTuple):
    """A compiler's call.

    Attributes:
        language: `go`, `rust` or `c` (also C++); the compiler's name for the others: `bun`, `deno`, `crystal`,
            `native-image` (GraalVM).
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
            elif _is_of_rust(command):
                yield Build("rust", run, command)
            elif command.name in _C_COMPILERS and _links(command):
                yield Build("c", run, command)
            elif _option_of(command) and (command.name != "bun" or command.has("--compile")):
                yield Build(command.name, run, command)


def _is_of_rust(command: Command) -> bool:
    """Whether Cargo builds, or the compiler itself makes a program and says where."""
    if command.name == "cargo":
        return command.subcommand in ("build", "install", "b", "rustc")
    return command.name == "rustc" and bool(command.option("-o")) and not command.has("--crate-type")


def _option_of(command: Command) -> tuple[str, ...]:
    """Return the option of another compiler that says where it writes; empty for any other command."""
    of_any = _NAMES_OUTPUT.get((command.name, None), "")
    return tuple(_NAMES_OUTPUT.get((command.name, command.subcommand), of_any).split())


def _links(command: Command) -> bool:
    """Whether a C compiler's call makes a program, and says where."""
    words = {word.value for word in command.args}
    return "-o" in words and words.isdisjoint(("-c", "-S", "-E", "-shared"))


def is_static(stage: Stage, path: str, build: Build) -> bool:
    """Tell whether a program needs no library of the system, or may need none; its path may name Cargo's target."""
    static, cgo_off = _said(stage)
    if static or _STATIC.search(path):
        return True
    if build.language in ("rust", "deno"):  # an image of Deno on Alpine brings glibc along for it
        return stage.runtime.libc != "glibc" or build.command.has("--target")
    return build.language == "go" and (cgo_off or not has_c_compiler(stage))


@once
def _said(stage: Stage) -> tuple[bool, bool]:
    """Whether the chain's instructions speak of static programs, and whether they switch cgo off."""
    code = " ".join(step.instruction.text for step in stage.all_steps)
    return _STATIC.search(code) is not None, _CGO_OFF.search(code) is not None


def thinks_of_linking(stage: Stage) -> bool:
    """Tell whether a chain's instructions speak of static programs, or switch cgo off."""
    return any(_said(stage))


@once
def asks_for_cgo(stage: Stage) -> bool:
    """Tell whether a chain's instructions switch cgo on, as for a package that is written in C (`go-sqlite3`)."""
    return any(_CGO_ON.search(step.instruction.text) for step in stage.all_steps)


def has_c_compiler(stage: Stage) -> bool:
    """Tell whether a stage has a C compiler: cgo finds it, and without one, Go has built without cgo since 1.20."""
    facts = stage.facts
    if facts is not None and (facts.toolchain or facts.full):
        return True
    return stage.packages.has(
        "gcc", "build-base", "build-essential", "clang", "musl-dev", "g++", "gcc-c++", "base-devel"
    )


def program_of(copy: Copy) -> tuple[str, Build] | None:
    """Return the program that a COPY takes out of a stage that compiled it, with the build; `None` when unclear.

    The build's command names the output (`-o /out/app`), or the path lies where Cargo puts its results, or a command of
    the stage carries it from there to the path.
    """
    builder = copy.from_stage
    if builder is None or len(copy.sources) != 1:
        return None
    path = copy.source_path(copy.sources[0])
    if path is None or path == "/":
        return None
    return next(((path, build) for build in builds_of(builder) if _makes(builder, build, path)), None)


def _makes(builder: Stage, build: Build, path: str) -> bool:
    output = _output(build)
    if build.language == "rust" and build.command.name == "cargo":
        return _is_of_cargo(build, path) or _is_carried(builder, build, path)
    if output is None:
        return build.language == "go" and _is_default_output(build, path)
    return _same(build, output, path) or _is_carried(builder, build, path)


def _is_of_cargo(build: Build, path: str) -> bool:
    """Whether a path lies where Cargo writes: its target folder, or that of installed programs."""
    if _CARGO_OUTPUT.search(path) or "/.cargo/bin/" in path or "/cargo/bin/" in path:
        return True
    installed = build.command.option("--root") if build.command.subcommand == "install" else None
    folder = _full(build, build.command.option("--target-dir") or "$CARGO_TARGET_DIR")
    if folder is not None and path.startswith(f"{folder}/") and "/release/" in path:
        return True
    folder = f"{_full(build, installed)}/bin" if installed is not None else None
    return folder is not None and folder in (path, posixpath.dirname(path))


def _is_carried(builder: Stage, build: Build, path: str) -> bool:
    """Whether a command behind the build copies or moves what it wrote to a path."""
    return any(
        put.command is not None
        and put.command.name in CARRIERS
        and (put.path == path or put.path == posixpath.dirname(path))
        and any(
            _is_output(build, put.step, source) or (put.path != path and _is_cargo_folder(build, source))
            for source in carried_by(put.command)
        )
        for put in builder.files.covering(path)
    )


def _is_cargo_folder(build: Build, text: str) -> bool:
    """Whether a word of a command names the whole folder into which Cargo builds: `cp -r target/release /release`."""
    return build.language == "rust" and _CARGO_FOLDER.search(text) is not None


def _is_output(build: Build, step: Step, text: str) -> bool:
    """Whether a word of a command names what a build wrote: as it says, or in Cargo's folder."""
    if build.language == "rust" and build.command.name == "cargo":
        return _CARGO_OUTPUT.search(text) is not None
    output = _output(build)
    if not output or output.endswith("/") or posixpath.basename(text) != posixpath.basename(output):
        return False
    return "/" not in output or text == output or step.resolve(text) == _full(build, output)


def _output(build: Build) -> str | None:
    """Return where a build's command line says that it writes."""
    if build.language != "c":
        return build.command.option(*(_option_of(build.command) or ("-o", "--output")))
    words = [word.value for word in build.command.args]
    return next(iter(words[words.index("-o") + 1 :]), None)


def _same(build: Build, output: str, path: str) -> bool:
    full = _full(build, output)
    return full is not None and (path == full or posixpath.dirname(path) == full)


def _full(build: Build, output: str) -> str | None:
    """Return where a build writes what its command line names, absolute."""
    return path_of(build.run, build.command, sent_on(build.command, output))


@once
def outputs_of(stage: Stage) -> tuple[str, ...]:
    """Return the files that the compilers' calls in a chain write by name (`go build -o /out/app`), absolute."""
    named = ((build, _output(build)) for build in builds_of(stage))
    found = [_full(build, output) for build, output in named if output and not output.endswith("/")]
    found += (path for build in builds_of(stage) for path in _installed(stage, build))
    return tuple(path for path in found if path is not None)


def _installed(stage: Stage, build: Build) -> Iterator[str | None]:
    """Yield where the official images' Go and Rust put the programs that are installed by their names."""
    name = stage.facts.name if stage.facts is not None else ""
    command = build.command
    known = _PROGRAMS_OF.get((name, build.language))
    if command.subcommand != "install" or known is None or _CROSS.search(str(command)):
        return
    variable, folder = known
    root = command.option("--root")
    given = dict(command.assignments).get(variable)
    place = f"{root}/bin" if root else given.value if given is not None else filled(build.run, command, f"${variable}")
    for word in command.operands(_GO_VALUES if build.language == "go" else _CARGO_VALUES)[1:]:
        module = _MAJOR.sub("", word.value.partition("@")[0])
        if "." not in posixpath.basename(module) and "$" not in module:
            yield _full(build, posixpath.join(place or folder, posixpath.basename(module)))


def _is_default_output(build: Build, path: str) -> bool:
    """Whether Go writes to a path without being told: its folder of programs, or the package's name where it runs."""
    if build.command.subcommand == "install":
        return "/go/bin/" in path
    packages = [word.value for word in build.command.operands(_GO_VALUES)[1:]]
    folder = _full(build, ".")
    if folder is None or len(packages) > 1:
        return False
    package = posixpath.normpath(posixpath.join(folder, packages[0] if packages else "."))
    return path == posixpath.join(folder, posixpath.basename(package).removesuffix(".go"))


@once
def brings_libraries(stage: Stage) -> bool:
    """Tell whether a stage gets shared libraries by COPY, or is filled as a whole."""
    return any(
        (put.path == "/" and not _is_program(put))
        or bool(_LIBRARIES.search(put.source))
        or bool(_LIBRARIES.search(put.path))
        for put in stage.files.puts
        if put.kind in ("stage", "image", "context")
    )


def _is_program(put: Put) -> bool:
    """Whether a COPY to the root brings the one program that a stage compiles: `COPY --from=build /src/app /`."""
    return isinstance(put.step, Copy) and program_of(put.step) is not None


def is_empty_base(stage: Stage) -> bool:
    """Tell whether a stage has no C library: `scratch`, or a distroless `static` image."""
    if stage.root.is_scratch:
        return True
    text = stage.root.base_text or ""
    return "distroless/static" in text or text.startswith("cgr.dev/chainguard/static")
