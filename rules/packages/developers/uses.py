"""Whether a stage builds with developers' packages after it has installed them, or takes them out again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.calls import install_folder
from rules.facts.installers import NODE_MANAGERS
from rules.lazily import once, once_for_each
from rules.model.shell_scope import filled
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Collection

    from rules.api import Command, PackageCall, Run, Stage

_BUILDING = frozenset(
    "tsc vite webpack next nest ng gulp grunt rollup esbuild parcel nuxt astro turbo nx lerna react-scripts "
    "vue-cli-service webpack-cli node-pre-gyp prisma npx pnpx bunx".split()
)
_OTHER_BUILDS = frozenset("mvn mvnw gradle gradlew dotnet rails rake mix hugo jekyll ember".split())
"""Builds of other languages, which often call that of the pages."""
_OF_PAGES = re.compile(r"assets[:.](?:precompile|deploy)|collectstatic|\b(?:webpacker|vite):")
_CHECKERS = frozenset(
    "pytest tox nox ruff flake8 mypy pyright pylint black isort coverage pre-commit mkdocs sphinx-build pyinstaller "
    "nuitka".split()
)
"""Programs of Python's that stand among the packages for developers."""
_NO_BUILD = frozenset({"start", "stop", "restart"})
"""Scripts by whose name nothing is built."""


class _Installer(NamedTuple):
    """A package manager, and the program that is called for it: `poetry`, `python`."""

    manager: str
    program: str


def is_used_or_removed(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Tell whether the stage builds with them afterwards, or takes them out again."""
    if run.stage not in stage.chain:
        return False
    installer = _Installer(call.manager, call.program)
    if max(_last_use(stage, installer), _last_without(stage, run, call)) > run.at:
        return True
    return _last_use_within(run, installer) > call.command.start


def needed_further_on(stage: Stage, run: Run, call: PackageCall) -> str:
    """Say which stage that starts from the one which installs calls scripts or builds, and so needs them: a clause."""
    found = builder_upon(stage.chain, run, call)
    return needed_in(found[0], run, quote(str(found[1]))) if found is not None else ""


def needed_in(other: Stage, run: Run, what: str) -> str:
    """Say that a stage which starts from the one of an install needs them: the end of a sentence.

    Args:
        other: The stage.
        run: The RUN with the install.
        what: What it needs them for.
    """
    return (
        f", and install all of them in {other.label} (line {other.from_.line}), which starts from {run.stage.label} "
        f"and needs them for {what}"
    )


def builder_upon(besides: Collection[Stage], run: Run, call: PackageCall) -> tuple[Stage, Command] | None:
    """Return another stage that starts from the one which installs, and calls scripts or builds, with the call."""
    for other in run.stage.model.stages if call.manager in NODE_MANAGERS else ():
        if other in besides or run.stage not in other.chain:
            continue
        for later in other.runs:
            found = next((command for command in later.commands if _calls_project(later, command)), None)
            if found is not None:
                return other, found
    return None


def _calls_project(run: Run, command: Command) -> bool:
    """Whether a command is a build of pages, or runs a script or the tests of the project."""
    if command.name in NODE_MANAGERS:
        return _runs_script(run, command) or command.subcommand in ("run", "build", "test")
    return command.name in _BUILDING and command.name not in ("npx", "pnpx", "bunx")


@once_for_each
def _last_use(stage: Stage, installer: _Installer) -> tuple[int, int]:
    """Return where the last RUN stands that builds with what a manager installs, or takes it out."""
    return next((run.at for run in reversed(stage.all_runs) if _last_use_within(run, installer) >= 0), _NOWHERE)


@once_for_each
def _last_use_within(run: Run, installer: _Installer) -> int:
    """Return where the last command of a RUN begins that does so; -1 where none does."""
    return max((one.start for one in run.commands if _builds_or_prunes(installer, run, one)), default=-1)


_NOWHERE = (-1, -1)
_ANYWHERE = "*"
"""In the place of a folder: whichever it is."""


def _last_without(stage: Stage, run: Run, call: PackageCall) -> tuple[int, int]:
    """Return where the last install stands that leaves them out, in the same folder as far as that can be told."""
    folder, found = install_folder(run, call), _installs_without(stage)
    places = (_ANYWHERE,) if folder is None else (folder, None)
    return max(found.get((call.manager, place), _NOWHERE) for place in places)


@once
def _installs_without(stage: Stage) -> dict[tuple[str, str | None], tuple[int, int]]:
    """Where the last installs without developers' packages stand, by manager and folder."""
    found: dict[tuple[str, str | None], tuple[int, int]] = {}
    for run in stage.all_runs:
        for call in run.package_calls:
            if call.production:
                found[call.manager, install_folder(run, call)] = found[call.manager, _ANYWHERE] = run.at
    return found


def _builds_or_prunes(installer: _Installer, run: Run, command: Command) -> bool:
    if command.name == "rm":
        return any("node_modules" in word.value or "vendor" in word.value for word in command.args)
    if installer.manager not in NODE_MANAGERS:
        return _checks_or_prunes(installer, command)
    if _may_build(command) or command.name in _BUILDING or "node_modules/.bin/" in _program(run, command):
        return True
    if command.name in NODE_MANAGERS and _runs_script(run, command):
        return True
    if command.name in NODE_MANAGERS:
        words = {part for word in command.args for part in re.split("[:-]", word.value)}
        return command.subcommand in ("run", "build", "prune", "test", "exec", "deploy", "x", "rebuild") or bool(
            words & {"build", "compile", "bundle", "prune"}
        )
    return command.name in ("make", "node-prune", "modclean") or command.name.endswith((".sh", ".js"))


def _checks_or_prunes(installer: _Installer, command: Command) -> bool:
    if any(word.value in _CHECKERS for word in command.words):
        return True
    return command.name == installer.program and (
        command.has("--no-dev", "--only", "--without", "--prod") or command.subcommand in ("build", "test")
    )


def _may_build(command: Command) -> bool:
    """Whether it is another language's build, or a script of the project, of which nobody knows what it calls."""
    if command.name in _OTHER_BUILDS or _OF_PAGES.search(str(command)):
        return True
    return command.name == "node" and bool(command.operands()) and not command.has("-e", "--eval", "-p", "--print")


def _runs_script(run: Run, command: Command) -> bool:
    """Whether a call runs a script of the project, which may well build: `yarn ship`, `pnpm -r prepare-all`."""
    return command.start in _scripts_run(run)


@once
def _scripts_run(run: Run) -> frozenset[int]:
    calls = (call for call in run.package_calls if call.action == "run" and call.verb not in _NO_BUILD)
    return frozenset(call.command.start for call in calls)


def _program(run: Run, command: Command) -> str:
    """Return what is called, path and all; a variable may hold it."""
    text = command.called
    return filled(run, command, text) or ""
