"""Packages that compile, by their names in all distributions, and whether an image shipped such before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import DockerfileChange
    from rules.packages.build_tools.packages import BuildPackages

COMPILER = re.compile(
    r"(?:gcc|g\+\+|clang|make|cmake)(?:-[\d.]+)?(?:-c\+\+|-multilib|-[\w-]+-linux-\w+|-[\w-]+-eabi(?:hf)?|-mingw-w64[\w-]*)?$|"
    r"build-(?:essential|base)|gcc-toolset-"
)
"""The names of compilers, of `make`, and of the packages that bring them together."""


def shipped_before(change: DockerfileChange, found: BuildPackages) -> bool:
    """Tell whether the image shipped compilers before, under another distribution's names: `g++`, `build-essential`.

    Args:
        change: The file.
        found: What is told of.
    """
    was = change.was(found.stage)
    if was is None or was.runtime.distribution in (None, found.stage.runtime.distribution):
        return False
    before = change.listed.get(("build-tools-shipped", was.key), frozenset())
    return any(map(COMPILER.match, before)) and all(map(COMPILER.match, found.names))
