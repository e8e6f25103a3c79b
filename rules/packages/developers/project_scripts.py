"""Scripts of a project's own package.json that its install runs, and that need a package for developers.

npm ("Life Cycle Operation Order" in its documentation of `scripts`) runs `preinstall`, `install`, `postinstall` and
`prepare` with `npm ci` and `npm install`, `--omit=dev` or not; npm 6 and Yarn leave `prepare` out then, pnpm does not
(pnpm/pnpm#7068). What a script calls is then not there: `sh: husky: not found`. `pnpm prune --prod` runs them too, and
`npm prune` none; `pnpm rebuild` and `npm rebuild` without a name run them once more (pnpm 9 and 10 and npm 11, tried).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.installers import NODE_MANAGERS
from rules.facts.node_programs import packages_of_node_program
from rules.lazily import once
from rules.packages.developers.copied_modules import NOT_INSTALLING
from rules.packages.projects.install_scripts import NOTHING_RUNS, PREPARE, WITH_EVERY_INSTALL, may_be_off
from rules.packages.projects.package_json import called, commands_run, read_manifest, scripts_of
from rules.packages.projects.texts import manifest_text
from rules.packages.versions.tools import has_modern_yarn, has_old_npm
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.command import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_CHANGED = re.compile(r"\bpkg\s+(?:delete|set)\b|\bset-script\b|package\.json|\bpinst\b")
"""What a RUN says that takes a script out of the manifest, or may: `npm pkg delete scripts.prepare`, `sed`, `jq`."""
_PROGRAMS = {"ngcc": "@angular/compiler-cli", "tsc": "typescript", "nest": "@nestjs/cli", "ng": "@angular/cli"}
"""Programs whose package has another name; all others are looked for under their own."""
_BROUGHT_OTHERWISE = frozenset({"node", "npm", "yarn", "pnpm", "bun", "corepack", "prisma"})
"""Packages whose program an image has anyhow, or that a package of the program brings along."""
_BROUGHT_BY_OTHERS = frozenset({"tsc", "rimraf", "node-gyp", "node-gyp-build", "mkdirp", "semver", "esbuild"})
"""Programs that often come along with a package of the program itself."""


class NeedsDeveloper(NamedTuple):
    """A script that stops an install without the packages for developers.

    Attributes:
        script: Its name: `prepare`.
        program: What it calls first of them: `husky`.
        manager: Whose install it is.
        may_skip: Whether an install without these packages has an option that runs no script.
    """

    script: str
    program: str
    manager: str
    may_skip: bool

    @property
    def way_out(self) -> str:
        """What lets such an install go through, as the end of a sentence."""
        taken_out = f"ake the script out above it with {quote(f'npm pkg delete scripts.{self.script}')}"
        if not self.may_skip:
            return f"T{taken_out}"
        return f"Give the install `--ignore-scripts` ({self.rebuilding}), or t{taken_out}"

    @property
    def rebuilding(self) -> str:
        """What an install without any script leaves to be done, as words in brackets."""
        program = self.manager if self.manager == "pnpm" else "npm"
        return f"and run `{program} rebuild <package>` for each that compiles something"

    @property
    def stops_prune(self) -> bool:
        """Whether the script also runs with what takes these packages out again: `yarn install --production`."""
        return self.manager in ("pnpm", "yarn")


def script_that_needs_developers(change: DockerfileChange, run: Run, call: PackageCall) -> NeedsDeveloper | None:
    """Return the script of the project that an install without the packages for developers stops at.

    Args:
        change: The change.
        run: The RUN with the install.
        call: The install, with or without these packages as it stands.

    Returns:
        `None` where none is known to: the manifest was not read, the script may have been taken out, or does not count.
    """
    if (
        call.manager not in NODE_MANAGERS
        or call.action != "install"
        or not call.project
        or call.packages
        or call.verb in NOT_INSTALLING
    ):
        return None
    if call.has(*NOTHING_RUNS) or call.command.conditional or call.command.after == "||" or may_be_off(change):
        return None
    text = manifest_text(change, run, call)
    developers = _for_developers(text) if text is not None else frozenset()
    if not developers or _is_changed(run.stage):
        return None
    scripts = scripts_of(text)
    for name in (*WITH_EVERY_INSTALL, *((PREPARE,) if _prepares(run, call) else ())):
        for command in commands_run(scripts, name) if name in scripts else ():
            package = _PROGRAMS.get(command.name, command.name)
            if package in developers and _stops(command) and not _is_installed(run.stage, package):
                return NeedsDeveloper(name, command.name, call.manager, not has_modern_yarn(run, call))
    return None


def developers_called_behind(change: DockerfileChange, run: Run, call: PackageCall) -> Command | None:
    """Return the first command of a stage behind an install that calls a package for developers, itself or by a script.

    Args:
        change: The change.
        run: The RUN with the install.
        call: The install.
    """
    text = manifest_text(change, run, call)
    developers, scripts = _for_developers(text) if text is not None else frozenset[str](), scripts_of(text)
    for command in (one for other in run.stage.runs for one in other.commands if one.start > call.command.start):
        begun = [command, *(one for name in called(command) for one in commands_run(scripts, name))]
        if any(not developers.isdisjoint(packages_of_node_program(_program(one))) for one in begun):
            return command
    return None


def _program(command: Command) -> str:
    """Return what a command runs of a project's packages, also behind `npx`."""
    words = [word.value for word in command.args if not word.value.startswith("-")]
    return words[0] if command.name == "npx" and words else command.name


def _prepares(run: Run, call: PackageCall) -> bool:
    return call.manager == "pnpm" or (call.manager == "npm" and not has_old_npm(run.stage))


def _stops(command: Command) -> bool:
    """Whether the script ends where the command is not found."""
    bound = not command.conditional and not command.nested and command.after in ("", "&&")
    return bound and command.name not in _BROUGHT_BY_OTHERS


def _for_developers(text: str) -> frozenset[str]:
    """Return the packages that a manifest asks for as a developer's alone."""
    read = read_manifest(text)
    if read is None:
        return frozenset()
    return read.packages("devDependencies") - read.own - _BROUGHT_OTHERWISE


@once
def _is_changed(stage: Stage) -> bool:
    return any(_CHANGED.search(run.instruction.whole_value) for run in stage.all_runs)


def _is_installed(stage: Stage, package: str) -> bool:
    """Whether a RUN of the chain installs a package by its name."""
    return package in _named(stage)


@once
def _named(stage: Stage) -> frozenset[str]:
    calls = (call for run in stage.all_runs for call in run.package_calls if call.manager in NODE_MANAGERS)
    return frozenset(package.name for call in calls for package in call.packages)
