"""What a RUN's commands may do, and which of them surely run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.dockerfile.shell.nested import hands_script
from rules.lazily import once
from rules.model.outcome import surely_stops

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
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
_IDLE = frozenset({"", ":", "echo", "set", "true"})
"""Commands that read no file and write none: the shell's own settings, and what they say."""
_RUNNERS = ("bash", "sh", "source", ".")
_SYSTEM_FOLDERS = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/")


def install_of(stage: Stage, packages: Iterable[str]) -> str:
    """Return the command that installs packages with the package manager of an image, their names where it has none."""
    install = INSTALL.get(stage.runtime.package_manager or "", "")
    return f"{install} {' '.join(packages)}".strip()


def may_be_script(command: Command) -> bool:
    """Tell whether a command is a script, runs one, or is named by a variable: what it does is not in the file."""
    if command.name in _RUNNERS:
        return not hands_script(command)
    return command.name.endswith(".sh") or "$" in command.name


def is_own_program(command: Command) -> bool:
    """Tell whether a command is called by a path outside of the system's folders: `/build/install-tools`, `./setup`."""
    return "/" in command.called and not command.called.startswith(_SYSTEM_FOLDERS)


def runs_script_before(run: Run, start: int) -> bool:
    """Tell whether a script that is not read here ran before a place in a RUN, and may have installed anything.

    Args:
        run: The RUN.
        start: Where a command of it starts.
    """
    first = _first_script(run.stage)
    return first is not None and first < (run.at, start)


def runs_scripts(stage: Stage) -> bool:
    """Tell whether a stage, or one below it, runs a script that is not read here and may have installed anything."""
    return _first_script(stage) is not None


@once
def _first_script(stage: Stage) -> tuple[tuple[int, int], int] | None:
    found = ((run.at, command.start) for run in stage.done_runs for command in run.commands if may_be_script(command))
    return min(found, default=None)


def does_only(run: Run, starts: Collection[int], *besides: str) -> bool:
    """Tell whether a RUN does nothing but some commands, and such as read and write no file.

    Args:
        run: The RUN.
        starts: Where those commands start.
        besides: Names of others that do not matter.
    """
    return all(command.name in (*_IDLE, *besides) or command.start in starts for command in run.commands)


def sure_calls(run: Run, *names: str) -> Iterator[Command]:
    """Yield the calls of programs that surely run, and whose failure stops the build.

    Args:
        run: A RUN; where a folder is mounted into it, any program may come from there.
        names: The programs.
    """
    shell = run.script.shell if run.script.shell is not None and run.script.shell.name in names else None
    called = run.calls(*names)
    if not (called or shell) or run.deferred or not run.is_read or any(mount.type == "bind" for mount in run.mounts):
        return
    if shell is not None:
        yield shell
    for command in called:
        if surely_stops(run, command):
            yield command
