"""The packages that a stage's chain installs, and which of them are still there at its end."""

from __future__ import annotations

import re
from bisect import bisect_right
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import cached_property, once

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import Package, PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run

OS_MANAGERS = frozenset({"apt", "apk", "dnf", "yum", "microdnf", "tdnf", "zypper", "pacman"})
"""Managers of the distribution's own packages."""

_VARIABLE = re.compile(r"\$(?:\w+|\{[^{}]*\}|\([^()]*\))|`[^`]*`")


class Installed(NamedTuple):
    """A package that a RUN installs.

    Attributes:
        name: Its name, without version or architecture.
        package: As the command line has it.
        manager: `apt`, `apk`, `pip` …
        call: The package manager's call.
        run: The RUN.
        removed_by: The call that removes it, `None` when it stays.
        leaves_layer: Whether it was removed in the RUN that installed it, so that no layer holds it.
    """

    name: str
    package: Package
    manager: str
    call: PackageCall
    run: Run
    removed_by: PackageCall | None
    leaves_layer: bool

    @property
    def is_removed_by_name(self) -> bool:
        """Whether the call that removes it names it, its group or a pattern, and not just a variable that may."""
        named = self.removed_by.packages if self.removed_by is not None else ()
        read = [package for package in named if package.kind != "variable"]
        return any(one.name in (self.name, self.call.virtual) or _covers(one, self.name) for one in read)


class Packages:
    """The packages of one stage, its chain included."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @cached_property
    def calls(self) -> tuple[tuple[Run, PackageCall], ...]:
        """Every package manager call of the chain, in order."""
        return tuple((run, call) for run in self.stage.done_runs for call in run.package_calls)

    @cached_property
    def installed(self) -> tuple[Installed, ...]:
        """Every package that the chain names in an install, in order, with what became of it."""
        found: list[Installed] = []
        for index, (run, call) in enumerate(self.calls):
            if call.action != "install":
                continue
            for package in call.packages:
                remover = self._remover(index, call, package.name)
                same_layer = remover is not None and remover[0] is run
                removed_by = remover[1] if remover is not None else None
                found.append(Installed(package.name, package, call.manager, call, run, removed_by, same_layer))
        return tuple(found)

    def _remover(self, index: int, install: PackageCall, name: str) -> tuple[Run, PackageCall] | None:
        """Return the first removal behind an install that takes a package of it away."""
        removals = self._removals.get(install.manager)
        if removals is None:
            return None
        named = (removals.named.get(each, ()) for each in {name, install.virtual})
        firsts = [places[at] for places in named if (at := bisect_right(places, index)) < len(places)]
        for place in removals.open[bisect_right(removals.open, index) :]:
            run, call = self.calls[place]
            sweeps = run is self.calls[index][0] and _removes_unmarked(run, call)
            own = _variables_installed(run)
            if sweeps or any(package.name not in own and _covers(package, name) for package in call.packages):
                firsts.append(place)
                break
        return self.calls[min(firsts)] if firsts else None

    @cached_property
    def _removals(self) -> dict[str, _Removals]:
        """The places of the removals in `calls`, by manager."""
        found: dict[str, _Removals] = {}
        for place, (run, call) in enumerate(self.calls):
            if call.action == "remove":
                removals = found.setdefault(call.manager, _Removals({}, []))
                for package in call.packages:
                    removals.named.setdefault(package.name, []).append(place)
                if _removes_unmarked(run, call) or any(map(_is_open, call.packages)):
                    removals.open.append(place)
        return found

    @cached_property
    def present(self) -> tuple[Installed, ...]:
        """What is still installed at the end of the stage."""
        return tuple(item for item in self.installed if item.removed_by is None)

    @cached_property
    def in_layers(self) -> tuple[Installed, ...]:
        """What some layer of the image holds, whether or not a later one removes it."""
        return tuple(item for item in self.installed if not item.leaves_layer)

    def has(self, *names: str) -> bool:
        """Tell whether one of these packages is installed at the end of the stage."""
        return not self._present_names.isdisjoint(names)

    @cached_property
    def _present_names(self) -> frozenset[str]:
        return frozenset(item.name for item in self.present)


class _Removals(NamedTuple):
    """Removals by a manager: their places by what they name, and those that may take away more than they name."""

    named: dict[str | None, list[int]]
    open: list[int]


@once
def _variables_installed(run: Run) -> frozenset[str]:
    """The variables that the installs of a RUN name: a removal there takes away what these brought."""
    calls = (call for call in run.package_calls if call.action == "install")
    return frozenset(package.name for call in calls for package in call.packages if package.kind == "variable")


def _is_open(package: Package) -> bool:
    return package.kind == "variable" or "*" in package.name


def _covers(package: Package, name: str) -> bool:
    """Tell whether a word of a removal covers a package as a pattern, or perhaps by a variable in it."""
    if not _is_open(package):
        return False
    pattern = _VARIABLE.sub("*", package.name) if package.kind == "variable" else package.name.replace(".*", "*")
    return "$" in pattern or fnmatchcase(name, pattern)


def _removes_unmarked(run: Run, call: PackageCall) -> bool:
    """Tell whether a call removes all that `apt-mark auto` let go of, as Docker's official images do."""
    sweeping = call.verb in ("autoremove", "autopurge") or call.has("--auto-remove", "--autoremove")
    return (
        sweeping
        and call.manager == "apt"
        and any(command.name == "apt-mark" and command.subcommand == "auto" for command in run.commands)
    )
