"""What is done when a container starts, by files beside the Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once
from rules.user.root.start_scripts import scripts_in_turn

if TYPE_CHECKING:
    from rules.change import DockerfileChange


@once
def code_at_start(change: DockerfileChange) -> str:
    """Return what start scripts of the repository do, and what compose files start in the image, as far as it is read.

    Whether and when a line of it is run is not asked: it is for what silences a rule.
    """
    commands = [build.command for build in change.repository.builds_of(change.path)]
    scripts = (script.code for stage in change.after.shipped for script in scripts_in_turn(change, stage))
    return "\n".join((*commands, *scripts))
