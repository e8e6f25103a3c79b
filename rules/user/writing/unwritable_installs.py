"""Installs of an ordinary account that write where only root may: Node's global packages, and a project's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.calls import install_folder
from rules.facts.installers import NODE_MANAGERS
from rules.model.outcome import surely_stops
from rules.model.puts import meet
from rules.model.steps import Run
from rules.user.accounts.running import changes_user, name_of, runs_as_root
from rules.user.owners.ownership import access

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage

_GLOBAL = "/usr/local"
"""The prefix of the official images of Node.js (docker-node, Dockerfile-slim.template), where all is root's."""
_ELSEWHERE = ("--modules-folder", "--modules-dir", "--global-dir", "--location")
_OTHER_FOLDER = ("--prefix", "--dir", "-C", "--cwd")
_PREFIXES = ("NPM_CONFIG_PREFIX", "npm_config_prefix", "COREPACK_HOME")


class Unwritable(NamedTuple):
    """An install that may not write.

    Attributes:
        run: The RUN.
        command: The command.
        folder: Where it writes.
        shared: Whether it is the place of the image's own packages, and not a project's folder.
    """

    run: Run
    command: Command
    folder: str
    shared: bool


def unwritable_install(run: Run) -> Unwritable | None:
    """Return the first install of a RUN that stops for want of rights, where nothing spares the failure."""
    stage = run.stage
    if runs_as_root(run) is not False or run.deferred or stage.facts is None or stage.runtime.is_windows:
        return None
    for command in run.calls("corepack"):
        here = command.has("--install-directory") or _is_spared(run, command)
        if command.subcommand == "enable" and not here and _global_is_roots(run):
            return Unwritable(run, command, f"{_GLOBAL}/bin", shared=True)
    for call in run.package_calls:
        if call.manager in NODE_MANAGERS and call.action == "install" and not call.has(*_ELSEWHERE):
            found = _written(run, call) if not _is_spared(run, call.command) else None
            if found is not None:
                return found
    return None


def _written(run: Run, call: PackageCall) -> Unwritable | None:
    if call.has("-g", "--global"):
        elsewhere = call.has(*_OTHER_FOLDER)
        closed = (
            call.manager == "npm" and not elsewhere and not set(call.env) & set(_PREFIXES) and _global_is_roots(run)
        )
        return Unwritable(run, call.command, f"{_GLOBAL}/lib/node_modules", shared=True) if closed else None
    folder = _closed_project(run.stage, run, call) if call.project else None
    return Unwritable(run, call.command, folder, shared=False) if folder is not None else None


def _is_spared(run: Run, command: Command) -> bool:
    caught = command.conditional or command.after in ("||", ";", "|", "&")
    return caught or (command.nested and not surely_stops(run, command)) or changes_user(run, command)


def _global_is_roots(run: Run) -> bool:
    """Whether the packages of an official image of Node.js are still where it put them, and root's."""
    stage = run.stage
    if stage.facts is None or stage.facts.name != "node":
        return False
    if any(name in stage.image.env or run.scope.get(name) is not None for name in _PREFIXES):
        return False
    if any("prefix" in word.value for other in stage.done_runs for c in other.calls("npm") for word in c.args):
        return False
    return not any(row.path is None or meet(row.path, _GLOBAL) for row in stage.files.attribute_changes)


def _closed_project(stage: Stage, run: Run, call: PackageCall) -> str | None:
    """Return the folder that a project is installed in, where it is root's and has no `node_modules` yet."""
    folder = install_folder(run, call)
    if not folder:
        return None
    user = name_of(run.user.value or "")
    modules_folder = f"{folder.rstrip('/')}/node_modules"
    here, modules = access(stage, folder, user, before=run), access(stage, modules_folder, user, before=run)
    prepared = modules.exists is True or isinstance(modules.decided_by, Run)
    return folder if here.exists is True and here.writable is False and not prepared else None


def handed_over(run: Run, folder: str) -> str:
    """Return the command by which root gives a folder to the account of a RUN, with what its own RUNs put there."""
    return f"chown {'-R ' if _is_filled_by_root(run, folder) else ''}{run.user.value} {folder}"


def _is_filled_by_root(run: Run, folder: str) -> bool:
    """Whether a RUN of root's above one leaves files of its own below a folder, or packages of Node.js."""
    above = [one for one in run.stage.done_runs if one.at < run.at and runs_as_root(one)]
    calls = ((one, call) for one in above for call in one.package_calls if call.manager in NODE_MANAGERS)
    if any(
        call.action == "install" and not call.global_ and install_folder(one, call) == folder for one, call in calls
    ):
        return True
    puts = run.stage.files.below(folder)
    return any(put.kind == "run" and put.step in above and not put.makes_folder for put in puts)
