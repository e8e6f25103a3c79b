"""Apply edits to texts, byte for byte outside what they replace."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rules.dockerfile.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.problem import Edit


class Overlap(ValueError):  # noqa: N818 - it says what is so, not that something failed
    """Two edits touch the same characters."""


def overlap(edits: Iterable[Edit]) -> bool:
    """Tell whether edits of one file touch the same characters; two insertions at one place do not."""
    last = 0
    for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end)):
        if edit.span.start < last:
            return True
        last = edit.span.end
    return False


def applied(source: Source, edits: Iterable[Edit]) -> Source:
    """Return the file with edits applied; their line ends become the file's own.

    Raises:
        Overlap: Two edits touch the same characters.
    """
    ordered = sorted(edits, key=lambda e: (e.span.start, e.span.end))
    if overlap(ordered):
        raise Overlap(source.path)
    parts, at = [], 0
    for edit in ordered:
        parts += [source.text[at : edit.span.start], _with_line_ends(source, edit.text)]
        at = edit.span.end
    return Source(source.path, "".join([*parts, source.text[at:]]))


def moved(source: Source, edits: Iterable[Edit], offset: int) -> int | None:
    """Return where a character of the file stands once edits are applied, `None` when it is deleted.

    Text that is inserted right before the character moves it along; the first character of what is replaced stays.
    """
    shift = 0
    for edit in edits:
        start, end = edit.span.start, edit.span.end
        if end <= offset:
            shift += len(_with_line_ends(source, edit.text)) - (end - start)
        elif start < offset or (start == offset and not edit.text):
            return None
    return offset + shift


def _with_line_ends(source: Source, text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", source.newline)


def applied_to_tree(tree: Mapping[str, bytes], edits: Iterable[Edit], default_path: str) -> dict[str, bytes]:
    """Return a tree with edits applied to its files; `default_path` is where edits without a path go.

    Raises:
        Overlap: Two edits touch the same characters.
        KeyError: An edit names a file that is not in the tree.
    """
    by_path: defaultdict[str, list[Edit]] = defaultdict(list)
    for edit in edits:
        by_path[edit.path or default_path].append(edit)
    changed = dict(tree)
    for path, group in by_path.items():
        changed[path] = applied(Source.decode(path, tree[path]), group).encode()
    return changed
