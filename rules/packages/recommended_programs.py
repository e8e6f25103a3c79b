"""Programs that a build calls and that only come as a recommendation of what it installs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_SSH = dict.fromkeys(("ssh", "scp", "sftp", "ssh-add", "ssh-agent", "ssh-keygen", "ssh-keyscan"), "openssh-client")
_RECOMMENDED = {
    "zip": {"unzip": "unzip"},
    "git": _SSH,
    "mercurial": _SSH,
    "dpkg-dev": {**dict.fromkeys(("gcc", "g++", "make", "cc"), "build-essential"), "gpg": "gnupg"},
}
"""By package the programs that Debian only recommends with it, each with its package (`apt-cache depends`)."""


class Missed(NamedTuple):
    """A program that would not be there without recommended packages.

    Attributes:
        package: What recommends it.
        wanted: The package that has it.
        line: Where it is needed.
    """

    package: str
    wanted: str
    line: int


def missed(stage: Stage, run: Run, call: PackageCall) -> Missed | None:
    """Return the first program that a stage calls behind an install and has by its recommendation alone."""
    facts = stage.facts
    for package in call.packages:
        for program, wanted in _RECOMMENDED.get(package.name, {}).items():
            if stage.packages.has(wanted, program) or (facts is not None and (facts.full or facts.has_tool(program))):
                continue
            for at, start, line in _calls(stage).get(program, ()):
                if at > run.at or (at == run.at and start > call.command.start):
                    return Missed(package.name, wanted, line)
    return None


@once
def _calls(stage: Stage) -> dict[str, list[tuple[tuple[int, int], int, int]]]:
    """By program the places where a stage calls it: its step, its place there, and its line."""
    found: dict[str, list[tuple[tuple[int, int], int, int]]] = {}
    for run in stage.done_runs:
        for command in run.commands:
            for name in _programs(command):
                found.setdefault(name, []).append((run.at, command.start, command.line))
    return found


def _programs(command: Command) -> Iterator[str]:
    yield command.name
    if command.name in ("git", "hg") and any("git@" in word.value or "ssh://" in word.value for word in command.args):
        yield "ssh"
