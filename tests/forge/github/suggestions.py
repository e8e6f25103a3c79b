"""The button that commits a suggestion."""

from __future__ import annotations

import re

BLOCK = re.compile(r"^(?P<fence>`{3,})suggestion[^\n]*\n(?P<text>.*?)^(?P=fence)`*[ \t]*$", re.MULTILINE | re.DOTALL)


def suggestion(body: str) -> str | None:
    """Return the text that a comment suggests, with its last line feed; `None` when it suggests nothing."""
    found = BLOCK.search(body.replace("\r\n", "\n"))
    return found["text"] if found else None


def with_suggestion(content: bytes, body: str, first: int, last: int) -> bytes:
    """Replace lines `first` to `last` by what a comment suggests, as the button does."""
    text = suggestion(body)
    assert text is not None, "the comment suggests nothing"
    lines = content.split(b"\n")
    new = text.encode().split(b"\n")[:-1]
    return b"\n".join(lines[: first - 1] + new + lines[last:])
