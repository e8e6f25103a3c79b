"""Read other people's YAML with care: capped, without aliases by the thousand, with a line for every key."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

SIZE_LIMIT = 64 * 1024
"""Bytes above which a file is not read."""

_ALIAS_LIMIT = 20


def read(data: bytes) -> Any:
    """Return a YAML document whose mappings and sequences know their lines (`line_of`), or `None` when unreadable.

    A file that is too large, has more than twenty aliases, repeats a key, or is no YAML is `None`.
    """
    if len(data) > SIZE_LIMIT or _aliases(data) > _ALIAS_LIMIT:
        return None
    try:
        return YAML(typ="rt", pure=True).load(data.decode("utf-8", "replace"))
    except (YAMLError, ValueError, RecursionError, NotImplementedError):
        return None


def _aliases(data: bytes) -> int:
    return sum(
        1 for word in data.replace(b"[", b" ").replace(b",", b" ").split() if word.startswith(b"*") and len(word) > 1
    )


def line_of(node: Any, key: str | int) -> int:
    """Return the line, from 1, of a mapping's key or a sequence's item; 1 when unknown."""
    position = getattr(node, "lc", None)
    if position is None or not position.data or key not in position.data:
        return 1
    return int(position.data[key][0]) + 1


def mapping(node: Any) -> dict[str, Any]:
    """Return a node if it is a mapping, else an empty one."""
    return node if isinstance(node, dict) else {}


def sequence(node: Any) -> list[Any]:
    """Return a node if it is a sequence, else an empty one."""
    return node if isinstance(node, list) else []


def text(node: Any) -> str:
    """Return a scalar as text; empty for anything else."""
    return str(node) if isinstance(node, (str, int, float)) and not isinstance(node, bool) else ""
