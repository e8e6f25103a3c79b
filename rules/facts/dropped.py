"""Packages that a release of Debian, Ubuntu or Alpine does not have, or no longer: an install stops at their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.data import load
from rules.facts.command_names import only_a_command
from rules.facts.distributions import release_numbers
from rules.facts.foreign_packages import foreign_package
from rules.facts.numbered_packages import numbered_otherwise

if TYPE_CHECKING:
    from rules.facts.distributions import Release

_TABLED = "trixie"
"""The release for which the table of packages says what the one before still had."""


class Dropped(NamedTuple):
    """A package that a release does not have.

    Attributes:
        name: The package.
        instead: What stands in for it; `None` where nothing does under one name.
        virtual: Whether several packages provide the name, of which apt chooses none.
        command: Whether the name is that of a command, which `instead` brings, and never was a package's.
        there: Whether every image of the distribution has that command.
        beside: The package of another number that the release has: `python3.11`.
        home: The other distribution whose name it is, where this one never had it.
    """

    name: str
    instead: str | None
    virtual: bool = False
    command: bool = False
    there: bool = False
    beside: str | None = None
    home: str = ""


class _Since(NamedTuple):
    """The first releases without a package, by number; `None` where a distribution has it or it is not known."""

    instead: str | None
    debian: str | None = None
    ubuntu: str | None = None
    virtual: bool = False
    alpine: str | None = None


_JAVA = {
    f"openjdk-{version}-{part}{kind}": _Since(None, debian="12")
    for version in (8, 11)
    for part in ("jdk", "jre")
    for kind in ("", "-headless")
}
_BY_HAND = {
    **_JAVA,
    "awk": _Since("mawk", debian="11", ubuntu="20.04", virtual=True),
    "chromium-browser": _Since("chromium", debian="11"),
    "docker": _Since("docker.io", debian="13", ubuntu="24.04"),
    "erlang-hipe": _Since(None, alpine="3.14"),
    "exa": _Since(None, debian="13", ubuntu="24.04"),
    "gamin": _Since(None, debian="13", ubuntu="24.04"),
    "gconf-service": _Since(None, debian="13", ubuntu="24.04"),
    "libappindicator1": _Since(None, debian="13", ubuntu="24.04"),
    "libargon2-0": _Since("libargon2-1", debian="13", ubuntu="24.04"),
    "libargon2-0-dev": _Since("libargon2-dev", debian="13", ubuntu="24.04"),
    "libasound2": _Since("libasound2t64", ubuntu="24.04", virtual=True),
    "libc-client-dev": _Since(None, debian="13"),
    "libcurl3-nss": _Since(None, debian="13", ubuntu="24.04"),
    "libcurl4-nss-dev": _Since(None, debian="13", ubuntu="24.04"),
    "libegl1-mesa": _Since("libegl1", debian="13", ubuntu="24.04"),
    "libffi7": _Since("libffi8", debian="12", ubuntu="24.04"),
    "libgconf-2-4": _Since(None, debian="13", ubuntu="24.04"),
    "libgdk-pixbuf2.0-0": _Since("libgdk-pixbuf-2.0-0", debian="13"),
    "libgl1-mesa-glx": _Since("libgl1", debian="13", ubuntu="24.04"),
    "libicu66": _Since(None, debian="11", ubuntu="22.04"),
    "libicu67": _Since(None, debian="12"),
    "libicu70": _Since("libicu74", ubuntu="24.04"),
    "libjpeg8-dev": _Since("libjpeg-dev", debian="12"),
    "libldap-2.4-2": _Since(None, debian="12", ubuntu="22.04"),
    "liblz4-tool": _Since("lz4", debian="13"),
    "libmariadbclient-dev": _Since("libmariadb-dev", debian="11", ubuntu="22.04"),
    "libmysqlclient-dev": _Since("default-libmysqlclient-dev", debian="12"),
    "libncurses5": _Since("libncurses6", debian="13", ubuntu="24.04"),
    "libncursesw5": _Since("libncursesw6", debian="13", ubuntu="24.04"),
    "libodbc1": _Since("libodbc2", debian="13", ubuntu="24.04"),
    "libopenblas-base": _Since("libopenblas0", debian="12", ubuntu="24.04"),
    "libpcre++-dev": _Since(None, debian="12", ubuntu="24.04"),
    "libpng12-dev": _Since("libpng-dev", debian="9", ubuntu="18.04"),
    "libpython2.7": _Since(None, debian="12", ubuntu="24.04"),
    "libssl1.1": _Since("libssl3", debian="12", ubuntu="22.04"),
    "libtbb2": _Since("libtbb12", debian="12", ubuntu="24.04"),
    "libtiff5": _Since("libtiff6", debian="12", ubuntu="24.04"),
    "libtinfo5": _Since("libtinfo6", debian="13", ubuntu="24.04"),
    "libwebkit2gtk-4.0-37": _Since(None, debian="13", ubuntu="24.04"),
    "libwebkit2gtk-4.0-dev": _Since(None, debian="13", ubuntu="24.04"),
    "libwebp6": _Since("libwebp7", debian="12", ubuntu="22.04"),
    "mailx": _Since("bsd-mailx", debian="11", ubuntu="20.04", virtual=True),
    "mime-support": _Since("media-types", debian="13", ubuntu="24.04"),
    "mlocate": _Since("plocate", debian="13", ubuntu="24.04"),
    "mysql-client": _Since("default-mysql-client", debian="12"),
    "neofetch": _Since(None, debian="13"),
    "netcat": _Since("netcat-openbsd", debian="12", ubuntu="24.04", virtual=True),
    "pandoc-citeproc": _Since(None, debian="12", ubuntu="24.04"),
    "ping": _Since("iputils-ping", debian="11", ubuntu="20.04", virtual=True),
    "policykit-1": _Since(None, debian="13"),
    "pypy": _Since(None, debian="12", ubuntu="24.04"),
    "python": _Since("python3", debian="12", ubuntu="22.04", alpine="3.12"),
    "python-dev": _Since("python3-dev", debian="12", ubuntu="22.04", alpine="3.12"),
    "python-is-python2": _Since(None, debian="12", ubuntu="22.04"),
    "python-pip": _Since("python3-pip", debian="12", ubuntu="24.04"),
    "python-setuptools": _Since("python3-setuptools", debian="12", ubuntu="24.04"),
    "python-six": _Since("python3-six", debian="12", ubuntu="24.04"),
    "python-virtualenv": _Since("python3-virtualenv", debian="12", ubuntu="20.04"),
    "python2": _Since(None, debian="12", ubuntu="24.04", alpine="3.16"),
    "python2-dev": _Since(None, debian="12", ubuntu="24.04", alpine="3.16"),
    "python2.7": _Since(None, debian="12", ubuntu="24.04"),
    "python2.7-dev": _Since(None, debian="12", ubuntu="24.04"),
    "python3-distutils": _Since("python3-setuptools", debian="13", ubuntu="24.04"),
    "qemu": _Since(None, debian="12", ubuntu="24.04"),
    "sqlite": _Since(None, debian="11", ubuntu="24.04"),
    "ttf-wqy-microhei": _Since("fonts-wqy-microhei", debian="13"),
    "youtube-dl": _Since(None, debian="13", ubuntu="24.04"),
}
"""Names that people write: from `Packages` of Debian 11 to 13 and of Ubuntu 20.04, 22.04 and 24.04, with their updates
(2026-11-24); for Debian 9 from apt's words in reports (docker-library/php 485),
for Alpine from apk's (docker-library/docker 240, disney/meteor-base 93, TryGhost/docker-library-ghost 328,
processone/docker-ejabberd 77: OTP 24 has no HiPE any more)."""


def dropped(package: str, distro: str | None, release: Release | None) -> Dropped | None:
    """Return what is known of a package that a release does not have.

    Args:
        package: Its plain name.
        distro: As in `ImageFacts.distro`; `debian`, `ubuntu` and `alpine` are known.
        release: As in `ImageFacts.release`.

    Returns:
        `None` where the release has the package, or it is not known whether it does.
    """
    if release is None or not release.numbers:
        return None
    row = _BY_HAND.get(package)
    first = (
        {"debian": row.debian, "ubuntu": row.ubuntu, "alpine": row.alpine}.get(distro or "")
        if row is not None
        else None
    )
    if row is not None and first is not None and release.numbers >= release_numbers(first):
        return Dropped(package, row.instead, row.virtual)
    foreign = foreign_package(package, distro)
    if foreign is not None:
        return Dropped(package, foreign.instead, home=foreign.home)
    brought = only_a_command(package, distro, release.numbers)
    if brought is not None:
        return Dropped(package, brought.package, command=True, there=brought.there)
    tabled = _of_table(package) if distro == "debian" and release.codename == _TABLED else None
    beside = numbered_otherwise(package, distro, release.number) if tabled is None else None
    return Dropped(package, None, beside=beside) if beside is not None else tabled


def _of_table(package: str) -> Dropped | None:
    changes = load("debian", "changes")
    if package in changes["virtual"]:
        return None  # one package provides the name, and apt takes it
    if package in changes["renamed"]:
        return Dropped(package, changes["renamed"][package])
    return Dropped(package, None) if package in changes["gone"] else None
