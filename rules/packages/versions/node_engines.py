"""Which Node.js a release of npm or pnpm runs on, by what its package asks for under `engines`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Numbers = tuple[int, ...]


class Engines(NamedTuple):
    """What a major release of a tool asks for.

    Attributes:
        release: The release.
        lines: The first version of each line of Node.js that it runs on in part.
        since: The first line from which on it runs on any.
        asked: The same as its package writes it.
    """

    release: str
    lines: Mapping[int, Numbers]
    since: int
    asked: str


NPM = (
    Engines("12", {22: (22, 22, 2), 24: (24, 15)}, 26, "^22.22.2 || ^24.15.0 || >=26.0.0"),
    Engines("11", {20: (20, 17), 22: (22, 9)}, 23, "^20.17.0 || >=22.9.0"),
    Engines("10", {18: (18, 17), 20: (20, 5)}, 21, "^18.17.0 || >=20.5.0"),
    Engines("9", {14: (14, 17), 16: (16, 13)}, 18, "^14.17.0 || ^16.13.0 || >=18.0.0"),
    Engines("8", {12: (12, 13), 14: (14, 15)}, 16, "^12.13.0 || ^14.15.0 || >=16.0.0"),
)
"""The newest first (npm's registry on 23 November 2026: 12.2.0, 11.21.2, 10.9.4, 9.9.4, 8.19.4; the first of each line
asks for the same)."""
PNPM = (
    Engines("12", {}, 18, ">=18"),
    Engines("7", {14: (14, 6)}, 15, ">=14.6"),
    Engines("6", {12: (12, 17)}, 13, ">=12.17"),
)
"""The newest, and the last for lines of Node.js that come with npm 6 (12.21.0, 7.33.7 and 6.35.1 there)."""


def runs_on(engines: Engines, numbers: Numbers) -> bool:
    """Tell whether a release runs on a Node.js; a version that is cut off (`22`, `22.22`) is the newest of its line."""
    first = engines.lines.get(numbers[0])
    return reaches(numbers, first) if first is not None else numbers[0] >= engines.since


def reaches(numbers: Numbers, first: Numbers) -> bool:
    """Tell whether a version, or the newest of its line where it is cut off, is not older than another."""
    return numbers >= first[: len(numbers)]


def last_on(releases: Sequence[Engines], numbers: Numbers) -> str | None:
    """Return the newest release of a tool that runs on a Node.js."""
    return next((one.release for one in releases if runs_on(one, numbers)), None)
