"""What an image is for: to serve, or to build and develop with."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.api import is_development_name, is_script, near_folders
from rules.purpose import compiles_for_others
from rules.runtime.starts.instructions import is_bare_init

if TYPE_CHECKING:
    from rules.api import Command, DockerfileChange, Stage, Start

_WORKSHOP = frozenset(
    "dev develop development jdk devcontainer ci test tests testing builder build build-env buildenv sdk toolchain "
    "tools lint ide workspace gitpod codespace jenkins runner agent bench fuzz example examples".split()
)
_RUNNER = "runner"
"""In a path, and in longer names, it is an agent that runs jobs or other people's code; a stage that is called this and
no more is the one to run (Next.js's example)."""
_TOOLCHAINS = frozenset(
    "go cargo rustc mvn mvnw gradle gradlew make cmake ninja sbt lein clojure clj stack cabal ghc ghci swift javac "
    "jshell gcc g++ nvcc mix rebar3 bazel jupyter code-server sleep tail air reflex msbuild dotnet-watch zig nim "
    "quarkus mn spring kotlinc kotlin scala composer delve dlv gopls cosmocc jlink jdeps jcmd jmap "
    "ginkgo golangci-lint goreleaser gosec gotestsum govulncheck ko staticcheck wasm-pack".split()
)
_INTERPRETED = re.compile(
    r"(?P<python>python[\d.]*|pypy\d*|gunicorn|uvicorn|hypercorn|celery|flask|django-admin|.+\.py)|"
    r"(?P<node>node|nodejs|npm|npx|pnpm|yarn|pm2|next|.+\.[cm]?js)|(?P<java>java)|(?P<perl>perl|.+\.pl)|"
    r"(?P<ruby>ruby|bundle|rails|puma|rackup|.+\.rb)|(?P<php>php[\d.]*|php-fpm[\d.]*|.+\.php)"
)
"""Programs by the language that runs them."""
_DOTNET_VERBS = frozenset("run watch test build publish ef restore tool new".split())

_BUILDS = {
    "go": ("build", "install"),
    "cargo": ("build", "install"),
    "dotnet": ("publish", "build"),
    "mvn": ("package", "install", "verify"),
    "gradle": ("build", "bootJar", "shadowJar", "installDist"),
    "npm": ("run",),
    "pnpm": ("run", "build"),
    "yarn": ("run", "build"),
    "bun": ("run", "build"),
}
_ALIASES = {"mvnw": "mvn", "gradlew": "gradle", "npx": "npm"}
_WITH_VALUES = {
    "npm": ("--prefix", "-w", "--workspace", "-C"),
    "pnpm": ("--filter", "-F", "-C", "--dir"),
    "yarn": ("--cwd",),
    "bun": ("--cwd", "--filter"),
}
"""Options before the verb that take the next word."""
_BUNDLES = (["next", "build"], ["nuxt", "build"], ["ng", "build"], ["astro", "build"], ["react-scripts", "build"])
_HANDING = ("exec", "dlx")
"""Subcommands of Node.js' package managers that run a package's program."""
_SCRIPT_THAT_BUILDS = re.compile(r"build|compile|bundle")
_COMPILERS = frozenset({"tsc", "webpack", "vite", "make", "cmake", "ninja", "gcc", "g++", "javac", "rustc", "msbuild"})


_OF_A_TOOLCHAIN = frozenset(
    "go gofmt cargo rustc rustup mvn mvnw gradle gradlew sbt jar javac javap javadoc jarsigner jlink jdeps jmod "
    "jpackage native-image gcc g++ cc c++ make cmake ninja ghc cabal stack swift dart nvcc dotnet msbuild nuget".split()
)
"""Programs that an image made for building brings, and one made for running does not."""


def needs_toolchain(command: Command) -> bool:
    """Tell whether a command of a build is a compiler, or another program that comes with one: `jar`, `go mod`."""
    return command.name in _OF_A_TOOLCHAIN or compiles(command)


def is_workshop(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether the stage or the file is named for people who build: `dev`, `builder`, `.devcontainer/`.

    More words than `rules.purpose` takes for the name of such an image, since words of a folder count here, too: what
    lies in `tools/` or `examples/` is seldom worth a second stage.
    """
    parts = re.split(r"[/._-]", "/".join((*near_folders(change.path), posixpath.basename(change.path.lower()))))
    names = re.split(r"[_-]", stage.name or "") if stage.name != _RUNNER else ()
    if is_development_name(stage.name) or change.is_for_developers or compiles_for_others(change, stage):
        return True
    return not _WORKSHOP.isdisjoint((*parts, *names))


def runs_toolchain(stage: Stage) -> bool:
    """Tell whether the container starts a build tool, a shell, or nothing that the file names."""
    starts = [setting for setting in stage.image.start_command if setting.set_in_file and setting.value]
    if all(is_bare_init(setting.value) for setting in starts):
        return True
    return any(setting.value is not None and _is_toolchain(setting.value) for setting in starts)


def _is_toolchain(start: Start) -> bool:
    for command in start.commands:
        verb = command.subcommand
        if command.name in _TOOLCHAINS or (command.name == "dotnet" and verb in _DOTNET_VERBS):
            return True
        if command.name.startswith(("cargo-", "dotnet-")):
            return True  # tools that call the one they are named for: `dotnet-ef`
    return start.is_prompt or (start.program in ("bash", "sh", "") and len(start.words) == 1)


def foreign_program(stage: Stage) -> str | None:
    """Return the program that starts where another language than the base image's runs it: `python3` upon `golang`."""
    languages = stage.facts.languages if stage.facts is not None else {}
    starts = [setting.value for setting in stage.image.start_command if setting.set_in_file and setting.value]
    for command in (command for start in starts for command in start.commands):
        shape = _INTERPRETED.fullmatch(command.name)
        if shape is not None and shape.lastgroup not in languages:
            return command.name
    return None


def starts_with_script(stage: Stage) -> bool:
    """Tell whether a script of the project starts the program: what else it calls is not seen.

    The scripts of base images (`mvn-entrypoint.sh`, Temurin's for certificates) run what CMD says.
    """
    settings = stage.image.start_command
    return any(
        setting.value is None or (setting.set_in_file and any(is_script(word) for word in setting.value.text.split()))
        for setting in settings
    )


def compiles(command: Command) -> bool:
    """Tell whether a command compiles or bundles a program."""
    name = _ALIASES.get(command.name, command.name).lower().removesuffix(".exe")
    if name in _COMPILERS:
        return True
    words = [word.value for word in command.operands(_WITH_VALUES.get(name, ()))]
    handing = name in ("pnpm", "yarn", "npm") and command.subcommand in _HANDING
    if handing or command.name in ("npx", "pnpx", "bunx"):
        return _is_bundler([word for word in words if word not in _HANDING])
    verbs = _BUILDS.get(name, ())
    if "run" in verbs and words[:1] == ["run"]:
        return any(map(_SCRIPT_THAT_BUILDS.search, words[1:2]))
    goals = words if name in ("mvn", "gradle") else words[:1]
    return any(word.rpartition(":")[2] in verbs for word in goals)


def _is_bundler(words: list[str]) -> bool:
    """Whether a package's program compiles or bundles, called with these words: `tsc`, `vite build`, `next build`."""
    if words[:1] == ["vite"]:
        return words[1:2] == ["build"]
    return words[:2] in _BUNDLES or not _COMPILERS.isdisjoint(words[:1])
