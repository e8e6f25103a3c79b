"""Packages that an image gets as files of their own, past the index: `dpkg -i`, `rpm -i`, `apt-get install ./x.deb`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.packages import OS_MANAGERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run, Stage

_UNPACKERS = {"dpkg": ("-i", "--install"), "rpm": ("-i", "-U", "-F", "--install", "--upgrade")}
"""Programs below the package managers that install files, with the options that say so (dpkg(1), rpm(8))."""
_FILE = re.compile(r"([^/=]+)\.(?:deb|rpm|apk)(?:[?#].*)?$")


class _Files(NamedTuple):
    """What is known of a stage's packages that came as files.

    Attributes:
        names: The names of such files, without folder and ending, wherever a command or a COPY mentions one.
        open: The installs whose files a pattern or a variable names.
    """

    names: frozenset[str]
    open: frozenset[str]


def unpacker_calls(run: Run) -> Iterator[Command]:
    """Yield a RUN's commands that install packages out of files below the package manager."""
    yield from (command for command in run.calls(*_UNPACKERS) if is_unpacker(command))


def is_unpacker(command: Command) -> bool:
    """Tell whether a command installs packages out of files below the package manager."""
    return command.name in _UNPACKERS and command.has(*_UNPACKERS[command.name])


def may_come_as_file(stage: Stage, was: Stage, name: str) -> bool:
    """Tell whether a package may be installed from a file: one of its name, or one that a new install does not name.

    Args:
        stage: The stage now.
        was: The stage as it was.
        name: The package's name, without its number.
    """
    files = _files(stage)
    alike = [file for file in files.names if file.startswith(name)]  # few RUNs name any
    named = any(re.match(r"[\d.]*(?![a-z\d])", file[len(name) :]) for file in alike)
    return named or not files.open <= _files(was).open


def new_files(stage: Stage, was: Stage) -> frozenset[str]:
    """Return the names of packages that a stage installs from files and did not: `wkhtmltox` of `wkhtmltox_0.12.deb`.

    Args:
        stage: The stage now.
        was: The stage as it was.
    """
    return frozenset(name.partition("_")[0] for name in _files(stage).names - _files(was).names)


@once
def _files(stage: Stage) -> _Files:
    installs = [command for run in stage.done_runs for command in _installs(run)]
    if not installs:
        return _Files(frozenset(), frozenset())
    words = [word.value for run in stage.done_runs for command in run.commands for word in command.args]
    words += [put.source for put in stage.files.puts if put.source]
    names = frozenset(match.group(1) for word in words if (match := _FILE.search(word)))
    return _Files(names, frozenset(str(command) for command in installs if _is_open(command)))


def _installs(run: Run) -> Iterator[Command]:
    yield from unpacker_calls(run)
    for call in run.package_calls:
        is_install = call.manager in OS_MANAGERS and call.action == "install"
        if is_install and any(package.kind in ("path", "url") for package in call.packages):
            yield call.command


def _is_open(command: Command) -> bool:
    """Whether an argument stands for files that it does not name: `/tmp/*.deb`, `"$archive"`."""
    ends = (word.value.rstrip("/").rpartition("/")[2] for word in command.args if not word.value.startswith("-"))
    return any(end[:1] in ("*", "$", "?") for end in ends)
