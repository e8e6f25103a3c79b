"""Read other people's YAML with care: capped, without aliases by the thousand, with a line for every key."""

from __future__ import annotations

import warnings
from itertools import accumulate
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.error import ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode

SIZE_LIMIT = 64 * 1024
"""Bytes above which a file is not read."""

_ALIAS_LIMIT = 20
_DEPTH_LIMIT = 100
"""Brackets inside one another; the parser's time grows with their square, until Python's stack ends."""


class _PlainKeys(Composer):
    """Refuses keys that are lists or mappings: the time to make them hashable doubles with their depth."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose a node; that of a key has a mapping above it and no index."""
        node = super().compose_node(parent, index)
        if index is None and isinstance(parent, MappingNode) and not isinstance(node, ScalarNode):
            raise ComposerError(None, None, "a key is a list or a mapping, where a word is expected", node.start_mark)
        return node


def load(text: str) -> Any:
    """Return a YAML document whose mappings and sequences know their lines.

    Raises:
        ruamel.yaml.error.YAMLError: It is none, or has brackets or keys that no settings have.
        RecursionError, ValueError, NotImplementedError: The library cannot read it.
    """
    if _depth(text) > _DEPTH_LIMIT:
        raise ComposerError(None, None, f"more than {_DEPTH_LIMIT} brackets inside one another")
    yaml = YAML(typ="rt", pure=True)
    yaml.Composer = _PlainKeys
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReusedAnchorWarning)  # would write the file's own text to our log
        return yaml.load(text)


def read(data: bytes) -> Any:
    """Return a YAML document whose mappings and sequences know their lines (`line_of`), or `None` when unreadable.

    A file that is too large or too deep, has more than twenty aliases, repeats a key, or is no YAML is `None`.
    """
    if len(data) > SIZE_LIMIT or _aliases(data) > _ALIAS_LIMIT:
        return None
    try:
        return load(data.decode("utf-8", "replace"))
    except (YAMLError, ValueError, RecursionError, NotImplementedError):
        return None


def _aliases(data: bytes) -> int:
    return sum(
        1 for word in data.replace(b"[", b" ").replace(b",", b" ").split() if word.startswith(b"*") and len(word) > 1
    )


def _depth(text: str) -> int:
    """How many brackets are open at most; a few too many where a text holds some that do not close."""
    steps = (1 if char in "[{" else -1 for char in text if char in "[]{}")
    return max(accumulate(steps), default=0)


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
