"""Who may become root by `sudo` without a password, and where an image takes that right away again."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.shell_scope import filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run, Stage

_GROUPS = frozenset({"sudo", "wheel", "admin"})
"""Whose members `sudo` lets become root (Debian's, Red Hat's and Alpine's, and Ubuntu's of before 12.04)."""
_RULES = "/etc/sudoers"
_GRANT = re.compile(r"(?m)^[ \t]*(%?[\w.${}-]+)\s+ALL\s*=\s*(?:\([^)]*\)\s*)?NOPASSWD\s*:\s*ALL\b")
"""A line of `sudoers` that lets somebody run every command (sudoers(5))."""


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
    if not who or any("$" in name for name in _FILES.findall(run.instruction.whole_value)):
        return next((other for at, other in _withdrawals(stage) if (at, other.start) > place), None)
    ends = [_last_of_each(stage).get(key) for key in _keys_of_rule(run, who)]
    return next((one[1] for one in ends if one is not None and (one[0], one[1].start) > place), None)


_BY_GROUP, _WHOLLY = "the group", "sudo itself"
"""What ends the right of a group's members, and whoever's; else it is a file of rules that goes, by its path."""
_FILES = re.compile(r"/etc/sudoers[^\s\"';|&<>()]*")


def _keys_of_rule(run: Run, who: str) -> list[str]:
    """Return what would end the right that a RUN's rule gives: that a file which it names goes, or all files do."""
    names = _FILES.findall(run.instruction.whole_value)
    files = [*names, *(f"{posixpath.dirname(name)}/*" for name in names), *map(posixpath.dirname, names)]
    return [_WHOLLY, *([_BY_GROUP] if who.startswith("%") else []), *files]


@once
def _last_of_each(stage: Stage) -> dict[str, tuple[tuple[int, int], Command]]:
    """The last that takes the right away in each manner, with its RUN's place."""
    return {key: (at, command) for at, command in _withdrawals(stage) for key in _manners(command)}


def _manners(withdrawal: Command) -> list[str]:
    if withdrawal.name in ("deluser", "delgroup", "gpasswd"):
        return [_BY_GROUP]
    if withdrawal.name != "rm":
        return [_WHOLLY]
    paths = [word.value.rstrip("/") for word in withdrawal.operands() if word.value.startswith(_RULES)]
    return [path if "$" not in path else _WHOLLY for path in paths]


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


@once
def grants(stage: Stage) -> tuple[tuple[Run, Command, str], ...]:
    """Return the commands that let somebody run everything as root without a password, with whom they name."""
    found = []
    for run in stage.done_runs:
        if "NOPASSWD" in run.instruction.text and "sudoers" in run.instruction.text:
            for command in run.commands:
                texts = [*(_lines(command, word.value) for word in command.args), command.heredoc or ""]
                who = next((match[1] for text in texts for match in _GRANT.finditer(text)), None)
                if who is not None:
                    found.append((run, command, filled(run, command, who) or who))
    return tuple(found)


def granted_to(stage: Stage, user: str) -> Iterator[tuple[Run, Command, str]]:
    """Yield those of the grants that name an account and that nothing takes away again.

    Args:
        stage: The image.
        user: The account, as `USER` has it.
    """
    named = (grant for grant in grants(stage) if _names(stage, grant[2], user))
    yield from (grant for grant in named if withdrawn_behind(stage, *grant) is None)


def _names(stage: Stage, who: str, user: str) -> bool:
    """Whether a line of `sudoers` speaks of an account: by name, as everybody, or by a group that it is put into."""
    group = who.removeprefix("%")
    if who == group:
        return who in (user, "ALL")
    made = next((one for one in stage.users.created if user in (one.name, one.uid)), None)
    if made is not None and group in (made.group, *made.supplementary):
        return True
    name = made.name if made is not None else user
    joins = (c for run in stage.done_runs for c in run.calls("usermod", "adduser", "addgroup", "gpasswd"))
    words = ([part for word in command.args for part in word.value.split(",")] for command in joins)
    return any(name in parts and group in parts for parts in words)


def _lines(command: Command, text: str) -> str:
    """Put the lines that a word writes below each other; of what `sed` is told, each part between its strokes."""
    return re.sub(r"\\n|[/|#]" if command.name == "sed" else r"\\n", "\n", text)
