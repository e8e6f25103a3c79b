"""Debug modes that a script of package.json switches on, which a start command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.packages.projects.package_json import commands_run
from rules.runtime.debugging.switches import Switch, switch_in
from rules.runtime.languages.node_manifest import calls, manifest_of, script_called

if TYPE_CHECKING:
    from rules.api import DockerfileChange
    from rules.runtime.starts.instructions import Written


class ScriptSwitch(NamedTuple):
    """A switch in a script.

    Attributes:
        switch: The switch.
        call: What starts the script.
        name: The script.
        path: The package.json in the repository.
    """

    switch: Switch
    call: str
    name: str
    path: str


def switch_in_script(change: DockerfileChange, found: Written) -> ScriptSwitch | None:
    """Return what a script of the image's package.json switches on that a start command surely runs.

    `None` where a compose file starts something else in the image: what it is made for is then not told.
    """
    if change.repository.starts_otherwise(change.path):
        return None
    manifest = manifest_of(change, found.stage)
    for call in calls(change, found) if manifest is not None else ():
        called = script_called(call.words)
        commands = commands_run(manifest.scripts, called[0]) if called is not None and manifest is not None else ()
        for command in commands:
            switch = switch_in(command) if not command.conditional else None
            if switch is not None and called is not None and manifest is not None:
                return ScriptSwitch(switch, " ".join(call.words), called[0], manifest.path)
    return None
