"""Starts that go through the tools of developers, or through a script of a workspace."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.brought import brought
from rules.copying.installs.calls import install_folder
from rules.facts.installers import NODE_MANAGERS
from rules.packages.developers.programs import commands_of_lines
from rules.packages.projects.package_json import called, read_manifest
from rules.user.root.start_scripts import start_scripts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.command import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_OF_WORKSPACES = ("-F", "--filter", "-r", "--recursive", "-w", "--workspace", "-ws", "--workspaces", "-C", "--dir")
_RUNNERS = re.compile(r"(?<![\w./@-])(?:tsx|ts-node(?:-dev|-esm)?|turbo|vite-node|nodemon)(?![\w.@-])")
"""Programs that run sources or the scripts of workspaces; manifests have them among developers' packages."""
_PNPM_WORKSPACE = "pnpm-workspace.yaml"
_WORKSPACE_WORDS = re.compile(r"pnpm-workspace|\bturbo\s+prune\b|\bpnpm\b[^\n;&|]*\s(?:-r|--recursive|-F|--filter)\b")


def runs_through_tool(lines: Iterable[str], text: str | None) -> bool:
    """Tell whether a start runs the program through a tool that its manifest does not ask for among its own packages.

    Args:
        lines: What the container starts.
        text: The manifest; a workspace's own may ask for the tool where the project's does not.
    """
    read = read_manifest(text)
    own = read.packages("dependencies", "optionalDependencies") if read is not None else frozenset()
    return any(tool.removesuffix("-esm") not in own for line in lines for tool in _RUNNERS.findall(line))


def started_lines(change: DockerfileChange, stage: Stage) -> Iterator[str]:
    """Yield what the container starts: its command, the scripts of the repository behind it, and others' commands.

    Those are what services of compose files start in the image instead of its own. Its health check runs in it, too,
    and Node.js loads what `NODE_OPTIONS` names in front of the program.
    """
    for setting in (*stage.image.start_command, stage.image.healthcheck):
        if setting.value is not None:
            yield setting.value.text
    options = stage.image.env.get("NODE_OPTIONS")
    if options is not None and options.value:
        yield f"node {options.value}"
    yield from (script.text for script in start_scripts(change, stage) if script.text is not None)
    yield from (line for build in change.builds_of(stage) for line in (build.command, build.probe) if line)


def workspace_start(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall) -> Command | None:
    """Return what starts a script of which the manifest beside the install tells nothing.

    It is one of a workspace, as with `pnpm --filter api start`, or of another folder whose manifest was not read.
    """
    folder = stage.image.workdir.value
    elsewhere = folder != install_folder(run, call) and folder is not None and not manifest_at_work(change, stage)
    for command in commands_of_lines(started_lines(change, stage)) if call.manager in NODE_MANAGERS else ():
        of_yarn = command.name == "yarn" and command.subcommand in ("workspace", "workspaces")
        if command.name in NODE_MANAGERS and (of_yarn or command.has(*_OF_WORKSPACES)):
            return command
        if elsewhere and called(command):
            return command
    return None


def manifest_at_work(change: DockerfileChange, stage: Stage) -> str | None:
    """Return the package.json of the folder that the container starts in, where it was read."""
    folder = stage.image.workdir.value
    path = posixpath.join(folder, "package.json") if folder is not None else None
    found = brought(change, stage, path, through_stages=True) if path is not None else None
    return found.text if found is not None else None


def prune_of_workspace(change: DockerfileChange, run: Run, call: PackageCall, started: Command | None) -> str | None:
    """Return what takes developers' packages out of all packages of pnpm's workspace; `None` outside of one.

    `pnpm prune` knows no workspaces (its documentation says so): it leaves each package without the program's own,
    too, where `pnpm install --prod` leaves these (measured with pnpm 9 and 10). It asks before it deletes, unless `CI`
    is set.

    Args:
        change: The change.
        run: The RUN with the install.
        call: The install.
        started: What starts a script of a workspace; `None` where nothing does.
    """
    if call.manager != "pnpm":
        return None
    context = change.repository.context_of(change.path) or ""
    there = change.repository.exists(f"{context}/{_PNPM_WORKSPACE}" if context else _PNPM_WORKSPACE)
    said = any(_WORKSPACE_WORDS.search(one.instruction.whole_value) for one in run.stage.all_steps)
    return "CI=true pnpm install --prod" if there or said or started is not None else None
