"""Which glibc a release of a distribution has, and which one a program asks for that is linked there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.facts.distributions import Release

_VERSIONS = {
    ("debian", "7"): (2, 13),
    ("debian", "8"): (2, 19),
    ("debian", "9"): (2, 24),
    ("debian", "10"): (2, 28),
    ("debian", "11"): (2, 31),
    ("debian", "12"): (2, 36),
    ("debian", "13"): (2, 41),
    ("ubuntu", "12.04"): (2, 15),
    ("ubuntu", "14.04"): (2, 19),
    ("ubuntu", "16.04"): (2, 23),
    ("ubuntu", "18.04"): (2, 27),
    ("ubuntu", "20.04"): (2, 31),
    ("ubuntu", "20.10"): (2, 32),
    ("ubuntu", "21.04"): (2, 33),
    ("ubuntu", "21.10"): (2, 34),
    ("ubuntu", "22.04"): (2, 35),
    ("ubuntu", "24.04"): (2, 39),
    ("ubuntu", "24.10"): (2, 40),
    ("ubuntu", "25.04"): (2, 41),
    ("ubuntu", "25.10"): (2, 42),
    ("ubuntu", "26.04"): (2, 43),
    ("amazonlinux", "2"): (2, 26),
    ("amazonlinux", "2023"): (2, 34),
    **{
        (distro, number): version
        for distro in ("rhel", "centos", "rockylinux", "almalinux", "oraclelinux")
        for number, version in (("6", (2, 12)), ("7", (2, 17)), ("8", (2, 28)), ("9", (2, 34)), ("10", (2, 39)))
    },
}
"""The glibc of each release (packages.debian.org and packages.ubuntu.com, `libc6`; release notes of the others)."""

_STARTED = ((2, 34),)
"""Where `__libc_start_main`, which every program calls that a C compiler links, got another version."""

_STEPS = {
    "rust": ((2, 28), (2, 33), (2, 34)), "go": ((2, 32), (2, 34)),
    "c": _STARTED, "crystal": _STARTED, "native-image": _STARTED, "swift": _STARTED, "haskell": _STARTED,
    "erlang": ((2, 29), (2, 34), (2, 38)), "python": ((2, 29), (2, 33), (2, 34), (2, 35), (2, 38)),
}  # fmt: skip
"""Versions in which glibc changed symbols that every program of a language uses (glibc's `NEWS`): `statx` in 2.28,
`exp` and `pow` in 2.29, `stat` in 2.33, the threads that moved into libc in 2.32 and 2.34, `hypot` in 2.35, `strtol`
and `fmod` in 2.38. Of Erlang and Python it is what their own `beam.smp` and `libpython` were seen to ask for
(erlang/docker-erlang-otp 362 and 497, erlef/docker-elixir 110; pyinstaller/pyinstaller 7033 and 8222).
"""

_OF_SOME = {"rust": (((2, 38), "libraries of C are compiled into it"), ((2, 39), "it starts other programs"))}
"""Versions that only some programs of a language ask for, and which: C's `strtol` has another name for newer compilers
since 2.38 (`__isoc23_strtol`), and Rust's library asks for `pidfd_spawnp`, of 2.39, in programs that start others."""


def glibc_of(libc: str | None, distribution: str | None, release: Release | None) -> tuple[int, int] | None:
    """Return the version of glibc in a release: `(2, 36)` for Debian 12; `None` where there is none or it is unknown.

    Args:
        libc: The C library of the image, as `ImageFacts.libc` names it.
        distribution: As `ImageFacts.distro` names it.
        release: The release; the first part of its number counts, of Ubuntu all of it.
    """
    if libc != "glibc" or distribution is None or release is None:
        return None
    number = release.number or ""
    number = number if distribution == "ubuntu" else number.partition(".")[0]
    return _VERSIONS.get((distribution, number))


def needed_by(language: str, linked: tuple[int, int]) -> tuple[int, int] | None:
    """Return the oldest glibc upon which a language's programs start that are linked with one; `None`: with any."""
    return max((step for step in _STEPS.get(language, ()) if step <= linked), default=None)


def asked_by_some(
    language: str, linked: tuple[int, int], here: tuple[int, int]
) -> tuple[tuple[tuple[int, int], str], ...]:
    """Return what only some of a language's programs ask for that one glibc has and an older one has not, and which do.

    Args:
        language: As `needed_by` takes it.
        linked: The glibc that they are linked with.
        here: The one upon which they are to start.
    """
    return tuple((step, why) for step, why in _OF_SOME.get(language, ()) if here < step <= linked)


def shown(version: tuple[int, int]) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, version))
