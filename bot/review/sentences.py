"""Where the first sentence of a message ends: it is set in bold and stands alone in lists."""

from __future__ import annotations

import re

# A run of backticks begins a code span as a whole or not at all, as in CommonMark: none is tried in part.
_CODE_OR_END = re.compile(r"(?<!`)(?P<ticks>`++).+?(?<!`)(?P=ticks)(?!`)|(?P<end>[.!?](?=\s))", re.DOTALL)
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf)\.\Z")
_LONGEST_ABBREVIATION = 5


def first_sentence(message: str) -> tuple[str, str]:
    """Split a Markdown message behind its first sentence; a full stop inside a code span ends none.

    Returns:
        The sentence and the rest, both stripped; the rest may be empty.
    """
    for found in _CODE_OR_END.finditer(message):
        end = found.end("end")
        if end > 0 and not _ABBREVIATION.search(message[max(0, end - _LONGEST_ABBREVIATION) : end]):
            return message[:end].strip(), message[end:].strip()
    return message.strip(), ""
