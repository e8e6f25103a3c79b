"""Daemons that a package of the system brings, which mostly give up root themselves, or need it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.command_packages import provides
from rules.model.packages import OS_MANAGERS
from rules.quoting import quote
from rules.runtime.starts.instructions import started_words
from rules.user.accounts.running import name_of
from rules.user.owners.named import Owner, owner_of
from rules.user.root.own_programs import starts_own_program
from rules.user.root.start_scripts import start_scripts

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_OF_DAEMONS = re.compile(r"/(?:etc|run|var/(?:run|lib|log|cache|spool))/[^/]+")
"""Settings, state and PID files, which a package gives to the account that it makes for its daemon."""

_DAEMON = re.compile(r"(?!(?:etc|mongo)d$)[\w.-]*(?:d|daemon)")
"""The names of daemons, by custom; of those left out it is known that they take no other account by themselves."""


def may_step_down(change: DockerfileChange, stage: Stage) -> str | None:
    """Return why a process that starts as root may give it up by itself, for all that the file shows; else `None`.

    A daemon of the distribution has an account of its own as a rule, and whether it takes it, or keeps root for what it
    does, is in its settings. What a COPY brings, and what an interpreter runs, is the project's own; a script of the
    project may start a daemon.

    Returns:
        A sentence.
    """
    own = starts_own_program(stage)
    if own and not start_scripts(change, stage):
        return None
    account = _account_of_package(stage)
    if account is not None:
        return (
            f"What starts may switch by itself to {quote(account.user)}, to whom line {account.line} gives its folders."
        )
    program = _program(stage)
    if program is None or _DAEMON.fullmatch(program) is None or own:
        return None
    installed = (item.name for item in stage.packages.present if item.manager in OS_MANAGERS)
    if any(program in provides(name) for name in installed):
        return f"{quote(program)} comes with a package and may give up root by itself: its settings tell."
    return None


def _account_of_package(stage: Stage) -> Owner | None:
    """Name an account that a step gives a daemon's folder to, though neither the base has it nor the file makes it."""
    facts = stage.facts
    if facts is None:
        return None
    for row in stage.files.attribute_changes:
        name = name_of(owner_of(row)) if row.kind == "chown" and row.path and _OF_DAEMONS.match(row.path) else ""
        if name and not name.isdecimal() and facts.has_user(name) is False and stage.users.find(name) is None:
            return Owner(name, row.command.line)
    return None


def _program(stage: Stage) -> str | None:
    """The program that the file starts; of a shell's script, that of its last command."""
    if not any(setting.set_in_file for setting in stage.image.start_command):
        return None
    words = started_words(stage)
    return words[0].rsplit("/", 1)[-1] if words else None
