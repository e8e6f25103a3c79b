"""Two commands of the file before the change, side by side, and what the change makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Stage

TAKES_A_COMMAND = frozenset(
    "apk apt apt-get bash brew conda chroot dnf echo env exec find gem man microdnf nohup npx parallel printf sh sudo "
    "timeout watch xargs yum zypper which command type time install scl ssh docker script strace".split()
)
"""Commands of whose arguments a command's name may be one, or that run one."""
_MOST_WORDS = 500
"""Words of a command that are looked at; people write fewer."""


@once
def commands_of(stage: Stage) -> tuple[Command, ...]:
    """The commands of a stage's RUNs in order, without those inside others."""
    return tuple(one for run in stage.runs if run.is_read for one in run.commands if not one.nested)


@once
def _by_text(stage: Stage) -> dict[str, list[int]]:
    """The places in `commands_of` of each command, by its text."""
    found: dict[str, list[int]] = {}
    for place, command in enumerate(commands_of(stage)):
        found.setdefault(str(command), []).append(place)
    return found


def joined(change: DockerfileChange, stage: Stage) -> dict[int, int]:
    """Return the commands that were several, side by side, before the change, each with the first word of the second.

    Nothing but a lost operator turns `make` and `rm -rf /src` into `make rm -rf /src`. Assignments are left out: `A=1`
    in front of a command is a way to hand it a variable, and behind one to set what `make` reads.

    Args:
        change: The change.
        stage: The stage as it is now.

    Returns:
        The place in `Command.words` of the word that began a command, by where the command starts in the file.
    """
    was = change.was(stage)
    if was is None:
        return {}
    known = _by_text(was)
    return {
        command.start: place
        for command in commands_of(stage)
        if str(command) not in known and len(command.words) <= _MOST_WORDS
        for place in list(_seams(command, was))[:1]
    }


def _seams(command: Command, was: Stage) -> Iterator[int]:
    """Yield the place of each word at which a command falls apart into commands of before."""
    words, old, known = [word.text for word in command.words], commands_of(was), _by_text(was)
    for end in range(1, len(words)):
        for place in known.get(" ".join(words[:end]), ()):
            if _is_alone(old[place]) and _is_rest(words[end:], old[place + 1 :]):
                yield end
                break


def _is_alone(command: Command) -> bool:
    """Whether a command was complete: not a bare shell or wrapper, to which the change may give what it runs."""
    return bool(command.name) and (bool(command.args) or command.name not in TAKES_A_COMMAND)


def _is_rest(words: list[str], commands: tuple[Command, ...]) -> bool:
    """Whether words are the next commands of before, one or several."""
    for command in commands:
        own = [word.text for word in command.words]
        if not command.name or words[: len(own)] != own:
            return False
        words = words[len(own) :]
        if not words:
            return True
    return False
