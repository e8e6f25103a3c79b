"""Scripts of the project that clean up behind a package manager, in the same RUN."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.packages.lists.later_scripts import texts_run
from rules.packages.scripts_run import called_script

if TYPE_CHECKING:
    from rules.api import DockerfileChange, PackageCall, Run

_CLEANING = re.compile(r"/var/lib/apt/lists|/var/cache/|\bclean\b")


def is_cleaned_by_script(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Tell whether a script behind a call cleans up, by its text or name (`cleanup_apt.sh`), or `eval "$CLEANUP"`."""
    behind = [command for command in run.commands if command.start > call.command.start]
    if any(command.name == "eval" for command in behind) and _CLEANING.search(run.instruction.whole_value):
        return True
    if any("clean" in called_script(command).rpartition("/")[2] for command in behind):
        return True
    scripts = (text for command, text in texts_run(change, run) if command.start > call.command.start)
    return any(text is not None and _CLEANING.search(text) for text in scripts)
