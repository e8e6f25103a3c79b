"""Suggestions: how GitLab reads them out of a note, and the button that commits one."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from tests.forge.gitlab.model import Note, Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.forge.gitlab.merge_request import MergeRequest

INFO = re.compile(r"suggestion(?::(?:-(?P<above>\d+))?(?:\+(?P<below>\d+))?)?$")
FARTHEST = 100


def read(merge_request: MergeRequest, note: Note) -> list[Suggestion]:
    """Read the suggestions of a note on a line that still exists; others are plain code blocks."""
    if note.position is None or not note.position["new_line"]:
        return []
    text = merge_request.read(note.position["new_path"], note.position["head_sha"])
    lines = split(text or b"")
    found = []
    for above, below, content in blocks(note.body):
        line = note.position["new_line"]
        first, last = max(1, line - min(above, FARTHEST)), line + min(below, FARTHEST)
        old = b"".join(lines[first - 1 : last])
        found.append(
            Suggestion(
                merge_request.project.forge.new_id(), first, last, old.decode(errors="replace"), ended(content, old)
            )
        )
    return found


def blocks(body: str) -> Iterator[tuple[int, int, str]]:
    """Find the blocks `suggestion:-A+B`: lines above, lines below, and the text without its last line feed."""
    for token in markdown().parse(body):
        found = INFO.match(token.info.strip()) if token.type == "fence" else None
        if found:
            yield int(found["above"] or 0), int(found["below"] or 0), token.content.removesuffix("\n")


@cache
def markdown() -> MarkdownIt:
    """Return the reader of Markdown, made once."""
    return MarkdownIt("commonmark")


def ended(content: str, old: bytes) -> str:
    """End the new text as the last of the replaced lines ended; nothing but blanks deletes these lines."""
    if not content.strip():
        return ""
    ending = re.search(rb"\r\n|\r|\n", split(old)[-1]) if old else None
    return content + (ending[0].decode() if ending else "")


def split(text: bytes) -> list[bytes]:
    """Split a text at its line feeds, which stay."""
    return re.findall(rb"[^\n]*\n|[^\n]+$", text)


def applied(merge_request: MergeRequest, note: Note, suggestion: Suggestion) -> bytes:
    """Return the file with a suggestion applied; asserts what GitLab asks before it shows the button."""
    assert merge_request.state == "opened", "the merge request is not open"
    assert not suggestion.applied, "it is applied already"
    assert note.position is not None
    assert note.position["head_sha"] == merge_request.head, "the note is outdated"
    text = merge_request.read(note.position["new_path"])
    assert text is not None, "the file is gone"
    lines = split(text)
    shift = note.position["new_line"] - (note.original_position or note.position)["new_line"]
    first, last = suggestion.first + shift, suggestion.last + shift
    assert b"".join(lines[first - 1 : last]).decode(errors="replace") == suggestion.old, "the content has changed"
    return b"".join([*lines[: first - 1], suggestion.new.encode(), *lines[last:]])
