"""What a RUN's commands may do, and which of them surely run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model.outcome import outcome_of_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell import Command
    from rules.model.steps import Run

INSTALL = {
    "apt": "apt-get install -y --no-install-recommends",
    "apk": "apk add --no-cache",
    "dnf": "dnf install -y",
    "microdnf": "microdnf install -y",
    "yum": "yum install -y",
    "zypper": "zypper --non-interactive install",
}
"""How a message writes the install of packages, by their manager."""
_RUNNERS = ("bash", "sh", "source", ".")


def may_be_script(command: Command) -> bool:
    """Tell whether a command is a script, runs one, or is named by a variable: what it does is not in the file."""
    return command.name in _RUNNERS or command.name.endswith(".sh") or "$" in command.name


def sure_calls(run: Run, *names: str) -> Iterator[Command]:
    """Yield the calls of programs that surely run, and whose failure stops the build.

    Args:
        run: A RUN; where a folder is mounted into it, any program may come from there.
        names: The programs.
    """
    if run.deferred or not run.is_read or any(mount.type == "bind" for mount in run.mounts):
        return
    for command in run.calls(*names):
        if not (command.conditional or command.nested) and outcome_of_failure(run, command) == "stops":
            yield command
