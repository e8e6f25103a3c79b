"""`node_modules` or `vendor` that a stage takes out of another one, and whether development packages come along."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.calls import install_folder
from rules.facts.installers import NODE_MANAGERS
from rules.packages.versions.tools import has_modern_yarn, has_old_npm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.command import Command
    from rules.model.stage import Stage
    from rules.model.steps import Copy, Run

_FILLED_BY = {"node_modules": NODE_MANAGERS, "vendor": frozenset({"composer"})}
"""Folder to the package managers that fill it."""
_PRUNES = {"npm": "npm prune --omit=dev", "pnpm": "pnpm prune --prod", "yarn": "yarn install --production"}
NOT_INSTALLING = frozenset({"link", "workspaces focus", "fetch", "lock", "export", "deploy"})
_MAY_PRUNE = frozenset({"make", "sh", "bash", "node-prune", "modclean", "turbo", "nx", "just", "task"})
_OF_PACKAGES = re.compile(r"node_modules|vendor|\$|^[^/-]|^/(?:app|srv|opt|usr/src)")
"""What an `rm` may take packages out of: the folders, a variable, something in the folder to work in."""
_PRUNING = re.compile(r"prune|^--prod|^--omit|^deploy$|^focus$|^(?:[\w-]+:)?clean(?:$|:)", re.IGNORECASE)
_DEVELOPERS_TOOLS = re.compile(
    r"\b(?:ts-node(?:-dev)?|tsx|nodemon|vite|webpack|npx|pnpx|bunx|esbuild|concurrently|turbo|nx|dev|preview|test|"
    r"start:\w+)\b"
)


class CopiedModules(NamedTuple):
    """A COPY of a `node_modules` or `vendor` with development packages.

    Attributes:
        copy: The COPY.
        path: The folder, in the other stage.
        run: The RUN that fills it there.
        call: The install in it.
        others: Lines of earlier installs that fill the same folder.
        hidden_by: The command that prunes them in a later layer of the stage that copies; `None` where none does.
        undoes: The install above the COPY that left them out at the same place; `None` where none does.
    """

    copy: Copy
    path: str
    run: Run
    call: PackageCall
    others: tuple[int, ...] = ()
    hidden_by: Command | None = None
    undoes: PackageCall | None = None

    @property
    def prune(self) -> str | None:
        """The command that takes development packages out again; Bun and Composer have none."""
        if has_modern_yarn(self.run, self.call):
            return "yarn workspaces focus --production"  # a Yarn that knows no `--production`
        if self.call.manager == "npm" and has_old_npm(self.run.stage):
            return "npm prune --production"
        return _PRUNES.get(self.call.manager)


def copied_modules(stage: Stage) -> Iterator[CopiedModules]:
    """Yield the copies of a stage, one for each folder; nothing where something may take the packages out again."""
    for copy in stage.copies:
        if copy.from_stage is None or copy.deferred:
            continue
        below = tuple(run for run in stage.runs if run.index > copy.index)  # what was left out above comes back
        hidden_by = _late_prune(below)
        if hidden_by is None and _is_pruned(below, after=-1):
            continue
        for path in _folders_of_packages(copy):
            found = _install(copy.from_stage, path)
            if found is not None:
                undoes = _left_out_above(stage, copy, path)
                yield CopiedModules(copy, path, *found, hidden_by=hidden_by, undoes=undoes)


def _folders_of_packages(copy: Copy) -> Iterator[str]:
    """Yield the folders of packages that a COPY takes: by their names, or in the folder above them."""
    for source in copy.sources:
        path = (copy.source_path(source) or "").rstrip("/")
        if posixpath.basename(path) in _FILLED_BY:
            yield path
        elif path and not source.has_wildcard and not copy.has_flag("exclude"):
            yield from (posixpath.join(path, name) for name in _FILLED_BY)


def _left_out_above(stage: Stage, copy: Copy, path: str) -> PackageCall | None:
    """Return the install of a stage that fills the place of a COPY with the program's own packages alone."""
    inside = copy.destination is not None and posixpath.basename(copy.destination) == posixpath.basename(path)
    folder = posixpath.dirname(copy.destination) if copy.destination is not None and inside else None
    calls = (
        call
        for run in stage.runs
        for call in run.package_calls
        if run.index < copy.index and call.manager in _FILLED_BY[posixpath.basename(path)] and call.production
        if call.project and call.action == "install" and not call.command.conditional
        if folder is not None and install_folder(run, call) == folder
    )
    return next(calls, None)


def _install(builder: Stage, path: str) -> tuple[Run, PackageCall] | None:
    """Return the last install into a folder, when it took development packages and nothing came after it.

    What an earlier one left out it brings: `npm ci` makes the folder anew, and the others add what is missing.
    """
    installs = [
        (run, call)
        for run in builder.done_runs
        for call in run.package_calls
        if call.manager in _FILLED_BY[posixpath.basename(path)]
        and call.project
        and call.action == "install"
        and install_folder(run, call) == posixpath.dirname(path)
    ]
    if not installs or any(call.verb in NOT_INSTALLING for _, call in installs):
        return None
    run, call = installs[-1]
    if call.production or call.command.conditional:
        return None
    if call.has("--include", "--ignore-workspace-root-check", "--global", "-g"):
        return None
    if _is_pruned(builder.done_runs, after=call.command.end) or any(
        other.destination == path for other in builder.all_copies
    ):
        return None
    return run, call


def _late_prune(runs: tuple[Run, ...]) -> Command | None:
    """Return the `npm prune` of RUNs in which the packages' managers do nothing else: a layer above the copy."""
    commands = [command for run in runs for command in run.commands if command.name in NODE_MANAGERS | {"npx"}]
    others = any(_may_prune(command) for run in runs for command in run.commands if command not in commands)
    alone = len(commands) == 1 and not others and not commands[0].conditional
    return commands[0] if alone and commands[0].subcommand == "prune" else None


def _is_pruned(runs: tuple[Run, ...], *, after: int) -> bool:
    return any(_may_prune(command) for run in runs for command in run.commands if command.start > after)


def _may_prune(command: Command) -> bool:
    if command.name == "rm":
        return any(_OF_PACKAGES.search(word.value) for word in command.args)
    if command.name in _MAY_PRUNE or command.name.endswith((".sh", ".js", ".mjs")) or "$" in command.name:
        return True
    return command.name in NODE_MANAGERS | {"npx", "corepack"} and any(
        _PRUNING.search(word.value) for word in command.args
    )


def starts_developers_tool(stage: Stage) -> bool:
    """Tell whether the container starts what only the development packages bring."""
    values = [setting.value for setting in stage.image.start_command]
    return any(value is None or _DEVELOPERS_TOOLS.search(value.text) is not None for value in values)
