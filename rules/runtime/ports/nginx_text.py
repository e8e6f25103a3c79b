"""Which files nginx reads, and what a configuration says: its directives, each with the blocks around it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r"#[^\n]*|\"[^\"]*\"|'[^']*'|[{};]|[^\s{};\"'#]+")
_LONGEST = 100_000
"""Characters of a file that are read."""
FOLDER = "/etc/nginx"
MAIN = f"{FOLDER}/nginx.conf"
INCLUDED = f"{FOLDER}/conf.d"
"""Of this folder the official image's own configuration reads `*.conf` (nginx/docker-nginx)."""


def is_included(path: str) -> bool:
    """Tell whether that configuration reads a file within `http`."""
    return posixpath.dirname(path) == INCLUDED and path.endswith(".conf")


class Directive(NamedTuple):
    """A directive.

    Attributes:
        words: Its name and what follows, without the semicolon or the block.
        depth: How many blocks are around it.
    """

    words: tuple[str, ...]
    depth: int


def directives(text: str) -> Iterator[Directive]:
    """Yield the directives of a configuration, a block's own before those in it."""
    depth, words = 0, list[str]()
    for token in _TOKEN.findall(text[:_LONGEST]):
        if token.startswith("#"):
            continue
        if token not in ("{", "}", ";"):
            words.append(token)
            continue
        if words:
            yield Directive(tuple(words), depth)
        words = []
        depth += {"{": 1, "}": -1}.get(token, 0)
    if words:
        yield Directive(tuple(words), depth)
