"""Whether a file of the project may be there when a command runs: brought by an instruction, or made by a command."""

from __future__ import annotations

import math
import posixpath
from typing import TYPE_CHECKING

from rules.copying.source_trees.brought_above import copies_anywhere
from rules.copying.stages.unmade_paths import is_of_system
from rules.dockerfile.shell.nested import SHELLS
from rules.lazily import once
from rules.model.filenames import names_a_file
from rules.model.packages import OS_MANAGERS
from rules.model.puts import folders_of, may_bring, within
from rules.model.steps import Copy
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from rules.api import Command, Put, Run, Stage

_FETCHING = frozenset(
    "git curl wget tar unzip make cmake svn hg rsync ansible-playbook npx degit cargo go mv cp mvn gradle".split()
)
"""Commands behind which a file may be there that no instruction names."""

_RUNNERS = frozenset("npm npx yarn pnpm pnpx bun bunx nx turbo lerna ng vite webpack rake grunt gulp".split())
"""Programs that run what a project has written down, such as a build."""

_PACKAGE_FOLDERS = frozenset(
    "node_modules vendor .venv venv env virtualenv site-packages bower_components .bundle .gem deps .yarn".split()
)
"""Folders that package managers fill, `bin` and all, from what a manifest or the command line names."""

INTERPRETERS = frozenset(SHELLS) | {"python", "python3", "node", "ruby", "perl", "php"}
_CREATING = frozenset({"init", "create", "new", "create-project", "generate", "dlx"})


def begins_plain(stage: Stage) -> bool:
    """Tell whether the base brings a system and no application, and all RUNs can be read."""
    facts = stage.facts
    if facts is None or facts.windows or facts.onbuild:
        return False
    return facts.is_plain and not stage.files.has_unreadable_run


def may_be_there(stage: Stage, run: Run, command: Command, path: str) -> bool:
    """Tell whether an instruction above a command may have brought a file, or the base has a folder of that name."""
    if is_of_system(stage, path):
        return True
    if any(may_bring(put, path) and put.step.at <= run.at for put in stage.files.covering(path)):
        return True
    trees = _trees(stage)
    if any(
        put.step.at <= run.at and may_bring(put, path) for folder in folders_of(path) for put in trees.get(folder, ())
    ):
        return True
    return copies_anywhere(stage) or may_be_made(stage, command, path)


@once
def _trees(stage: Stage) -> dict[str, list[Put]]:
    """What COPYs bring that may be trees, by their destinations."""
    found: dict[str, list[Put]] = {}
    for put in stage.files.puts:
        if isinstance(put.step, Copy) and put.tree and put.step.destination is not None:
            found.setdefault(put.step.destination.rstrip("/"), []).append(put)
    return found


def may_be_made(stage: Stage, before: Command, path: str) -> bool:
    """Tell whether a command above another one may make or fetch a file."""
    if _first_maker(stage) < before.start or _is_built(stage, before, path) or _is_installed(stage, before, path):
        return True
    name = posixpath.basename(path)
    start = stage.chain[0].from_.span.start
    if before.source.text.find(name, start, before.start) < 0:
        return False
    commands = (command for run in stage.all_runs for command in run.commands)
    return any(command.start < before.start and _speaks_of(command, name) for command in commands)


def _is_installed(stage: Stage, before: Command, path: str) -> bool:
    """Whether a package manager above may have put the file where it puts packages and their programs."""
    if _PACKAGE_FOLDERS.isdisjoint(path.split("/")[:-1]):
        targets = [folder for start, folder in _install_targets(stage) if start < before.start and folder is not None]
        return any(within(path, folder) for folder in targets)
    return any(start < before.start for start, _ in _install_targets(stage))


@once
def _install_targets(stage: Stage) -> list[tuple[int, str | None]]:
    """Where each install of a language's packages starts, and the folder it was told to fill."""
    return [
        (call.command.start, run.resolve(call.target) if call.target else None)
        for run in stage.all_runs
        for call in run.package_calls
        if call.manager not in OS_MANAGERS and call.action in ("install", "sync", "upgrade", "download")
    ]


def _is_built(stage: Stage, before: Command, path: str) -> bool:
    """Whether a script of the project, run in a folder above the file's, may have made that folder: `dist/api`."""
    return any(
        start < before.start and within(path, folder) and posixpath.dirname(path) != folder
        for start, folder in _scripts_run(stage)
    )


@once
def _scripts_run(stage: Stage) -> list[tuple[int, str]]:
    """Where each command that runs a project's own script starts, and in which folder it runs."""
    found = [
        (command.start, folder_of(run, command))
        for run in stage.all_runs
        for command in run.commands
        if command.name in _RUNNERS and command.start not in _fetching(run)
    ]
    return [(start, folder) for start, folder in found if folder is not None]


@once
def _fetching(run: Run) -> frozenset[int]:
    """Where the package managers' calls start that bring packages and run nothing of the project's own."""
    return frozenset(call.command.start for call in run.package_calls if call.action not in ("run", "build", "other"))


def runs_script_above(stage: Stage, before: Command) -> bool:
    """Tell whether a command above runs a file, which may make or edit others: `./prepare.sh`, `sh prepare.sh`."""
    return _first_script(stage) < before.start


@once
def _first_script(stage: Stage) -> float:
    commands = (command for run in stage.all_runs for command in run.commands)
    return min((command.start for command in commands if runs_script(command)), default=math.inf)


def runs_script(command: Command) -> bool:
    """Tell whether a command runs a file by its path, or gives it to an interpreter."""
    if "/" in command.called:
        return command.program is not None and command.program.value.startswith(("./", "../"))
    return command.name in INTERPRETERS and bool(command.args) and names_a_file(command.args[0].value)


@once
def _first_maker(stage: Stage) -> float:
    """Where the first command stands that may make or fetch files which no instruction names."""
    starts = (command.start for run in stage.all_runs for command in run.commands if _makes(command))
    return min(starts, default=math.inf)


def _speaks_of(command: Command, name: str) -> bool:
    """Whether a command names a file, and not to install from it."""
    written = command.source.cut(command.span)
    return name in written and command.name not in ("pip", "pip3", "npm", "yarn", "pnpm", "bundle", "pipenv", "echo")


def _makes(command: Command) -> bool:
    """Whether a command may make or fetch files that no instruction names."""
    if command.name in _FETCHING and not _is_piped_installer(command) and not _fetches_modules(command):
        return True
    if any(word.value in _CREATING for word in command.args[:2]):
        return True
    return "/" in command.called and not command.name.startswith("pip")


def _fetches_modules(command: Command) -> bool:
    """Whether Go brings modules into its cache, and nothing into another folder (`go help mod`)."""
    return command.name == "go" and command.subcommand == "mod" and all(w.value != "vendor" for w in command.args)


def _is_piped_installer(command: Command) -> bool:
    """Whether a download goes to a pipe or a named file: it leaves nothing else behind."""
    if command.name not in ("curl", "wget") or any("$" in word.value for word in command.args):
        return command.name in ("curl", "wget") and command.after == "|"
    return command.after == "|" or command.has("-o", "-O", "--output", "--remote-name")
