"""Commands of a RUN behind whose failure it goes on, and those that stopped the build before the change."""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING

from rules.build.failures.pipes import caught_with, counts, is_caught, is_conditional
from rules.lazily import once
from rules.secrets.downloads.checks import is_check

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rules.api import Command, DockerfileChange, Run, Stage

_BUILDS = frozenset(
    "cargo cmake configure docker-php-ext-install dotnet go gradle gradlew make meson mvn mvnw ninja npm pecl phpize "
    "pnpm pytest sbt tox tsc webpack yarn".split()
)
_BRINGING = frozenset({"build", "ci", "download", "install", "run", "sync", "upgrade"})
_ASKING = frozenset({"--version", "-v", "-V", "--help", "config", "cache", "version", "info", "env", "list", "audit"})
_BLIND = frozenset(
    ": addgroup adduser cd date echo export find groupadd history ldconfig ls mkdir printf pwd set sync true unset "
    "useradd".split()
)
"""Commands that end well whether there is anything for them to do or not."""

_INSTALLED = frozenset({"gosu", "su-exec", "tini", "dumb-init"})
_CLEANING = frozenset("autoclean autoremove cache-clean clean del deborphan erase prune purge remove".split())


def is_ignored(run: Run, command: Command) -> bool:
    """Whether the RUN goes on behind a failure of this command, and ends with the status of another."""
    if not command.name or command.nested or is_conditional(run, command) or command.negated:
        return False
    if is_caught(run, command):
        blind = command.start in bringing(run) or all_blind(run, command)
        return caught_with(run, command) is not None and blind
    if command.errexit and not takes_along(run, command):
        # `set -e` looks at the last command of a list alone; what stands behind the list mostly needs it, and stops
        return command.after == "&&" and all_blind(run, command) and not counts(run, command)
    return command.after in (";", "\n", "&&") and not counts(run, command)


def checks_a_file(command: Command) -> bool:
    """Whether it checks a file against a sum or a signature."""
    return is_check(command) and (not command.name.endswith("sum") or command.has("-c", "--check"))


def matters(run: Run, command: Command) -> bool:
    """Whether what ships is another one when the command fails: an install, a build, a download, a check."""
    return checks_a_file(command) or command.start in bringing(run) or command.name in ("curl", "wget")


@once
def bringing(run: Run) -> frozenset[int]:
    """Where the commands stand that install or build something."""
    calls = {c.command.start for c in run.package_calls if c.action in _BRINGING and c.command.subcommand != "audit"}
    builds = (c for c in run.commands if c.name in _BUILDS and _ASKING.isdisjoint(word.value for word in c.args))
    return frozenset(calls | {command.start for command in builds})


def takes_along(run: Run, command: Command) -> bool:
    """Whether an install that stands behind a command in its `&&` list is not run when it fails, and nothing sees it.

    That is so under `set -e` as well: `set -e; apt-get update && apt-get install -y curl; apt-get clean`.
    """
    if not command.errexit or command.after != "&&":
        return False
    behind = (one for one in run.commands if one.start > command.start and not one.nested)
    rest = takewhile(lambda one: one.before == "&&", behind)
    return any(one.start in bringing(run) and all_blind(run, one) for one in rest)


def cleans_up(command: Command, made: Collection[str] = ()) -> bool:
    """Whether a command takes something away and succeeds whatever came before.

    `rm` without `-f` does so of what the RUN has `made` itself.
    """
    if command.name == "rm":
        rest = [word.value.rstrip("/") for word in command.operands()]
        return command.has("-f", "--force") or (bool(made) and all(path in made for path in rest))
    if command.name == "find":
        return any(word.value == "-delete" for word in command.args)
    return not _CLEANING.isdisjoint(word.value for word in command.operands()[:2])


def all_blind(run: Run, command: Command) -> bool:
    """Whether what follows ends well without it; what stands in front of the same `|| true` is not run at all."""
    end = caught_with(run, command) or command
    return _last_seeing(run) <= end.start


@once
def _last_seeing(run: Run) -> int:
    """Where the last command starts that may fail for want of what stands above it; before all of them without one."""
    seeing = (one.start for one in run.commands if not one.nested and not _is_blind(one) and one.after != "||")
    return max(seeing, default=-1)


def _is_blind(command: Command) -> bool:
    """Whether a command ends well anyhow; behind a wrapper that has to be installed it needs that."""
    return _INSTALLED.isdisjoint(command.wrappers) and (command.name in _BLIND or cleans_up(command))


def unguarded(change: DockerfileChange, stage: Stage) -> frozenset[str]:
    """The commands whose failure stopped the build before the change, wherever they stood, and stops it less often now.

    Where as many of the same text stop it as before, each of those stands for one, and a further one is new.
    """
    was = change.was(stage)
    if was is None:
        return frozenset()
    before, now = _guarded_in(was), _guarded_in(stage)
    return frozenset(before - now) - _ignored_in(was)


@once
def _guarded_in(stage: Stage) -> Counter[str]:
    """How often each command stands where its failure stops the build."""
    return Counter(str(c) for run, c in _plain(stage) if not is_ignored(run, c) and (c.errexit or counts(run, c)))


@once
def _ignored_in(stage: Stage) -> frozenset[str]:
    return frozenset(str(command) for run, command in _plain(stage) if is_ignored(run, command))


def _plain(stage: Stage) -> Iterator[tuple[Run, Command]]:
    """Yield the commands that are run whatever the script finds."""
    for run in stage.runs:
        if run.is_read:
            yield from ((run, command) for command in run.commands if not command.nested and not command.conditional)
