"""Where an image takes the right to use `sudo` away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.api import Command, Run, Stage

_GROUPS = frozenset({"sudo", "wheel", "admin"})
"""Whose members `sudo` lets become root (Debian's, Red Hat's and Alpine's, and Ubuntu's of before 12.04)."""
_RULES = "/etc/sudoers"


def withdrawn_behind(stage: Stage, run: Run, command: Command, who: str = "") -> Command | None:
    """Return what takes away, behind a command, the right to use `sudo`: the group, the rule for it, or the program.

    Args:
        stage: The image.
        run: A RUN of it.
        command: A command of that.
        who: Whom the rule names, `%sudo` or an account, where the command writes one: an account keeps a rule of its
            own when it leaves a group.
    """
    place = run.at, command.start
    later = (other for at, other in _withdrawals(stage) if (at, other.start) > place)
    return next((other for other in later if not who or _ends(other, run, who)), None)


def _ends(withdrawal: Command, run: Run, who: str) -> bool:
    """Whether it ends the right that a rule gives: of files below `/etc/sudoers.d` it is one that the RUN names."""
    if withdrawal.name in ("deluser", "delgroup", "gpasswd"):
        return who.startswith("%")
    if withdrawal.name != "rm":
        return True
    paths = [word.value.rstrip("/*") for word in withdrawal.operands() if word.value.startswith(_RULES)]
    return any("$" in path or path in run.instruction.whole_value for path in paths)


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
