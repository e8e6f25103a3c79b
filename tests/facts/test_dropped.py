"""Packages that a release of Debian or Ubuntu no longer has."""

from __future__ import annotations

import pytest

from rules.facts.distributions import Release
from rules.facts.dropped import dropped

BOOKWORM, TRIXIE = Release("bookworm", "12"), Release("trixie", "13")
JAMMY, NOBLE = Release("jammy", "22.04"), Release("noble", "24.04")


@pytest.mark.parametrize(
    ("package", "distro", "release", "instead"),
    [
        ("netcat", "debian", BOOKWORM, "netcat-openbsd"),
        ("netcat", "ubuntu", NOBLE, "netcat-openbsd"),
        ("libssl1.1", "ubuntu", JAMMY, "libssl3"),
        ("mysql-client", "debian", TRIXIE, "default-mysql-client"),
        ("software-properties-common", "debian", TRIXIE, None),
        ("libaio1", "debian", TRIXIE, None),
    ],
)
def test_a_dropped_package_is_known_with_what_stands_in_for_it(
    package: str, distro: str, release: Release, instead: str | None
) -> None:
    found = dropped(package, distro, release)
    assert found is not None
    assert (found.name, found.instead) == (package, instead)


@pytest.mark.parametrize(
    ("package", "distro", "release"),
    [
        ("netcat", "debian", Release("bullseye", "11")),
        ("netcat", "ubuntu", JAMMY),
        ("libssl3", "debian", TRIXIE),
        ("software-properties-common", "debian", BOOKWORM),
        ("mysql-client", "ubuntu", NOBLE),
        ("netcat", "alpine", Release(None, "3.22")),
        ("netcat", "debian", Release("sid", None)),
        ("netcat", None, None),
    ],
)
def test_nothing_is_said_of_what_a_release_has_or_is_not_known_to_lack(
    package: str, distro: str | None, release: Release | None
) -> None:
    assert dropped(package, distro, release) is None


def test_of_a_virtual_package_it_is_told() -> None:
    found = dropped("netcat", "debian", TRIXIE)
    assert found is not None
    assert found.virtual
