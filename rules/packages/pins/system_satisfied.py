"""What pip is asked for and finds there, since the distribution's packages brought it: it then fetches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.system_modules import comes_with, system_names
from rules.lazily import once
from rules.model.packages import OS_MANAGERS
from rules.packages.pins.pinned_elsewhere import ANEW
from rules.packages.reaching import installs_for_default_python
from rules.packages.versions.tools import is_of_python_2

if TYPE_CHECKING:
    from rules.api import Package, PackageCall, Run, Stage
    from rules.model.packages import Installed

_ELSEWHERE = ("--target", "--prefix", "--root", "--python")


def is_satisfied(run: Run, call: PackageCall, package: Package) -> bool:
    """Tell whether pip says “Requirement already satisfied” to a plain name.

    Only the distribution's own Python looks where its packages lie, and only a name without version and extras is met
    by whatever they have.

    Args:
        run: The RUN.
        call: An install.
        package: One of its packages.
    """
    if package.kind != "name" or package.word.value != package.name or call.verb != "install":
        return False
    if call.manager != "pip" or call.has(*ANEW, *_ELSEWHERE) or _is_for_python_2(run, call):
        return False
    facts = run.stage.facts
    if (facts is not None and "python" in facts.languages) or not installs_for_default_python(run.stage, call):
        return False
    before = (item for item in _of_system(run.stage) if _is_above(item, call))
    return any(_brings(run.stage, item, package.name) for item in before)


def _is_for_python_2(run: Run, call: PackageCall) -> bool:
    """Whether it installs for Python 2: by its name, or as `pip` alone is called where `python-pip` brings that."""
    return is_of_python_2(call) or (
        call.program == "pip" and any(item.name == "python-pip" for item in _of_system(run.stage))
    )


@once
def _of_system(stage: Stage) -> tuple[Installed, ...]:
    return tuple(item for item in stage.packages.installed if item.manager in OS_MANAGERS)


def _is_above(item: Installed, call: PackageCall) -> bool:
    """Whether a package was installed before a call, and is not taken away by then."""
    if item.call.command.start >= call.command.start or item.call.command.conditional:
        return False
    gone = item.removed_by
    return gone is None or gone.command.start > call.command.start


def _brings(stage: Stage, item: Installed, name: str) -> bool:
    names = tuple(system_names(name, item.manager))
    if item.name in names:
        return True
    return item.manager == "apt" and any(comes_with(item.name, each, stage.runtime.release) for each in names)
