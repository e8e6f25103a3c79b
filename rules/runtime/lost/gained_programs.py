"""Whether an image may have a program that no instruction names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from rules.api import Stage


def may_gain(stage: Stage, name: str, bringing: Collection[str], marks: str = "$*") -> bool:
    """Tell whether an image may have a program by its base, a `PATH` of its own, an install or a command.

    Args:
        stage: The image.
        name: The program's name.
        bringing: Commands that may put a program where `PATH` leads, without its name.
        marks: What stands in the name of a package that may be any.
    """
    facts, path = stage.facts, stage.image.env.get("PATH")
    if facts is None or facts.has_tool(name) or (path is not None and path.set_in_file) or stage.runtime.is_windows:
        return True
    if stage.runtime.may_gain_programs() or stage.runtime.is_copied(name):
        return True
    if any(name in item.name or any(mark in item.name for mark in marks) for item in stage.packages.installed):
        return True
    return any(command.name in bringing for run in stage.done_runs for command in run.commands)
