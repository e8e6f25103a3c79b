"""What the RUNs of a stage do that none of them did before the change, and whether that may bring a file."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.model.packages import OS_MANAGERS
from rules.model.puts import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Redirect, Run, Stage


def none_brings(stage: Stage, was: Stage, path: str) -> bool:
    """Tell whether no command that the change adds can have brought a file to a path."""
    return all(_brings_nothing(run, command, path) for run, command in _new_commands(stage, was))


def _new_commands(stage: Stage, was: Stage) -> Iterator[tuple[Run, Command | None]]:
    """Yield what the RUNs do that none did before; `None` stands for a RUN that is new and is not read."""
    whole = {" ".join(str(run.instruction).split()) for run in was.done_runs}
    known = {str(command) for run in was.done_runs for command in run.commands}
    for run in stage.done_runs:
        if " ".join(str(run.instruction).split()) in whole:
            continue
        if not run.is_read:
            yield run, None
        yield from ((run, command) for command in run.commands if str(command) not in known)


_IDLE = frozenset(
    "cd mkdir rm rmdir chmod chown chgrp setcap set true : echo printf test [ ls id export umask ldconfig fc-cache "
    "update-ca-certificates adduser addgroup useradd groupadd usermod groupmod deluser delgroup locale-gen".split()
)
"""Programs that bring no program: what they write is an account, a folder, or where the RUN sends their output."""
_OF_PACKAGES = ("/bin", "/etc", "/lib", "/sbin", "/usr", "/var")
_OF_NO_PACKAGE = ("/usr/local", "/usr/src/app", "/usr/src/service", "/var/app", "/var/task", "/var/www")


def _brings_nothing(run: Run, command: Command | None, path: str) -> bool:
    """Whether a command is known not to bring a file to a path."""
    if command is None or any(_may_write(redirect, path) for redirect in command.redirects):
        return False
    if command.name in _IDLE:
        return True
    if not any(call.command is command and call.manager in OS_MANAGERS for call in run.package_calls):
        return False
    system = any(within(path, folder) for folder in _OF_PACKAGES)
    return not system or any(within(path, folder) for folder in _OF_NO_PACKAGE)


def _may_write(redirect: Redirect, path: str) -> bool:
    """Whether a redirection may write a file, as far as its target is known."""
    target = redirect.target.value if redirect.target is not None else ""
    elsewhere = target.startswith("/") and "$" not in target and posixpath.normpath(target) != path
    return ">" in redirect.operator and redirect.operator != ">&" and not elsewhere
