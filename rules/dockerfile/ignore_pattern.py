"""One pattern of a `.dockerignore`, compiled as moby/patternmatcher compiles it.

`*` and `?` stop at a slash, `**` does not, `[a-z]` is a class, a backslash makes the next character literal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

Matcher = Callable[[str], bool]


class BadPatternError(ValueError):
    """A pattern that Docker refuses."""


class _Token(NamedTuple):
    """A piece of a pattern.

    Attributes:
        kind: `char` for a regular expression of one character, `star` for `*`, `deep` for `**` with a path behind it,
            `rest` for a final `**`.
        text: The regular expression.
    """

    kind: str
    text: str


_STAR = _Token("star", "[^/]*")
_ANY = _Token("char", "[^/]")
_DEEP = _Token("deep", "(?:.*/)?")
_REST = _Token("rest", ".*")
_NEVER = _Token("char", "(?!)")


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Matcher:
    """Compile a cleaned pattern, without its `!`.

    Raises:
        BadPatternError: Docker would fail with "syntax error in pattern".
    """
    if not pattern:
        raise BadPatternError('illegal exclusion pattern: "!"')
    tokens, kind = _tokens(pattern)
    if kind == "exact":
        return pattern.__eq__
    if kind == "prefix":
        prefix = pattern[:-2]
        return lambda path: path.startswith(prefix)
    if kind == "suffix":
        suffix = pattern[2:]
        return lambda path: path.endswith(suffix) or (suffix[:1] == "/" and path == suffix[1:])
    if _is_simple(tokens):
        matches = re.compile("".join(token.text for token in tokens), re.DOTALL).fullmatch
        return lambda path: matches(path) is not None
    return _Automaton(tokens).matches


def _tokens(pattern: str) -> tuple[list[_Token], str]:
    """Take a pattern apart.

    Returns:
        The tokens, and how moby matches them: `exact`, `prefix`, `suffix` or `tokens`.
    """
    tokens: list[_Token] = []
    kind = "exact"
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and pattern[at : at + 1] == "*":
            token, at, kind = _two_stars(pattern, at - 1, kind)
            tokens.append(token)
        elif char in "*?":
            tokens.append(_STAR if char == "*" else _ANY)
            kind = "tokens"
        elif char == "\\":
            if at >= len(pattern):
                raise BadPatternError(f"syntax error in pattern {pattern!r}: nothing behind the backslash")
            tokens.append(_Token("char", re.escape(pattern[at])))
            at += 1
            kind = "tokens"
        elif char == "[":
            token, at = _class(pattern, at)
            tokens.append(token)
            kind = "tokens"
        else:
            tokens.append(_Token("char", re.escape(char)))
            kind = "tokens" if char == "]" else kind
    if kind == "tokens" and "^" in pattern:
        tokens = _without_carets(tokens)
    return _squeezed(tokens), kind


def _squeezed(tokens: list[_Token]) -> list[_Token]:
    """Leave one of the wildcards that stand side by side and say the same: `*` behind `*` adds nothing to it."""
    return [
        token
        for index, token in enumerate(tokens)
        if not index or token not in (_STAR, _DEEP) or token != tokens[index - 1]
    ]


def _two_stars(pattern: str, start: int, kind: str) -> tuple[_Token, int, str]:
    """Read `**` and a slash behind it; return its token, the index behind, and how moby matches the pattern now."""
    end = start + (3 if pattern[start + 2 : start + 3] == "/" else 2)
    final = end >= len(pattern)
    kind = "suffix" if start == 0 else "prefix" if final and kind == "exact" else "tokens"
    return _REST if final else _DEEP, end, kind


def _without_carets(tokens: list[_Token]) -> list[_Token]:
    """Treat a caret as moby's regular expression does: an anchor, which holds nowhere but at the start."""
    caret = _Token("char", re.escape("^"))
    start = next((index for index, token in enumerate(tokens) if token != caret), len(tokens))
    return [_NEVER if token == caret else token for token in tokens[start:]]


def _class(pattern: str, at: int) -> tuple[_Token, int]:
    """Read a character class behind its bracket, by the grammar of Go's `filepath.Match`."""
    negated = pattern[at : at + 1] == "^"
    at += negated
    ranges: list[str] = []
    while not (ranges and pattern[at : at + 1] == "]"):
        low, at = _class_character(pattern, at)
        high = low
        if pattern[at : at + 1] == "-":
            high, at = _class_character(pattern, at + 1)
        if high < low:
            raise BadPatternError(f"syntax error in pattern {pattern!r}: the range {low}-{high} is empty")
        ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    return _Token("char", f"[{'^' if negated else ''}{''.join(ranges)}]"), at + 1


def _class_character(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at : at + 1] == "\\":
        at += 1
    elif pattern[at : at + 1] in {"-", "]"}:
        raise BadPatternError(f"syntax error in pattern {pattern!r}: {pattern[at]!r} in a class")
    if at >= len(pattern):
        raise BadPatternError(f"syntax error in pattern {pattern!r}: the class does not end")
    return pattern[at], at + 1


def _is_simple(tokens: list[_Token]) -> bool:
    """Tell whether a backtracking matcher is fast: one `**` at most, and one `*` between two slashes."""
    deep = stars = 0
    for token in tokens:
        if token.kind == "deep":
            deep += 1
        elif token.kind == "star":
            stars += 1
        if token.text == "/" or token.kind == "deep":
            stars = 0
        if deep > 1 or stars > 1 or (token.text.startswith("[^") and token is not _ANY and token is not _STAR):
            return False
    return True


class _Automaton:
    """Matches tokens in one pass, whatever their number: bit i says that the tokens before i have matched."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._accepting = 1 << len(tokens)
        self._singles = [
            (1 << index, re.compile(token.text, re.DOTALL).fullmatch)
            for index, token in enumerate(tokens)
            if token.kind == "char"
        ]
        self._stars = self._bits(tokens, "star")
        self._deep = self._bits(tokens, "deep")
        self._rest = self._bits(tokens, "rest")
        self._by_char: dict[str, int] = {}

    @staticmethod
    def _bits(tokens: list[_Token], kind: str) -> int:
        return sum(1 << index for index, token in enumerate(tokens) if token.kind == kind)

    def matches(self, path: str) -> bool:
        """Tell whether a whole path matches."""
        states, inside = self._skipping(1), 0  # inside a `**/`, which ends behind a slash and nowhere else
        for char in path:
            singles = self._by_char.get(char)
            if singles is None:
                singles = sum(bit for bit, matches in self._singles if matches(char))
                self._by_char[char] = singles
            inside |= states & self._deep
            following = (states & singles) << 1 | states & self._rest
            following |= inside << 1 if char == "/" else states & self._stars
            states = self._skipping(following)
        return bool(states & self._accepting)

    def _skipping(self, states: int) -> int:
        """Add the states reached by matching nothing with a wildcard."""
        wild = self._stars | self._deep | self._rest
        while added := (states & wild) << 1 & ~states:
            states |= added
        return states
