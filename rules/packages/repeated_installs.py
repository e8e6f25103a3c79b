"""Installs of the system's packages that are all there already, by an install above them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.steps import Copy
from rules.packages.options import has_unknown_options
from rules.packages.scripts import may_be_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_PLAIN = frozenset(
    "--assume-yes --yes --quiet --fix-missing --no-install-recommends --no-install-suggests --verbose-versions "
    "--allow-downgrades --allow-change-held-packages --allow-unauthenticated --no-cache --update-cache --update "
    "--assumeyes --nodocs --no-progress --verbose --non-interactive --no-recommends".split()
)
"""Options with which an install still leaves alone what is installed."""


_BELOW = frozenset({"apt-mark", "dpkg"})
"""Programs that change what is installed, or what counts as asked for, without apt."""
_STATE = ("/etc/apt", "/etc/apk", "/var/lib/dpkg", "/lib/apk")
"""Where sources, preferences and the list of what is installed lie."""


class Repeated(NamedTuple):
    """An install that adds no package.

    Attributes:
        run: Its RUN.
        call: The install.
        first: The installs above it that brought its packages, each once, in order.
        renewed: Whether apt's lists were fetched again in between, and may have a newer version.
    """

    run: Run
    call: PackageCall
    first: tuple[PackageCall, ...]
    renewed: bool


@once
def repeated_installs(stage: Stage) -> dict[int, Repeated]:
    """Return the installs of a stage's chain that add nothing, by the id of the call.

    All that such a call names was installed above by the same words, for certain, and not removed since. dnf and its
    kin always look for a newer version: their calls are not among them.
    """
    found: dict[int, Repeated] = {}
    there: dict[tuple[str, str], tuple[PackageCall, int]] = {}
    updates = 0
    for run, step in _steps(stage):
        if step is None:
            there = {}
        elif step.action == "remove":
            there = {key: first for key, first in there.items() if key[0] != step.manager}
        elif step.action == "update":
            updates += step.manager == "apt"
        elif step.action == "install" and _is_plain(step):
            keys = [(step.manager, package.word.value) for package in step.packages]
            if keys and all(key in there for key in keys):
                firsts = {id(there[key][0]): there[key][0] for key in keys}
                renewed = step.manager == "apt" and any(there[key][1] != updates for key in keys)
                found[id(step)] = Repeated(run, step, tuple(firsts.values()), renewed)
            elif _is_sure(step.command):
                there.update({key: (step, updates) for key in keys if key not in there})
    return found


def _steps(stage: Stage) -> Iterator[tuple[Run, PackageCall | None]]:
    """Yield the calls of apt and apk in order; `None` for what is not read, and may have called them, too.

    So is what goes round them or changes their settings: `dpkg --remove`, `apt-mark`, a COPY into `/etc/apt`.
    """
    copies = [put.step.at for folder in _STATE for put in stage.files.below(folder) if isinstance(put.step, Copy)]
    copies += [
        p.step.at for folder in _STATE for p in stage.files.covering(folder) if isinstance(p.step, Copy) and p.tree
    ]
    for run in stage.done_runs:
        if any(at < run.at for at in copies):
            copies = [at for at in copies if at > run.at]
            yield run, None
        calls = {call.command.start: call for call in run.package_calls if call.manager in ("apt", "apk")}
        if not run.is_read:
            yield run, None
        for command in run.commands:
            if command.start in calls:
                yield run, calls[command.start]
            elif may_be_script(command) or command.name in _BELOW:
                yield run, None


def is_repeated(stage: Stage, call: PackageCall) -> bool:
    """Tell whether an install adds nothing to what a stage has."""
    return id(call) in repeated_installs(stage)


def _is_plain(call: PackageCall) -> bool:
    """Whether it names packages alone, and asks neither for another version of them nor for less than an install."""
    if has_unknown_options(call) or call.verb not in ("install", "add") or call.command.conditional:
        return False
    return call.flags <= _PLAIN and all(package.kind == "name" for package in call.packages)


def _is_sure(command: Command) -> bool:
    """Whether what follows it can count on it: it is no attempt that another command stands in for."""
    return command.after not in ("||", "|", "&") and not command.nested
