"""Which of several copied trees is likely to weigh most, and whether all of them are a few files of text."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rules.api import DockerfileChange, Put

_HEAVY = frozenset(".venv venv node_modules site-packages vendor target".split())
"""Folders of what a project needs: more than its own files."""
_TEXTS = frozenset(
    " .cfg .conf .css .env .go .graphql .h .html .ini .java .js .json .jsx .kt .lock .md .mjs .php .pl .proto .py .rb "
    ".rs .rst .sh .sql .toml .ts .tsx .txt .vue .xml .yaml .yml".split(" ")
)
"""How names of texts end; those without an ending are settings, licences and the like."""
_FEW = 30


def heaviest(change: DockerfileChange, copied: Sequence[Put]) -> Put:
    """Return the tree that lies around the others; of several of one place what a project needs, or the most files.

    A whole source tree comes before others, and the last of those that are alike.
    """
    trees = [one for one in copied if one.whole] or list(copied)

    def weight(one: Put) -> tuple[int, bool, int]:
        light = posixpath.basename(one.path) not in _HEAVY
        return one.path.count("/"), light, -len(_files(change, one) or ())

    return min(reversed(trees), key=weight)


def are_few_texts(change: DockerfileChange, copied: Iterable[Put]) -> bool:
    """Tell whether all that was copied is known, and is a few files of text: some kilobytes."""
    files: list[str] = []
    for put in copied:
        found = _files(change, put) if put.kind == "context" else None
        if found is None:
            return False
        files += found
    return len(files) <= _FEW and all(posixpath.splitext(file)[1].lower() in _TEXTS for file in files)


def _files(change: DockerfileChange, put: Put) -> list[str] | None:
    """Return the files that a source in the build context has; `None` where that is not known."""
    context = change.repository.context_files(change.path) if put.kind == "context" else None
    if context is None or any(mark in put.source for mark in "*?[$"):
        return None
    source = posixpath.normpath(put.source or ".").strip("/")
    return [file for file in context if source in (".", file) or file.startswith(f"{source}/")]
