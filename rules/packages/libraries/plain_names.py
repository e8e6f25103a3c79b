"""Packages of headers that hold what a program runs with: a file that is found by a name without a version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.packages import plain_name
from rules.lazily import once
from rules.user.root.start_scripts import start_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
_BY_NAME = frozenset({"dotnet", "mono", "luajit", "resty", "openresty", "julia", "sbcl", "racket"})
"""Runtimes that load a library by the name without a version: `DllImport("libgdiplus")` opens `libgdiplus.so`, as does
`ffi.load("gdiplus")`."""
_NAMED = re.compile(
    r"(?<!\w)lib(?P<file>[\w+-]{2,60})\.so(?![.\w])|\bffi[._](?:load|lib)\b[ (]{0,9}[\"'](?P<ffi>[\w+-]{2,60})[\"']"
)
"""A library by its plain name: `GDAL_LIBRARY_PATH=/usr/lib/libgdal.so`, `CDLL("libsodium.so")`, `ffi.load("zmq")`."""
_AROUND = re.compile(r"^lib|-(?:dev|devel|static)$|[\d.]+(?=-|$)")
"""What stands around the library's own name in that of its package of headers: `libzmq3-dev`."""

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
    called = frozenset(name for name, plain in names.items() if _is_called(_AROUND.sub("", plain), change, stage))
    return called | _known(change, stage, names)


def _known(change: DockerfileChange, stage: Stage, names: Mapping[str, str]) -> frozenset[str]:
    """Return the allocators that people preload and the JDK whose folder is named, where they may be there for that."""
    allocators = frozenset(name for name, plain in names.items() if _ALLOCATORS.fullmatch(plain))
    if allocators:
        texts = (change.after.code, *(script.text or "" for script in start_scripts(change, stage)))
        allocators = allocators if not any(map(_VERSIONED.search, texts)) else frozenset()
    kits = frozenset(name for name, plain in names.items() if _JDK.fullmatch(plain))
    return allocators | kits if kits and _HOME_OF_JDK.search(change.after.code) else allocators


def _is_called(library: str, change: DockerfileChange, stage: Stage) -> bool:
    """Whether the Dockerfile, a start script or a source of the program calls a library by its plain name."""
    scripts = (script.text or "" for script in start_scripts(change, stage))
    named = _called_in_repository(change) | {name for script in scripts for name in _called_in(script)}
    return len(library) > 1 and any(library in name or name in library for name in named)


@once
def _called_in_repository(change: DockerfileChange) -> frozenset[str]:
    texts = (data.decode("utf-8", "replace") for data in change.repository.files.values())
    return frozenset(name for text in (change.after.code, *texts) for name in _called_in(text))


def _called_in(text: str) -> Iterator[str]:
    return ((found["file"] or found["ffi"]).removeprefix("lib") for found in _NAMED.finditer(text))


def _loads_by_name(stage: Stage) -> bool:
    """Whether the program runs under such a runtime: the base image is known for it or named so, or it is started."""
    if stage.runtime.languages.keys() & _BY_NAME or _BASES.search(stage.root.base_text or ""):
        return True
    starts = (setting.value for setting in stage.image.start_command)
    return any(start is not None and start.program in _BY_NAME for start in starts)
