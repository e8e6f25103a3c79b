"""Which of several copied trees is likely to weigh most, and whether all of them are a few kilobytes."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.globs import matches

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
_LITTLE = 64 * 1024
"""Bytes that nobody notices in an image."""


def is_pattern_of_texts(put: Put) -> bool:
    """Tell whether a pattern takes a few files of settings or the like: `package*.json`."""
    name = posixpath.basename(put.source)
    ending = posixpath.splitext(name)[1].lower()
    return "*" in name and bool(ending) and ending in _TEXTS


def heaviest(change: DockerfileChange, copied: Sequence[Put]) -> Put:
    """Return the tree that lies around the others; of several of one place what a project needs, or the most files.

    A whole source tree comes before others, and the last of those that are alike.
    """
    trees = [one for one in copied if one.whole] or list(copied)

    def weight(one: Put) -> tuple[int, bool, int]:
        light = posixpath.basename(one.path) not in _HEAVY
        return one.path.count("/"), light, -len(_files(change, one) or ())

    return min(reversed(trees), key=weight)


def are_few_texts(change: DockerfileChange, copied: Sequence[Put]) -> bool:
    """Tell whether all that was copied is known, and is some kilobytes: a few files of text, or read and little."""
    files = _all_files(change, copied)
    if files is None:
        return False
    few = 0 < len(files) <= _FEW and all(posixpath.splitext(file)[1].lower() in _TEXTS for file in files)
    return few or is_little(change, copied)


def is_little(change: DockerfileChange, copied: Sequence[Put]) -> bool:
    """Tell whether all that was copied out of the build context was read, and is little together.

    Not of the whole context, which has more than a repository lists: its history, and what lies there when it is built.
    """
    files = _all_files(change, copied) if not any(put.whole for put in copied) else None
    context = change.repository.context_of(change.path) or ""
    read = [change.repository.files.get(posixpath.join(context, file)) for file in files or ()]
    return bool(read) and sum(_LITTLE if data is None else len(data) for data in read) < _LITTLE


def _all_files(change: DockerfileChange, copied: Iterable[Put]) -> list[str] | None:
    """Return the files of the build context that were copied; `None` where anything else was, or it is not known."""
    files: list[str] = []
    for put in copied:
        found = _files(change, put)
        if found is None:
            return None
        files += found
    return files


def _files(change: DockerfileChange, put: Put) -> list[str] | None:
    """Return the files that a source in the build context has; `None` where that is not known."""
    context = change.repository.context_files(change.path) if put.kind == "context" else None
    if context is None or "$" in put.source:
        return None
    source = posixpath.normpath(put.source or ".").strip("/")
    if any(mark in source for mark in "*?["):
        return [file for file in context if matches(file, (f"/{source}", f"/{source}/**"))]
    return [file for file in context if source in (".", file) or file.startswith(f"{source}/")]
