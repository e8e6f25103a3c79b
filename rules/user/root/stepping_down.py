"""For what the entrypoints of official images give up root: for their own program, and no other command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.user.root.start_scripts import is_of_base

if TYPE_CHECKING:
    from rules.model.stage import Stage

_STEPS_DOWN_FOR = {
    "cassandra": re.compile(r"cassandra(?:\s|$)"),
    "elasticsearch": re.compile(r"(?:eswrapper|elasticsearch)(?:\s|$)"),
    "ghost": re.compile(r"node\s.*current/index\.js"),
    "mariadb": re.compile(r"(?:mariadbd|mysqld)(?:\s|$)"),
    "mongo": re.compile(r"mongo"),
    "mysql": re.compile(r"mysqld(?:\s|$)"),
    "postgres": re.compile(r"postgres(?:\s|$)"),
    "rabbitmq": re.compile(r"rabbitmq"),
    "redis": re.compile(r"redis-(?:server|sentinel)(?:\s|$)|\S+\.conf(?:\s|$)"),
    "redmine": re.compile(r"(?:rails|rake|passenger)(?:\s|$)"),
}
"""The commands for which the entrypoint of an official image becomes another user (its script)."""

_INITS_AS_ROOT = re.compile(r"(?:linuxserver|phusion/baseimage|jlesage/baseimage)[/-]?")
"""Bases whose init has to start as root, and starts the program as another user: `PUID`, `setuser`, `USER_ID`."""


def starts_by_init_of_base(stage: Stage) -> bool:
    """Tell whether the entrypoint is left to a base whose own is an init that gives up root for what it starts."""
    reference = stage.root.reference
    known = reference is not None and _INITS_AS_ROOT.match(reference.path) is not None
    return known and not stage.image.entrypoint.set_in_file and not stage.image.cmd.set_in_file


def starts_through_base(stage: Stage) -> bool:
    """Tell whether the container starts through the base's own entrypoint, a command for which that gives up root."""
    entrypoint, cmd = stage.image.entrypoint, stage.image.cmd
    words = entrypoint.value.words if entrypoint.value is not None else ()
    if entrypoint.set_in_file and not (words and is_of_base(stage, words[0].rsplit("/", 1)[-1])):
        return False
    if (cmd.set_in_file and cmd.value is None) or (entrypoint.set_in_file and entrypoint.value is None):
        return True
    given = [*(words[1:] if entrypoint.set_in_file else ()), *(cmd.value.words if cmd.value is not None else ())]
    if cmd.value is not None and cmd.value.form == "shell" and given[0] == cmd.value.text:
        return _names_entrypoint(stage, cmd.value.text)  # else it is `/bin/sh`, for which no entrypoint steps down
    return not given or _is_stepped_down_for(stage, given)


def _names_entrypoint(stage: Stage, text: str) -> bool:
    own = {word.rsplit("/", 1)[-1] for word in (stage.facts.entrypoint or () if stage.facts is not None else ())}
    return any(word.rsplit("/", 1)[-1] in own for word in text.split())


def _is_stepped_down_for(stage: Stage, given: list[str]) -> bool:
    """Whether the base's entrypoint gives up root for a command: its own program's, or options of that."""
    known = _STEPS_DOWN_FOR.get(stage.facts.name) if stage.facts is not None else None
    command = " ".join((given[0].rsplit("/", 1)[-1], *given[1:]))
    return known is None or command.startswith("-") or known.match(command) is not None
