"""Build `alpine.zip`: headers and build tools of Alpine packages.

python -m rules.data.build.alpine alpine_packages.json
"""

from __future__ import annotations

import json
from typing import Any

from rules.data.build.pack import arguments, write

NOT_BUILD_ONLY = frozenset({"file", "pax-utils", "tcpdump"})
"""Tools that the raw table counts as build tools and that running programs use."""

RUNTIME: dict[str, list[Any]] = {
    "ncurses-dev": [["3.17", ["libncursesw"]], ["0", ["ncurses-libs"]]],
    "gettext-dev": [["0", ["musl-libintl"]]],
    "libavif-dev": [["0", ["libavif"]]],
}
"""Entries that the raw table writes for people: from which release on, the packages (aports, main/ncurses/APKBUILD)."""


def main() -> None:
    """Read the raw table and write the compact one."""
    given = arguments("Build alpine.zip", "alpine_packages")
    raw = json.loads(given.alpine_packages.read_text())
    pairs = raw["dev_runtime_unchecked"] | raw["dev_runtime"]
    runtime = {
        package: [["0", [libraries] if isinstance(libraries, str) else libraries]]
        for package, libraries in pairs.items()
    }
    build_only = {name for group in raw["build_only"].values() for name in group} - NOT_BUILD_ONLY
    parts: dict[str, Any] = {
        "meta": raw["meta"] | {"unchecked": sorted(raw["dev_runtime_unchecked"])},
        "build_only": sorted(build_only),
        "runtime": runtime | RUNTIME,
    }
    write(given.output / "alpine.zip", parts)


if __name__ == "__main__":
    main()
