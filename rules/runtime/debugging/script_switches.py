"""Debug modes that a script of package.json switches on, which a start command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.runtime.debugging.switches import Switch, switch_in
from rules.runtime.languages.node_manifest import ScriptOf, script_commands

if TYPE_CHECKING:
    from rules.api import DockerfileChange
    from rules.runtime.starts.instructions import Written


def switch_in_script(change: DockerfileChange, found: Written) -> tuple[ScriptOf, Switch] | None:
    """Return what a script of the image's package.json switches on that a start command surely runs.

    `None` where a compose file starts something else in the image: what it is made for is then not told.
    """
    if change.repository.starts_otherwise(change.path):
        return None
    for script, command in script_commands(change, found):
        switch = switch_in(command) if not command.conditional else None
        if switch is not None:
            return script, switch
    return None
