"""Libraries that go with the headers they came with, although what was built with them stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.facts.packages import depends_on
from rules.lazily import once
from rules.packages.build_tools.packages import compiles_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rules.api import Command, Installed, PackageCall, Run, Stage

LINKED = {
    "bz2": ("bzip2-dev", "libbz2-dev"),
    "gd": ("libpng-dev",),
    "gmp": ("gmp-dev", "libgmp-dev"),
    "imagick": ("imagemagick-dev", "libmagickwand-dev"),
    "intl": ("icu-dev", "libicu-dev"),
    "ldap": ("openldap-dev", "libldap-dev", "libldap2-dev"),
    "memcached": ("libmemcached-dev",),
    "pdo_pgsql": ("postgresql-dev", "libpq-dev"),
    "pgsql": ("postgresql-dev", "libpq-dev"),
    "xsl": ("libxslt-dev", "libxslt1-dev"),
    "yaml": ("yaml-dev", "libyaml-dev"),
    "zip": ("libzip-dev",),
}
"""Extensions of PHP with the headers of the library that each is always linked with (PHP manual, "Installation")."""

_OPTIONS_OF_GD = {
    "freetype": ("freetype-dev", "libfreetype6-dev", "libfreetype-dev"),
    "jpeg": ("libjpeg-turbo-dev", "jpeg-dev", "libjpeg62-turbo-dev", "libjpeg-dev"),
    "webp": ("libwebp-dev",),
}
_BRING_IMAGES = frozenset("imagemagick graphicsmagick ffmpeg cairo gd libgd vips chromium graphviz ghostscript".split())
_ALSO_BRING = {
    "libpng": _BRING_IMAGES | {"freetype"},
    "freetype": _BRING_IMAGES,
    "libjpeg-turbo": _BRING_IMAGES | {"tiff", "libwebp"},
    "icu-libs": frozenset({"nodejs", "chromium", "icu-data-full", "postgresql"}),
}
"""Libraries of Alpine with well-known packages that depend on them (pkgs.alpinelinux.org)."""

_KEEPERS = frozenset({"scanelf", "apt-mark", "ldd"})
"""Commands with which a script finds out which libraries are needed, and keeps them."""


class Removed(NamedTuple):
    """A library that a removal takes along.

    Attributes:
        headers: The package of headers, with the call that removes it.
        libraries: What came with it.
        product: The extension that is linked with it; empty where that is something else.
    """

    headers: Installed
    libraries: tuple[str, ...]
    product: str


def removed_libraries(stage: Stage, library_of: Callable[[Installed], tuple[str, ...]]) -> Iterator[Removed]:
    """Yield the libraries that go from a chain with their headers, where something was built with those.

    Args:
        stage: The stage.
        library_of: Gives what a package of headers brings that is needed at run time; empty where that is unknown, or
            something else brings it for certain.
    """
    for item in stage.packages.installed:
        if item.removed_by is None or not item.name.endswith("-dev") or not _sweeps(stage, item.removed_by):
            continue
        if _KEEPERS & {command.name for command in item.run.commands}:
            continue
        libraries = tuple(name for name in library_of(item) if not _is_kept(stage, name))
        if libraries:
            product = _extension(stage, item)
            if product or _builds_between(stage, item):
                yield Removed(item, libraries, product)


def _sweeps(stage: Stage, removal: PackageCall) -> bool:
    """Whether a removal takes along what only the removed packages needed: `apk del` does, apt is told to."""
    return removal.manager == "apk" or _last_sweeps(stage).get(removal.manager, -1) >= removal.command.start


@once
def _last_sweeps(stage: Stage) -> dict[str, int]:
    """Where each manager last takes away what nothing needs any more."""
    return {
        call.manager: call.command.start
        for _, call in stage.packages.calls
        if call.action == "remove"
        and (call.verb in ("autoremove", "autopurge") or call.has("--auto-remove", "--autoremove"))
    }


def _is_kept(stage: Stage, library: str) -> bool:
    """Whether a package that stays depends on a library, as far as that is known."""
    present = [item for item in stage.packages.present if item.manager in ("apk", "apt")]
    if not _ALSO_BRING.get(library, frozenset()).isdisjoint(item.name for item in present):
        return True
    release = stage.runtime.release
    return any(item.manager == "apt" and depends_on(item.name, library, release) for item in present)


def _extension(stage: Stage, item: Installed) -> str:
    """Return the extension of PHP that is built with a package of headers in the RUN that installs it, or behind."""
    for run, command, name in reversed(_extensions(stage).get(item.name, ())):
        if run.at < item.run.at:
            return ""
        if _is_before_removal(run, command, item):
            return name
    return ""


@once
def _extensions(stage: Stage) -> dict[str, list[tuple[Run, Command, str]]]:
    """The extensions of PHP that a chain builds, by the packages of headers that each is built with."""
    found: dict[str, list[tuple[Run, Command, str]]] = {}
    for run in stage.done_runs:
        for command in run.calls("docker-php-ext-install", "pecl"):
            for word in command.args:
                name = word.value.partition("-")[0]
                for headers in (*LINKED.get(name, ()), *(_given_to_gd(run) if name == "gd" else ())):
                    found.setdefault(headers, []).append((run, command, name))
    return found


def _given_to_gd(run: Run) -> tuple[str, ...]:
    words = {word.value for command in run.calls("docker-php-ext-configure") for word in command.args}
    return tuple(
        name for option, names in _OPTIONS_OF_GD.items() if any(option in word for word in words) for name in names
    )


def _is_before_removal(run: Run, command: Command, item: Installed) -> bool:
    return run is not item.run or (item.removed_by is not None and command.start < item.removed_by.command.start)


def _builds_between(stage: Stage, item: Installed) -> bool:
    """Whether something may be compiled in the RUN that installs and removes the headers."""
    return item.leaves_layer and compiles_after(stage, item.run)
