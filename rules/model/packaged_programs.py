"""Programs that packages of a system bring to a stage, under their own name or along with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.brought_along import brings_along
from rules.facts.command_packages import package_of_command, provides
from rules.facts.installers import PROJECT_MANAGERS, SYSTEM_PROGRAMS_OF_LANGUAGES
from rules.facts.lean_packages import is_lean
from rules.lazily import once
from rules.model.packages import OS_MANAGERS

if TYPE_CHECKING:
    from rules.model.stage import Stage

_DEPENDENCIES = frozenset({"bash", "perl", "python", "python3", "ps", "pgrep", "pkill", "netstat"})
"""Programs that come along with many packages, unnamed."""

_NEVER = 1000
_WITHOUT_PYTHON = {"debian": (11,), "ubuntu": (20, 4)}
"""The first release whose packages bring `/usr/bin/python` only by name: `python-is-python3` (packages.debian.org)."""


def comes_with_packages(stage: Stage, name: str) -> bool:
    """Tell whether a package that is installed may bring a program: one of its name, or one that needs it.

    Args:
        stage: The stage.
        name: The program.
    """
    present, distribution = stage.packages.present, stage.runtime.distribution
    openly = name in PROJECT_MANAGERS or name in SYSTEM_PROGRAMS_OF_LANGUAGES
    if any(
        (any(mark in item.name for mark in "$*") and (openly or item.manager in OS_MANAGERS))
        or item.name.endswith((".apk", ".deb", ".rpm"))
        for item in present
    ):
        return True
    if name in _dependencies(stage) and any(
        item.manager in OS_MANAGERS and not is_lean(item.name, distribution, name) for item in present
    ):
        return True
    if _comes_along(stage, name):
        return True
    return any(
        name == item.name
        or name in item.name.split("-")
        or name in provides(item.name)
        or (item.manager in OS_MANAGERS and name.startswith(f"{item.name}-"))  # `s6-svscan` of `s6`
        for item in present
    )


def _comes_along(stage: Stage, name: str) -> bool:
    """Whether apt brings the package of a program for another one, which needs or recommends it."""
    wanted, release = package_of_command(name, stage.runtime.distribution or ""), stage.runtime.release
    present = [item for item in stage.packages.present if wanted and item.manager == "apt"]
    return any(brings_along(item.call, item.name, wanted or "", release) for item in present)


@once
def _dependencies(stage: Stage) -> frozenset[str]:
    """Programs that come along with many packages, unnamed."""
    release = stage.runtime.release
    numbers = release.numbers if release is not None else ()
    dropped = numbers >= _WITHOUT_PYTHON.get(stage.runtime.distribution or "", (_NEVER,))
    return _DEPENDENCIES - {"python"} if dropped else _DEPENDENCIES
