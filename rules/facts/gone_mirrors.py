"""Releases that have left the mirrors which their own images name: their lists cannot be fetched any more.

Alpine keeps all of its releases, and Ubuntu its long-term ones. Debian 11, whose extended support ended in August 2026,
is on the mirrors still, and its security list was renewed in September without a day on which it ends (`InRelease`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from rules.dockerfile.reference import parse_reference
from rules.facts.distributions import release_title
from rules.facts.eol import all_end_of_life

if TYPE_CHECKING:
    from rules.facts.distributions import Release

_DEBIAN = {
    "7": date(2021, 7, 26),  # debuerreotype/docker-debian-artifacts, issue 132
    "8": date(2023, 5, 5),  # debuerreotype/docker-debian-eol-artifacts, issues 8 and 10
    "9": date(2023, 4, 26),  # debuerreotype/docker-debian-eol-artifacts, issue 9
    "10": date(2025, 7, 14),  # debuerreotype/docker-debian-artifacts, issue 245: the images keep the old addresses
}
"""Releases that are on `archive.debian.org` alone, each with a day on which that was so."""
_BACKPORTS = {"11": date(2025, 7, 28)}  # armbian/build, issue 8436; tonistiigi/xx, pull request 212
"""Releases that are on the mirrors still, and whose backports are not: the images `…-backports` name them."""
_CENTOS = frozenset("5 6 7 8".split())
_NO_MIRRORLIST = date(2024, 9, 8)
"""A day on which the name `mirrorlist.centos.org` was no longer known (CentOS/sig-cloud-instance-images, issue 202)."""
_UBUNTU_STAYS = timedelta(days=365)
"""A release of nine months goes to `old-releases.ubuntu.com` within months of its end: 21.04 after half a year, 23.10
after four months, 24.10 after two (docker-library/official-images 17973, tianon/docker-brew-ubuntu-core 245,
freeorion/freeorion 5294)."""


def left_mirrors(distro: str | None, release: Release | None, today: date, *, tag: str = "") -> str | None:
    """Say, in a clause, why a release's own image cannot fetch its lists; `None` where it can, or it is not known.

    Args:
        distro: As in `ImageFacts.distro`.
        release: As in `ImageFacts.release`.
        today: The day to judge by.
        tag: The image's, of which one that ends in `-backports` asks for these as well.
    """
    number = release.number if release is not None else None
    if number is None:
        return None
    title = release_title(distro or "", release)
    if distro == "debian" and number in _DEBIAN and _DEBIAN[number] <= today:
        return f"{title} has left the mirrors that the image names, and is on `archive.debian.org` alone"
    if distro == "debian" and "backports" in tag and number in _BACKPORTS and _BACKPORTS[number] <= today:
        return f"`{tag}` has left the mirrors that the image names, and is on `archive.debian.org` alone"
    if distro == "centos" and number in _CENTOS and today >= _NO_MIRRORLIST:
        return (
            "`mirrorlist.centos.org`, which the image asks, is gone, and its packages are on `vault.centos.org` alone"
        )
    if distro == "ubuntu" and _is_interim(number) and _is_long_over(number, today):
        return f"{title} has left the mirrors that the image names, and is on `old-releases.ubuntu.com` alone"
    return None


def _is_interim(number: str) -> bool:
    """Whether it is no long-term release: these are of the April of even years."""
    year, _, month = number.partition(".")
    return not (month == "04" and year.isdecimal() and int(year) % 2 == 0)


def _is_long_over(number: str, today: date) -> bool:
    reference = parse_reference(f"ubuntu:{number}")
    ends = all_end_of_life(reference, today) if reference is not None else ()
    return any(end.date is not None and end.date + _UBUNTU_STAYS <= today for end in ends)
