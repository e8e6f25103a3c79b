"""Packages of distributions: which only a build needs, what runs instead of headers, what they weigh."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rules.data import load
from rules.facts.distributions import DEBIAN_FAMILY, REDHAT_FAMILY, Release
from rules.facts.virtual_names import in_archive

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEBIAN_BUILD = re.compile(
    r"(?!gcc-\d+-base$)(?:.+-dev|g(?:cc|\+\+|fortran)-\d.*|clang-\d+|llvm-\d+(?:-dev)?|golang-[\d.]+(?:-go)?|openjdk-\d+-jdk(?:-headless)?"
    r"|linux-headers-.+|crossbuild-essential-.+|python3?(?:\.\d+)?-dev)"
)
_ALPINE_BUILD = re.compile(r".+-dev|(?:clang|llvm|gcc)\d*|openjdk\d+-jdk|\.?build-deps")
_REDHAT_BUILD = re.compile(
    r".+-devel|gcc(?:-c\+\+|-gfortran)?|make|cmake\d*|autoconf|automake|libtool|bison|flex|m4|patch|rpm-build|golang"
    r"|rust|cargo|maven|ninja-build|meson|nasm|kernel-headers|glibc-headers|gcc-toolset-\d+.*"
    r"|@?(?:c-)?development(?:[ -]tools)?|java-[\d.]+-openjdk-devel|clang|llvm|swig"
)
_KIB = 1024
_ALPINE_BASE = frozenset("apk-tools busybox ca-certificates-bundle libcrypto3 libssl3 musl musl-utils zlib".split())
"""What Alpine's image has in every release since 3.17 (its `apk info`); `apk-tools` needs the libraries."""
_BEHIND_NAME = re.compile(r"[=<>~@:/]")


def plain_name(package: str) -> str:
    """Return a package's name without version, architecture and repository: `curl=8.1`, `libc6:i386`, `x@edge`."""
    name = package.strip()
    end = _BEHIND_NAME.search(name)
    return name[: end.start()] or package if end is not None else name or package


def is_build_only(package: str, distro: str) -> bool | None:
    """Tell whether a package serves builds only: compilers, build systems, headers, debuggers.

    Git is none: programs call it.

    Args:
        package: Its name, with or without a version.
        distro: As in `ImageFacts.distro`.

    Returns:
        `None` where the distribution is not known, and for a package that the table does not list.
    """
    name = package.strip() if package.startswith("@") else plain_name(package)
    if distro in DEBIAN_FAMILY:
        if name in _names("debian", "build_only") or _DEBIAN_BUILD.fullmatch(name):
            return True
        return False if any(name in _suite(suite) for suite in releases()) else None
    if distro in {"alpine", "wolfi"}:
        return True if name in _names("alpine", "build_only") or _ALPINE_BUILD.fullmatch(name) else None
    if distro in REDHAT_FAMILY:
        return True if _REDHAT_BUILD.fullmatch(name.lower()) else None
    return None


def runtime_of(package: str, distro: str, release: Release | str | None) -> tuple[str, ...] | None:
    """Return the libraries that a program needs at run time in place of a package of headers.

    Args:
        package: Such as `libpq-dev`.
        distro: `debian` or `alpine`.
        release: As in `ImageFacts.release`, or its name: `bookworm`, `3.20`.

    Returns:
        `("libpq5",)`; `None` where the distribution, its release or the package is not in the table.
    """
    name, release = plain_name(package), _name(release)
    if distro == "debian" and release in releases():
        table = load("debian", f"{release}/runtime")
        virtual = load("debian", f"{release}/virtual")
        found = table.get(name) or table.get(virtual.get(name, ""))
        return tuple(found) if found else None
    if distro == "alpine" and release is not None:
        for since, libraries in load("alpine", "runtime").get(name, ()):
            if _numbers(since) <= _numbers(release):
                return tuple(libraries)
    return None


def installed_size(
    packages: Iterable[str], distro: str, release: Release | str | None, *, recommends: bool = False
) -> int | None:
    """Return what a set of packages adds to `debian:<release>-slim`, with all that they depend on.

    Args:
        packages: Their names.
        distro: Only `debian` is known.
        release: As in `ImageFacts.release`, or its name: `bookworm`.
        recommends: Whether recommended packages come along, as without `--no-install-recommends`. For several packages
            the sum is then a lower bound.

    Returns:
        Bytes as dpkg counts them (`Installed-Size`); `None` where the release or one of the packages is not known.
    """
    release = _name(release)
    if distro != "debian" or release not in releases():
        return None
    suite = load("debian", release)
    indices = _suite(release)
    virtual = load("debian", f"{release}/virtual")
    names = [virtual.get(name, name) if name not in indices else name for name in map(plain_name, packages)]
    names = [name for name in names if name not in suite["slim_installed"]]
    if any(name not in indices for name in names):
        return None
    total = _closure_kib(suite, [indices[name] for name in names])
    if recommends:
        total = max([total, *(suite["with_recommends_kb"].get(name, 0) for name in names)])
    return total * _KIB


def depends_on(package: str, other: str, release: Release | str | None) -> bool | None:
    """Tell whether a package of Debian's cannot be installed without another one.

    Args:
        package: Its name, with or without a version.
        other: The other package's name.
        release: As in `ImageFacts.release`, or its name: `bookworm`. Of one that is not in the table, such as Ubuntu's,
            it is told what holds in any of those that are.

    Returns:
        `None` for a package that the table does not list.
    """
    name, found = plain_name(package), _name(release)
    tables = (found,) if found in releases() else releases()
    answers = {name in _dependents(suite, other) for suite in tables if name in _suite(suite) or name in _slim(suite)}
    return any(answers) if answers else None


