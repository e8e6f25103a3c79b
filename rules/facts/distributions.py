"""Distributions and their releases: codenames, numbers, what follows from them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rules.data import load
from rules.numbers import number_of

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
DEBIAN_FAMILY = frozenset({"debian", "ubuntu"})
"""Debian and its descendant: the same formats, tools and system accounts."""
REDHAT_FAMILY = frozenset("rhel centos fedora almalinux rockylinux oraclelinux amazonlinux".split())
"""Red Hat's family: the same names of packages and system accounts, the same basic commands."""

_RPM = frozenset(
    "almalinux amazonlinux azurelinux centos fedora mageia opensuse oraclelinux photon rhel rockylinux sles".split()
)
_FIRST_WITH_DNF = {"centos": 8, "oraclelinux": 8, "rhel": 8, "amazonlinux": 2022}
"""The first release of a distribution that has dnf; the ones before have yum alone."""
_TITLES = {
    "almalinux": "AlmaLinux",
    "amazonlinux": "Amazon Linux",
    "centos": "CentOS",
    "opensuse": "openSUSE",
    "oraclelinux": "Oracle Linux",
    "rhel": "Red Hat Enterprise Linux",
    "rockylinux": "Rocky Linux",
}
_FIRST_WITH_PIPEFAIL = {"debian": (13,), "ubuntu": (25, 4)}
"""The first release whose dash knows `set -o pipefail`: 0.5.12-7 (Debian's changelog of dash, #1071238)."""
_MINIMAL = re.compile(r"(?:^|-)(?:slim|minimal)(?:-|$)")
"""Tags of images with microdnf alone (Red Hat's guide to UBI minimal images; oracle/container-images#53)."""
_MUSL = frozenset({"alpine"})
_NO_LIBC = frozenset({"scratch", "busybox", "windows"})


class Release(NamedTuple):
    """One release of a distribution.

    Attributes:
        codename: `bookworm`, `noble`; `None` where the distribution has none or it is unknown.
        number: `12`, `24.04`, `3.20`, `2023`; `None` for a rolling release.
    """

    codename: str | None = None
    number: str | None = None

    @property
    def name(self) -> str | None:
        """The codename, else the number: the form in which the tables of packages know a release."""
        return self.codename or self.number

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number as it can be compared within a distribution: `(24, 4)`; empty where there is none."""
        return release_numbers(self.number)


def release_numbers(number: str | None) -> tuple[int, ...]:
    """Return a release's number in its parts: `(24, 4)` for `24.04`."""
    return tuple(number_of(part) for part in (number or "").split(".") if part.isdecimal())


@lru_cache(maxsize=1)
def _codenames() -> dict[str, tuple[str, str]]:
    return {codename: (distro, number) for codename, (distro, number) in load("eol", "codenames").items()}


def distro_of_codename(codename: str) -> str | None:
    """Return `debian` or `ubuntu` for a codename of theirs."""
    known = _codenames().get(codename)
    return known[0] if known else None


@lru_cache(maxsize=512)
def release_of(distro: str | None, text: str | None) -> Release | None:
    """Return a release from a codename or a version number, such as `bookworm`, `12.5` or `9-slim`.

    Returns:
        Codename and number where both exist; `None` for what is no release of the distribution.
    """
    if not text or not distro:
        return None
    if distro in DEBIAN_FAMILY:
        return _release_with_codename(distro, text)
    if text in {"edge", "rawhide"}:
        return Release(text)
    found = _NUMBER.match(text)
    if found is None:
        return None
    major = found.group().partition(".")[0]
    return Release(number=major if distro == "amazonlinux" and len(major) == len("2023") else found.group())


def _release_with_codename(distro: str, text: str) -> Release | None:
    if (known := _codenames().get(text)) is not None:
        return Release(text, known[1]) if known[0] == distro else None
    if text in {"sid", "unstable", "forky", "duke"} and distro == "debian":
        return Release("sid" if text == "unstable" else text)
    found = _NUMBER.match(text)
    if found is None:
        return None
    number = found.group().partition(".")[0] if distro == "debian" else found.group()
    return next(
        (
            Release(codename, number)
            for codename, (system, release) in _codenames().items()
            if (system, release) == (distro, number)
        ),
        None,
    )


def package_manager_of(distro: str | None) -> str | None:
    """Return the package manager that every image of a distribution has; `None` where they differ."""
    if distro in DEBIAN_FAMILY:
        return "apt"
    return {"alpine": "apk", "photon": "tdnf", "archlinux": "pacman"}.get(distro or "")


def rpm_manager_of(family: str | None, distro: str | None, release: Release | None, tag: str) -> str | None:
    """Return which of the programs that install a distribution's RPM packages an image has.

    Args:
        family: The one that the newest images have, such as `dnf`; any other, or none, is returned as it is.
        distro: As in `ImageFacts.distro`.
        release: As in `ImageFacts.release`.
        tag: The image's tag.
    """
    if family not in ("dnf", "yum", "microdnf") or distro not in REDHAT_FAMILY:
        return family
    first, number = _FIRST_WITH_DNF.get(distro), release.number if release is not None else None
    major = (number or "").partition(".")[0]
    if first is not None and major.isdecimal() and number_of(major) < first:
        return "yum"
    return "microdnf" if family == "microdnf" or _MINIMAL.search(tag) else "dnf"


def title_of(distro: str) -> str:
    """Return a distribution's name as its makers write it."""
    return _TITLES.get(distro, distro.capitalize())


def release_title(distro: str, release: Release | None) -> str:
    """Return a distribution's name with the number of its release, where there is one: `Debian 12`."""
    return f"{title_of(distro)} {release.number if release is not None else ''}"


def lacks_pipefail(distro: str | None, release: Release | None) -> bool:
    """Tell whether a distribution's `/bin/sh` is a dash that refuses `set -o pipefail`; not where that is unknown."""
    first = _FIRST_WITH_PIPEFAIL.get(distro or "")
    return first is not None and release is not None and () < release.numbers < first


def package_kind_of(distro: str | None) -> str | None:
    """Return the kind of a distribution's packages, `deb`, `apk` or `rpm`, whichever program installs them."""
    if distro in DEBIAN_FAMILY:
        return "deb"
    return "rpm" if distro in _RPM else {"alpine": "apk", "wolfi": "apk"}.get(distro or "")


def libc_of(distro: str | None) -> str | None:
    """Return `glibc` or `musl`, empty where there is none, `None` where it is unknown."""
    if distro is None or distro in _NO_LIBC:
        return None if distro != "scratch" else ""
    return "musl" if distro in _MUSL else "glibc"
