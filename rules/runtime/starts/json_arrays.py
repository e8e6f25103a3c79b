"""What was meant for a JSON array and is none."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rules.api import Instruction

_TOKEN = re.compile(
    r"""(?P<blank>\s+)|(?P<comma>,|;(?=\s*["'“”]))|(?P<close>\])|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'"""
    r"""|[“”](?P<curly>[^“”]*)[“”]|(?P<open>["'].*)|(?P<bare>[^\s,\]"'“”]+|.)""",
    re.DOTALL,
)

OPEN_QUOTE = "a quote in it does not close"
"""The fault of an array in which that is so."""
NOT_CLOSED = "it has no closing bracket"
"""The fault of an array without one."""
TEXT_BEHIND = "more stands behind its closing bracket"
"""The fault of what would be an array but for that."""
TEXT_BEHIND_ARRAY = "text behind"
"""The same of what the builder takes for an array, and drops the text or not; for no sentence."""

_ESCAPED = re.compile(r'\s*\\"')
"""A quote as JSON has it inside a string, where the array was taken out of one: `[\\"node\\"]`."""
_TESTS = re.compile(r"(?:!|==?|!=|=~|<|>|-[a-zA-Z]|-(?:eq|ne|lt|gt|le|ge|nt|ot|ef))\Z")
_SHELL_OPERATOR = re.compile(r"\s*(?:&&|\|\||[;|&])")


_MARKS = re.compile(r"""[\s"'“”,;\[\]\\]+""")


def letters(value: str) -> str:
    """Return a value without blanks and the marks that make it an array."""
    return _MARKS.sub("", value)


class Attempt(NamedTuple):
    """A value that was meant for an array.

    Attributes:
        start: Where in the instruction's value the bracket stands.
        items: What the strings were meant to be; empty where that is not plain.
        fault: Why it is no array, a clause: "it has no closing bracket"; or `TEXT_BEHIND_ARRAY`.
        rest: What stands behind the closing bracket.
    """

    start: int
    items: tuple[str, ...]
    fault: str
    rest: str


class _Read(NamedTuple):
    """A value read leniently.

    Attributes:
        kinds: The kind of every token that is no blank: `comma`, `double`, `single`, `curly`, `bare`; `open` for a
            quote that does not close, and all that follows it.
        texts: Their texts, quotes taken off.
        closed: Whether a closing bracket came.
        rest: What stands behind it.
        tight: Whether the first token touches the bracket.
    """

    kinds: tuple[str, ...]
    texts: tuple[str, ...]
    closed: bool
    rest: str
    tight: bool


def attempt(instruction: Instruction, *, powershell: bool, was_array: bool = False) -> Attempt | None:
    """Return what is wrong with an instruction's array; `None` when it is right, or is no array at all.

    Args:
        instruction: The instruction.
        powershell: Whether a shell reads it that has brackets of its own.
        was_array: Whether the very same words were an array before the change.
    """
    value = instruction.value
    start = len(value) - len(value.partition("[")[2]) - 1
    head = value[:start].strip()
    if start < 0 or (head and not (instruction.keyword == "HEALTHCHECK" and head.upper() == "CMD")):
        return None
    escaped = _ESCAPED.match(value, start + 1) is not None
    read = _read(value[start + 1 :].replace('\\"', '"') if escaped else value[start + 1 :])
    if instruction.exec_form is not None:
        rest = read.rest.strip()
        return Attempt(start, (), TEXT_BEHIND_ARRAY, rest) if rest else None
    if powershell or not ((was_array and read.kinds) or _is_meant(instruction.keyword, read)):
        return None
    tokens = () if _is_torn(read) else zip(read.kinds, read.texts, strict=True)
    items = tuple(_decoded(kind, text) for kind, text in tokens if kind != "comma")
    return Attempt(start, items, "its quotes have backslashes" if escaped else _fault(read), read.rest.strip())


def _read(text: str) -> _Read:
    kinds: list[str] = []
    texts: list[str] = []
    tight = bool(text) and not text[0].isspace()
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "bare"
        if kind == "close":
            return _Read(tuple(kinds), tuple(texts), True, text[match.end() :], tight)  # noqa: FBT003 - a field of a tuple
        if kind != "blank":
            kinds.append(kind)
            texts.append(match[kind])
    return _Read(tuple(kinds), tuple(texts), False, "", tight)  # noqa: FBT003 - the same


def _is_meant(keyword: str, read: _Read) -> bool:
    """Tell an array from the shell's test `[ "$x" = y ]`, from `[[`, from a glob, from a class name in brackets."""
    if not read.kinds or read.rest.startswith(("]", "::", "*", "/", ".")) or read.texts[0].startswith("["):
        return False
    quoted_first = read.kinds[0] in ("double", "single", "curly")
    if read.tight and (quoted_first or (read.kinds[0] == "open" and keyword != "RUN")):
        return True
    if any(kind == "bare" and _TESTS.match(text) for kind, text in zip(read.kinds, read.texts, strict=True)):
        return _has_commas(read) and "comma" in read.kinds[1:2]
    if _has_commas(read):
        return True
    if keyword == "RUN" or _SHELL_OPERATOR.match(read.rest):
        return False
    return read.closed and not read.rest.strip()


def _has_commas(read: _Read) -> bool:
    return "comma" in read.kinds


def _is_torn(read: _Read) -> bool:
    """Whether quotes inside strings tear them, as in `["sh", "-c", "echo "hi""]`: nobody knows what was meant."""
    return "open" in read.kinds or (
        "bare" in read.kinds and _has_commas(read) and any("comma" not in pair for pair in pairwise(read.kinds))
    )


def _fault(read: _Read) -> str:
    kinds = read.kinds
    neighbours = tuple(pairwise(kinds))
    faults = (
        ("open" in kinds, OPEN_QUOTE),
        ("single" in kinds, "its strings have single quotes"),
        ("curly" in kinds, "its quotes are typographic ones"),
        (";" in read.texts, "semicolons stand between its strings"),
        ("bare" in kinds, "not every word has double quotes"),
        (not read.closed, NOT_CLOSED),
        (kinds[-1] == "comma", "a comma stands before its closing bracket"),
        (any("comma" not in pair for pair in neighbours), "a comma is missing between two strings"),
        (kinds[0] == "comma" or ("comma", "comma") in neighbours, "it has a comma too many"),
        (bool(read.rest.strip()), TEXT_BEHIND),
    )
    known = next((text for holds, text in faults if holds), None)
    return known or "a string in it holds a backslash that JSON does not know"


def _decoded(kind: str, text: str) -> str:
    """Return what a string was meant to be; a backslash that JSON does not know is taken for itself."""
    if kind == "double":
        return re.sub(r'\\(["\\/])', r"\1", text)
    return text
