"""The account that a file gives the program's folder to: the one that is meant to run it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.puts import within_any
from rules.model.search_path import DEFAULT_PATH
from rules.model.shell_scope import filled
from rules.model.steps import Copy, Run
from rules.model.users import is_root_name
from rules.user.accounts.running import name_of
from rules.user.owners.ownership import access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model.stage import Stage
    from rules.model.steps import Step

_SYSTEM = (*DEFAULT_PATH, "/usr/lib", "/lib", "/lib64", "/etc")
"""Where programs of the system lie; their folders are given to nobody."""


class WorkOwner(NamedTuple):
    """An account that may write where the program works.

    Attributes:
        name: As the file writes it: a name or a number.
        folder: Where the program works or lies, absolute.
        line: Where that is said, from 1.
        writes: Whether the folder itself is its own, and not just what was copied there.
    """

    name: str
    folder: str
    line: int
    writes: bool


@once
def work_owner(stage: Stage) -> WorkOwner | None:
    """Return the account, other than root, that the file gives the work folder or the program's own folder to."""
    named = [(name, step) for step in stage.done_steps for name in _owners(step)]
    for name, step in reversed(named):
        for folder in _folders(stage) if stage.users.exists(name) is not False else ():
            writes = bool(access(stage, folder, name).writable)
            if writes or (isinstance(step, Copy) and step.destination == folder):
                return WorkOwner(name, folder, step.instruction.line, writes)
    return None


def _owners(step: Step) -> Iterator[str]:
    """Yield the accounts that a step gives files to, without their groups."""
    values: list[str] = []
    if isinstance(step, Copy):
        values = [step.option("chown") or ""]
    elif isinstance(step, Run):
        calls = ((command, command.operands(("--from",))[:1]) for command in step.calls("chown"))
        values = [filled(step, command, word.value) or "" for command, words in calls for word in words]
    for value in values:
        name = name_of(value.replace(".", ":", 1) if ":" not in value else value)
        if name and "$" not in name and not is_root_name(name):
            yield name


def _folders(stage: Stage) -> tuple[str, ...]:
    """The folder that the container works in, and those that its programs lie in, as far as they are the file's."""
    image = stage.image
    found = [image.workdir.value] if image.workdir.set_in_file else []
    for setting in image.start_command:
        program = (setting.value.text.split() or [""])[0] if setting.value is not None else ""
        if program.startswith("/") and setting.set_in_file:
            found.append(posixpath.dirname(program))
    return tuple(dict.fromkeys(path for path in found if path and path != "/" and not within_any(path, _SYSTEM)))
