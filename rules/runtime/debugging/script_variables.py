"""Variables that a script of package.json gives to what it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.packages.projects.package_json import commands_run
from rules.runtime.languages.node_manifest import calls, manifest_of, script_called

if TYPE_CHECKING:
    from rules.api import DockerfileChange
    from rules.runtime.starts.instructions import Written

_SETTERS = frozenset({"cross-env", "cross-env-shell", "env"})
"""What sets the variables in front of a command and runs it."""


def given_by_script(change: DockerfileChange, found: Written, name: str) -> bool:
    """Tell whether the script that a start command runs sets a variable: `NODE_ENV=production node server.js`."""
    manifest = manifest_of(change, found.stage)
    for call in calls(change, found) if manifest is not None else ():
        called = script_called(call.words)
        for command in commands_run(manifest.scripts, called[0]) if called is not None and manifest is not None else ():
            set_in_front = {variable for variable, _ in command.assignments}
            if command.name in _SETTERS:
                set_in_front |= {word.value.partition("=")[0] for word in command.args if "=" in word.value}
            if name in set_in_front:
                return True
    return False
