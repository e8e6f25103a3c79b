"""Releases of systems that a tag cannot stand upon: the raw table has the base of a recipe as it was built last.

A recipe that starts from a moving tag (`FROM erlang:21`, `FROM openjdk:8`) stood upon the release of its day. Where the
raw table names one that came later, or one that nobody could build upon any more, the tag's release is unknown.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from rules.data import load

Json = dict[str, Any]

_BEGIN = date(2013, 1, 1)
"""The day from which the raw table counts."""
_DEBIAN = {
    "jessie": "2015-04-25", "stretch": "2017-06-17", "buster": "2019-07-06", "bullseye": "2021-08-14",
    "bookworm": "2023-06-10", "trixie": "2025-08-09",
}  # fmt: skip
_ALPINE = (
    "2015-12-18 2016-05-31 2016-12-22 2017-05-24 2017-11-30 2018-06-26 2019-01-29 2019-06-19 2019-12-19 2020-05-29 "
    "2021-01-14 2021-06-15 2021-11-24 2022-05-23 2022-11-22 2023-05-09 2023-12-07 2024-05-22 2024-12-05 2025-05-30 "
    "2025-12-03 2026-05-01"
).split()
"""The days of Alpine 3.3 and those that followed (alpinelinux.org/releases); of the last, the month it was due in."""
_RELEASED = {name: date.fromisoformat(day) for name, day in _DEBIAN.items()} | {
    f"3.{minor}": date.fromisoformat(day) for minor, day in enumerate(_ALPINE, 3)
}
_YEARS = {"debian": 5, "alpine": 2}
"""How long the archives of a release are kept up, extension included."""
_GRACE = timedelta(days=365)
_UBUNTU = re.compile(r"(\d\d)\.(04|10)")


def without_impossible_release(config: Json, gone: int, today: date) -> Json:
    """Return a configuration without a release that its tags cannot have.

    Args:
        config: The configuration, in our shape.
        gone: The day on which the tags left the library, counted as the raw table does; 0 where they are still built.
        today: The day on which the library was read.
    """
    release = str(config.get("release"))
    released = _released(load("eol", "codenames").get(release, ("", ""))[1]) or _released(release)
    if released is None:
        return config
    if gone:
        impossible = _BEGIN + timedelta(days=gone) < released
    else:
        years = _YEARS.get(config.get("distro") or "")
        impossible = years is not None and released + timedelta(days=365 * years) + _GRACE < today
    return {key: value for key, value in config.items() if key != "release"} if impossible else config


def _released(release: str) -> date | None:
    """Return the day on which a release came out; of Ubuntu the first of its month."""
    ubuntu = _UBUNTU.fullmatch(release)
    return date(2000 + int(ubuntu[1]), int(ubuntu[2]), 1) if ubuntu else _RELEASED.get(release)
