"""Extras that an install of Python's brings, with developers' packages in them: no option for groups leaves those out.

`uv sync --all-extras --no-dev` installs what is in the extra `dev` and in the group `dev` (tried with uv 0.13).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.python_names import index_name
from rules.packages.developers.named import packages_for_developers, required
from rules.packages.developers.parts import read_toml, table
from rules.packages.projects.files import MANIFESTS
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import PackageCall

_BY_NAME = ("--extra", "--extras", "-E")
_OTHER_THAN_A_NAME = re.compile(r"[^\w.-]+")


def asks_by_extra(call: PackageCall, text: str | None) -> bool:
    """Tell whether an install asks by its name for an extra that holds developers' packages."""
    asked = {name for use in call.uses(*_BY_NAME) for name in _OTHER_THAN_A_NAME.split(use.value or "")}
    return bool(asked) and not asked.isdisjoint(_extras_with_them(call.manager, text))


def along_with_extras(call: PackageCall, text: str | None) -> str:
    """Say what else is to be done where all extras bring developers' packages as well: the end of a sentence."""
    found = sorted(_extras_with_them(call.manager, text)) if call.has("--all-extras") else []
    if not found:
        return ""
    return (
        f", and name the extras that the program needs instead of `--all-extras`: {listed(map(quote, found))} "
        f"{'brings' if len(found) == 1 else 'bring'} some of them as well"
    )


def _extras_with_them(manager: str, text: str | None) -> set[str]:
    if text is None or MANIFESTS.get(manager) != "pyproject.toml":
        return set()
    developers = set(map(index_name, packages_for_developers(manager, text)))
    return {name for name, packages in _extras(text) if not developers.isdisjoint(map(index_name, packages))}


def _extras(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the extras of a `pyproject.toml`, or of Poetry's part of it, with the names of their packages."""
    data = read_toml(text)
    for extras in (table(data, "project", "optional-dependencies"), table(data, "tool", "poetry", "extras")):
        for name, wanted in extras.items():
            yield name, list(required(wanted))
