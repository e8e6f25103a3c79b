"""Exact versions of the distribution's packages that belong to one of its releases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.distributions import release_numbers
from rules.facts.moving import release_moves

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import Package, PackageCall
    from rules.facts.distributions import Release
    from rules.model.stage import Stage

_MANAGERS = {"debian": "apt", "ubuntu": "apt", "alpine": "apk"}
_EXACT = re.compile(r"={1,2}[\w.:+~-]*\d[\w.:+~-]*")
_OF_DEBIAN = re.compile(r"[+~](?:deb|bpo)(\d+)(?:u\d+|\+\d+)")
_OF_UBUNTU = re.compile(r"(?:ubuntu0\.|~)(\d\d\.(?:04|10))(?:\.\d+)?$")


class Pins(NamedTuple):
    """Versions that the release of a stage's base image does not have.

    Attributes:
        packages: What is pinned, in order.
        release: The release whose versions they are, as a person says it: `11`, `3.20`.
        named: The versions name that release themselves; else it is the one that the change leaves.
    """

    packages: tuple[Package, ...]
    release: str
    named: bool


def stale_pins(change: DockerfileChange, stage: Stage, call: PackageCall) -> Pins | None:
    """Return the versions that an install takes from another release than the base image's.

    Alpine's branches and Debian's archive hold one version of a package for each release, with few exceptions.
    """
    facts, release = stage.facts, stage.runtime.release
    if facts is None or release is None or release.number is None or _MANAGERS.get(facts.distro or "") != call.manager:
        return None
    exact = [package for package in call.packages if package.version and _EXACT.fullmatch(package.version)]
    if not exact:
        return None
    pattern = {"debian": _OF_DEBIAN, "ubuntu": _OF_UBUNTU}.get(facts.distro or "")
    found = [(package, pattern.search(package.version or "")) for package in exact] if pattern is not None else []
    moves = release_moves(facts)
    other = [(package, m[1]) for package, m in found if m is not None and _is_another(m[1], release, moves=moves)]
    if other:
        return Pins(tuple(package for package, number in other if number == other[0][1]), other[0][1], named=True)
    return _kept(change, stage, exact, release, moves=moves)


def _is_another(number: str | None, release: Release, *, moves: bool) -> bool:
    """Whether a release is none that the base image may have: a tag that moves may be upon a later one by now."""
    if number is None or release.number is None or number == release.number:
        return False
    return not moves or release_numbers(number) < release.numbers


def _kept(
    change: DockerfileChange, stage: Stage, exact: list[Package], release: Release, *, moves: bool
) -> Pins | None:
    """Return the versions that the change leaves as they were while the base image moves to another release."""
    was = change.was(stage)
    then = was.runtime.release if was is not None else None
    if was is None or then is None or not _is_another(then.number, release, moves=moves):
        return None
    if was.runtime.distribution != stage.runtime.distribution:
        return None
    before = {(item.name, item.package.version) for item in was.packages.installed}
    kept = tuple(package for package in exact if (package.name, package.version) in before)
    return Pins(kept, str(then.number), named=False) if kept else None
