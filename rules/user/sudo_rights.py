"""Where an image takes the right to use `sudo` away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.api import Command, Run, Stage

_GROUPS = frozenset({"sudo", "wheel", "admin"})
"""Whose members `sudo` lets become root (Debian's, Red Hat's and Alpine's, and Ubuntu's of before 12.04)."""
_RULES = "/etc/sudoers"


def withdrawn_behind(stage: Stage, run: Run, command: Command) -> Command | None:
    """Return what takes away, behind a command, the right to use `sudo`: the group, the rule for it, or the program.

    Args:
        stage: The image.
        run: A RUN of it.
        command: A command of that.
    """
    place = run.at, command.start
    return next((other for at, other in _withdrawals(stage) if (at, other.start) > place), None)


@once
def _withdrawals(stage: Stage) -> list[tuple[tuple[int, int], Command]]:
    """What takes an account out of the group, takes the rule away, or removes `sudo`, each with its RUN's place."""
    found = []
    for run in stage.done_runs:
        commands = [one for one in run.calls("deluser", "delgroup", "gpasswd", "sed", "rm") if _withdraws(one)]
        removals = (call for call in run.package_calls if call.action == "remove")
        commands += [call.command for call in removals if any(package.name == "sudo" for package in call.packages)]
        found += [(run.at, command) for command in sorted(commands, key=lambda one: one.start)]
    return found


def _withdraws(command: Command) -> bool:
    words = [word.value for word in command.operands()]
    if command.name == "rm":
        return any(word.startswith(_RULES) for word in words)
    if command.name == "sed":
        return words[-1:] == [_RULES] and any(word.endswith("/d") for word in words)
    if command.name == "gpasswd" and not command.has("-d", "--delete"):
        return False
    return len(words) > 1 and words[-1] in _GROUPS
