"""The values in a bake file: variables with their defaults, and a target for each row of a matrix (Bake reference)."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from rules.repository import yamls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLACE = re.compile(r"\$\{[ \t]*(?P<name>\w+(?:\.\w+)*)[ \t]*\}")
_MOST_ROWS = 64
"""Rows of a matrix that are followed, more than people write."""

Settings = dict[str, Any]


def each_of_matrix(name: str, settings: Settings, variables: Mapping[str, str]) -> Iterator[tuple[str, Settings]]:
    """Yield a target under its name with the values filled in; one with a matrix once for each of its rows.

    An expression that is more than a name stays as it is, with its `$`. What a build argument takes from a variable is
    left open, since whoever builds may set that: it is `None`.

    Args:
        name: The target's.
        settings: What it says, expressions as `${…}`.
        variables: Those of the file that have a default.
    """
    matrix = yamls.mapping(settings.get("matrix"))
    lists = [[(str(key), value) for value in yamls.sequence(values)] for key, values in matrix.items()]
    for number, row in enumerate(itertools.islice(itertools.product(*lists), _MOST_ROWS)):
        own = dict(_flat(row))
        filled = {key: _filled(value, {**variables, **own}) for key, value in settings.items() if key != "args"}
        if "args" in settings:
            args = yamls.mapping(settings["args"])
            filled["args"] = {key: _closed(_filled(value, own)) for key, value in args.items()}
        yield (yamls.text(filled.get("name")) or f"{name} {number}" if matrix else name), filled


def _flat(row: tuple[tuple[str, Any], ...]) -> Iterator[tuple[str, str]]:
    """Yield what the names of a row stand for: `tgt`, or `item.tgt` where a row has several values."""
    for name, value in row:
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", text) for key, text in value.items() if isinstance(text, str))
        elif isinstance(value, str):
            yield name, value


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    return _PLACE.sub(lambda found: known.get(found["name"], found[0]), value) if isinstance(value, str) else value


def _closed(value: Any) -> str | None:
    return value if isinstance(value, str) and "${" not in value else None
