"""Packages that carry the number of a language or a server, of which a release of Debian or Ubuntu has one or a few.

The numbers are those of the archives' `Packages` with their updates (Debian 11 to 13; Ubuntu 20.04, 22.04 and 24.04,
`main` and `universe`; 2026-11-24).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Family(NamedTuple):
    pattern: re.Pattern[str]
    numbers: Mapping[tuple[str, str], tuple[str, ...]]


def _by_release(*numbers: tuple[str, ...]) -> dict[tuple[str, str], tuple[str, ...]]:
    return {release: each for release, each in zip(_RELEASES, numbers, strict=True) if each}


_RELEASES = (
    *(("debian", number) for number in ("11", "12", "13")),
    *(("ubuntu", number) for number in ("20.04", "22.04", "24.04")),
)
_FAMILIES = (
    _Family(
        re.compile(r"(?:lib)?python(3\.\d+)(?:-(?:dev|venv|minimal))?"),
        _by_release(("3.9",), ("3.11",), ("3.13",), ("3.8", "3.9"), ("3.10", "3.11"), ("3.12",)),
    ),
    _Family(
        re.compile(r"php(\d\.\d)(?:-[a-z][a-z0-9-]*)?"),
        _by_release(("7.3", "7.4"), ("8.2",), ("8.4",), ("7.4",), ("8.1",), ("8.3",)),
    ),
    _Family(
        re.compile(r"postgresql(?:-client|-contrib|-server-dev)?-(\d+)"),
        _by_release(("13",), ("15",), ("17",), ("12",), ("14",), ("16",)),
    ),
    _Family(
        re.compile(r"ruby(\d\.\d)(?:-dev)?"),
        _by_release(("2.7",), ("3.1",), ("3.3",), ("2.7",), ("3.0",), ("3.2",)),
    ),
    _Family(
        re.compile(r"(?:gcc|g\+\+)-(\d+)"),
        _by_release(
            ("9", "10"),
            ("11", "12"),
            ("12", "13", "14"),
            ("7", "8", "9", "10"),
            ("9", "10", "11", "12"),
            ("9", "10", "11", "12", "13", "14"),
        ),
    ),
    # Ubuntu adds a release of Java to what it has shipped, Debian does not
    _Family(
        re.compile(r"openjdk-(\d+)-j(?:dk|re)(?:-headless)?"),
        _by_release(("11", "17"), ("17",), ("21", "25"), (), (), ()),
    ),
)


def numbered_otherwise(package: str, distro: str | None, number: str | None) -> str | None:
    """Return the package of another number that a release has instead of one: `python3.11` for `python3.12`.

    Returns:
        The newest; `None` where the release has the package, or it is not known what it has.
    """
    for family in _FAMILIES:
        found = family.pattern.fullmatch(package)
        there = family.numbers.get((distro or "", number or "")) if found is not None else None
        if found is not None and there is not None and found[1] not in there:
            return f"{package[: found.start(1)]}{there[-1]}{package[found.end(1) :]}"
    return None
