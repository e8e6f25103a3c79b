"""How a value from somebody's file is quoted in Markdown: as data that can do nothing.

Every message, comment and summary quotes with these functions, so that a path, a stage name or an ENV value cannot
become a link, a mention, HTML or a forge's command, and so that what the eye cannot see is shown.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LIMIT = 160
"""Characters of a value that are shown before it is cut with `…`."""

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
# Letters and marks by category, and yet nothing is drawn: fillers, joiners, variation selectors.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_NOT_PLAIN = re.compile(r"[^\x20-\x7e]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def character_name(character: str) -> str:
    """Return what a character that the eye does not see is called: `U+00A0 (No-break space)`."""
    title = unicodedata.name(character, "").capitalize()
    return f"U+{ord(character):04X} ({title})" if title else f"U+{ord(character):04X}"


def quote(value: str, limit: int = LIMIT) -> str:
    r"""Return a value as a Markdown code span on one line.

    Args:
        value: Text of any origin.
        limit: Characters of the value that are shown; a longer one ends in `…`.

    Returns:
        A code span whose delimiter is longer than any run of backticks inside. Line ends, tabs, control characters,
        bidirectional controls, zero-width and other invisible characters are shown as escapes (`\n`, `\u202E`). An
        empty value is the word "(empty)".
    """
    if len(value) > limit:
        value = value[: limit - 1] + "…"
    return code_span(visible(value)) if value else "(empty)"


def listed(words: Iterable[str], most: int | None = 6) -> str:
    """Join words as a sentence does: `a, b and c`; of more than `most` and one, the others are counted.

    Args:
        words: At least one, quoted already where they are values.
        most: How many are named where there are more; `None` for all.
    """
    items = list(words)
    if most is not None and len(items) > most + 1:
        items = [*items[:most], f"{len(items) - most} more"]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def capitalized(text: str) -> str:
    """Return a text as it begins a sentence.

    >>> capitalized("the final stage")
    'The final stage'
    """
    return text[:1].upper() + text[1:]


def first_few(values: Sequence[str], most: int) -> str:
    """Quote the first values of a list, and count the others: `a`, `b` and 3 more."""
    shown = ", ".join(map(quote, values[:most]))
    return f"{shown} and {len(values) - most} more" if len(values) > most else shown


def code_span(text: str) -> str:
    """Wrap one line of text in backticks, one more than the longest run inside."""
    ticks = "`" * (longest_run(text, "`") + 1)
    # CommonMark strips one blank at both ends when there is one at both; a backtick may not touch the delimiter.
    padded = text.startswith(("`", " ")) or text.endswith(("`", " "))
    return f"{ticks} {text} {ticks}" if padded else f"{ticks}{text}{ticks}"


def longest_run(text: str, character: str) -> int:
    """Return the length of the longest unbroken run of one character."""
    runs = re.findall(re.escape(character) + "+", text) if character in text else ()
    return max(map(len, runs), default=0)


def visible(text: str, keep: str = "") -> str:
    r"""Show what the eye cannot see as escapes, so that a reader sees what a machine reads.

    Args:
        text: Text of any origin.
        keep: Characters that stay as they are, such as `"\n\t"`.

    Returns:
        The text with `\n`, `\x1B`, `\u202E` or `\U000E0001` in the place of line ends, controls, bidirectional and
        zero-width characters, blanks other than the space, unassigned and private characters, and of bytes that are
        not UTF-8 (`\x80`).
    """

    def shown(found: re.Match[str]) -> str:
        character = found[0]
        return _escape(character) if character not in keep and _hidden(character) else character

    return _NOT_PLAIN.sub(shown, text)


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or bool(_INVISIBLE.match(character))


def _escape(character: str) -> str:
    if named := _NAMED.get(character):
        return named
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - a byte that is not UTF-8, as surrogateescape keeps it
        return f"\\x{code - 0xDC00:02X}"
    if code < 0x100:  # noqa: PLR2004 - what `\x` can write
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - what `\u` can write
