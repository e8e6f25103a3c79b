"""Packages of headers that hold what a program runs with: a file that is found by a name without a version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.packages import plain_name
from rules.user.start_scripts import start_scripts

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_ALLOCATORS = re.compile(
    r"(?:lib)?(?:jemalloc|mimalloc|google-perftools|gperftools|tcmalloc)[\w.-]*-(?:dev|devel|static)", re.IGNORECASE
)
"""Headers of allocators, which people preload: `libjemalloc.so` comes with these, beside the `libjemalloc.so.2`."""
_VERSIONED = re.compile(r"lib(?:jemalloc|mimalloc|tcmalloc)[\w-]*\.so\.\d")
_JDK = re.compile(r"java-[\w.]+-openjdk-devel")
"""The JDK of Red Hat's: `/usr/lib/jvm/java-17-openjdk` is its alternative, that of the runtime is `jre-17-openjdk`."""
_HOME_OF_JDK = re.compile(r"/usr/lib/jvm/java\b")
_BY_NAME = frozenset({"dotnet", "mono"})
"""Runtimes that load a library by the name without a version: `DllImport("libgdiplus")` opens `libgdiplus.so`."""

_BASES = re.compile(r"(?:^|/)(?:dotnet|aspnet(?:core)?|mono)(?:[/:-]|$)")


def loaded_by_name(change: DockerfileChange, stage: Stage) -> frozenset[str]:
    """Return the packages of headers that may be there for a file that the program finds by a name without a version.

    Args:
        change: The change under review, for the scripts that the container starts through.
        stage: The stage that ships.
    """
    left = (item.name for item in stage.packages.in_layers if item.removed_by is None and "-" in item.name)
    names = {name: plain_name(name) for name in left}
    names = {name: plain for name, plain in names.items() if plain.endswith(("-dev", "-devel", "-static"))}
    if not names:
        return frozenset()
    if _loads_by_name(stage):
        return frozenset(names)
    allocators = frozenset(name for name, plain in names.items() if _ALLOCATORS.fullmatch(plain))
    if allocators:
        texts = (change.after.code, *(script.text or "" for script in start_scripts(change, stage)))
        allocators = allocators if not any(map(_VERSIONED.search, texts)) else frozenset()
    kits = frozenset(name for name, plain in names.items() if _JDK.fullmatch(plain))
    return allocators | kits if kits and _HOME_OF_JDK.search(change.after.code) else allocators


def _loads_by_name(stage: Stage) -> bool:
    """Whether the program runs under such a runtime: the base image is known for it or named so, or it is started."""
    if stage.runtime.languages.keys() & _BY_NAME or _BASES.search(stage.root.base_text or ""):
        return True
    starts = (setting.value for setting in stage.image.start_command)
    return any(start is not None and start.program in _BY_NAME for start in starts)
