"""Programs that a script of `package.json` starts, and that start the application as a child of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Source, is_development_name, parse_shell, quote
from rules.model.audience import is_development_start
from rules.runtime.starts.text import is_plain

if TYPE_CHECKING:
    from rules.packages.projects.package_json import Manifest

_SPAWNERS = frozenset({"nest", "forever", "run-s", "run-p", "npm-run-all", "cross-env-shell", "react-scripts"})
"""What hands no SIGTERM on as process 1: measured, with @nestjs/cli 10 and 11, forever 4, npm-run-all 4, npm-run-all2 8
and cross-env 10. cross-env, env-cmd, dotenv-cli, concurrently, ts-node and tsx hand it on and wait. react-scripts 5
waits for its child in `spawn.sync`, and hears nothing meanwhile; the child itself ends on SIGTERM (their sources)."""
_STARTING = frozenset({"nest", "react-scripts"})
"""Those that start the application by their command `start` alone."""
_OF_REACT = "node node_modules/react-scripts/scripts/start.js"
"""What react-scripts starts."""


def way_past_spawner(manifest: Manifest | None, script: str) -> str | None:
    """Say what to start where a script's program would be in the way of signals as the package manager is.

    Args:
        manifest: The `package.json`, where it was read.
        script: The name of the script that the image starts.

    Returns:
        What stands behind “Start”; `None` where the program is no such one, or not known.
    """
    line = manifest.scripts.get(script) if manifest is not None else None
    called = _spawner(line) if line is not None else None
    if manifest is None or called is None:
        return None
    if called == "react-scripts start":
        besides = "" if line == called else ", with what else the script says"
        return f"{quote(_OF_REACT)}{besides}: {quote(called)} starts that as a child and hands no signal on to it"
    beside = _script_of_node(manifest)
    instead = f"what the script {quote(beside)} holds: {quote(manifest.scripts[beside])}" if beside is not None else ""
    return (
        f"{instead or 'the application itself, with `node`'}; {quote(called)} starts it as a child and hands no signal "
        "on to it"
    )


def _spawner(line: str) -> str | None:
    """Return the program that a script ends in, as its author calls it, where it is one of them."""
    commands = parse_shell(line, Source("package.json", line), 0).commands
    last = commands[-1] if commands else None
    if last is None or last.name not in _SPAWNERS or (last.name in _STARTING and last.subcommand != "start"):
        return None
    return f"{last.name} start" if last.name in _STARTING else last.name


def _script_of_node(manifest: Manifest) -> str | None:
    """Return the script for production that starts the application with Node.js: `start:prod`."""
    scripts = manifest.scripts
    for name in sorted(scripts, key=lambda name: ("prod" not in name, name)):
        line = scripts[name]
        of_node = is_plain(line) and line.split()[0] == "node" and len(line.split()) > 1
        meant = name.startswith("start") or "prod" in name
        if of_node and meant and not is_development_name(name.replace(":", "-")) and not is_development_start(line):
            return name
    return None