def is_in_base(package: str, distro: str, release: Release | str | None) -> bool:
    """Tell whether the distribution's own smallest image has a package, which no removal of another takes along.

    Args:
        package: Its name, with or without a version.
        distro: As in `ImageFacts.distro`.
        release: As in `ImageFacts.release`, or its name: `trixie`.

    Returns:
        `False` also where the distribution or the release is not in the table.
    """
    name, found = plain_name(package), _name(release)
    if distro == "alpine":
        return name in _ALPINE_BASE
    return distro == "debian" and found in releases() and name in _slim(str(found))


@lru_cache(maxsize=8)
def _slim(release: str) -> frozenset[str]:
    """What the slim image has already."""
    return frozenset(load("debian", release)["slim_installed"])


@lru_cache(maxsize=64)
def _dependents(release: str, package: str) -> frozenset[str]:
    """Return what depends on a package, by way of others or not."""
    names, deps = _suite(release), load("debian", release)["deps"]
    if package not in names:
        return frozenset()
    above: dict[int, list[int]] = {}
    for index in names.values():
        for needed in deps[index]:
            above.setdefault(needed, []).append(index)
    found, pending = {names[package]}, [names[package]]
    while pending:
        for index in above.get(pending.pop(), ()):
            if index not in found:
                found.add(index)
                pending.append(index)
    return frozenset(name for name, index in names.items() if index in found)


def recommends_nothing(package: str, release: Release | str | None) -> bool | None:
    """Tell whether a package of Debian's brings no package that is recommended only, with all that it depends on.

    Args:
        package: Its name, with or without a version.
        release: As in `ImageFacts.release`, or its name: `bookworm`. Of one that is not in the table, such as Ubuntu's,
            and of an unknown one, it is told where the package recommends nothing in all releases that have it.

    Returns:
        `False` where it brings some in one of the releases; `None` for a package that the table does not list.
    """
    name = plain_name(package)
    if name in _names("recommends", "everywhere"):
        return True
    found = _name(release)
    if found in load("recommends", "meta")["releases"] and name in _names("recommends", str(found)):
        return True
    return False if name in _looked_up() else None


@lru_cache(maxsize=1)
def _looked_up() -> frozenset[str]:
    """The packages whose recommendations are in the table, those that have some included."""
    tables = (
        part for suite in releases() for part in (_suite(suite), _slim(suite), load("debian", f"{suite}/virtual"))
    )
    return frozenset(load("recommends", "brought")).union(*tables)


def is_listed(package: str) -> bool:
    """Tell whether the tables of Debian's packages have a name, whatever its number: `libicu66` as `libicu76`.

    They hold what public Dockerfiles install and what that depends on, about a tenth of the archive.
    """
    name = plain_name(package)
    return name in _looked_up() or _NUMBER.sub("", name) in _stems()


_NUMBER = re.compile(r"[\d.]+")


@lru_cache(maxsize=1)
def _stems() -> frozenset[str]:
    return frozenset(_NUMBER.sub("", name) for name in _looked_up())


def only_recommended(package: str) -> frozenset[str]:
    """Return which of the packages whose programs builds call come with one of Debian's by a recommendation alone.

    Args:
        package: Its name, with or without a version.

    Returns:
        `gnupg` of `debian-keyring`: what the package, or anything that comes along, recommends and nothing that it
        depends on brings, in one of the releases at least. Empty for a package that the table does not list.
    """
    return frozenset(load("recommends", "brought").get(in_archive(plain_name(package)), ()))


def needed_by(package: str, release: Release | str | None) -> tuple[str, ...]:
    """Return what a package of Debian's depends on directly, one of each choice.

    Args:
        package: Its name, with or without a version.
        release: As in `ImageFacts.release`, or its name: `bookworm`, which is taken for one that is not in the table.

    Returns:
        Names; empty for a package that the table does not list, and without what every image has.
    """
    found = _name(release)
    suite = str(found) if found in releases() else releases()[0]
    index = _suite(suite).get(plain_name(package))
    table = load("debian", suite)
    return tuple(table["names"][one] for one in table["deps"][index]) if index is not None else ()


def releases() -> tuple[str, ...]:
    """Return the codenames of the Debian releases in the table."""
    return tuple(load("debian", "meta")["releases"])


def data_date() -> str:
    """Return the day on which the tables of packages were made, as `2026-11-20`."""
    return str(load("debian", "meta")["generated"])


def _name(release: Release | str | None) -> str | None:
    return release.name if isinstance(release, Release) else release


@lru_cache(maxsize=8)
def _names(table: str, part: str) -> frozenset[str]:
    return frozenset(load(table, part))


@lru_cache(maxsize=8)
def _suite(release: str) -> dict[str, int]:
    return {name: index for index, name in enumerate(load("debian", release)["names"])}


def _closure_kib(suite: dict[str, Any], start: list[int]) -> int:
    seen: set[int] = set()
    pending = start
    while pending:
        index = pending.pop()
        if index not in seen:
            seen.add(index)
            pending.extend(suite["deps"][index])
    return sum(suite["kb"][index] for index in seen)


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", release))
