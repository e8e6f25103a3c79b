"""The wildcards of `${name#pattern}`, `${name%pattern}` and `${name/pattern/text}` in a Dockerfile.

As in BuildKit: `*` is any text, `?` one character, a backslash makes either literal; there are no brackets.
Neither wildcard matches a line feed.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LONGEST_VALUE = 4096
_LONGEST_PATTERN = 256
_STAR = "[^\n]*"
_ANY = "[^\n]"
_TOKEN = re.compile(r"\\(.)|\\$|(.)", re.DOTALL)
_GO_TEMPLATE = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))", re.ASCII)


class PatternError(ValueError):
    """A pattern that BuildKit refuses, or one whose matching would take too long."""


def trim_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """Cut the shortest or longest match of a pattern from the front, as `${name#p}` and `${name##p}` do."""
    _check_size(value, pattern)
    found = _compiled(pattern, longest=longest).match(value)
    return value[found.end() :] if found else value


def trim_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """Cut the shortest or longest match of a pattern from the back, as `${name%p}` and `${name%%p}` do."""
    _check_size(value, pattern)
    found = _compiled(pattern, longest=longest, backwards=True).match(value[::-1])
    return value[: len(value) - found.end()] if found else value


def replace_first(value: str, pattern: str, text: str) -> str:
    """Replace the first match of a pattern, as `${name/p/text}` does."""
    _check_size(value, pattern)
    found = _compiled(pattern, longest=True).search(value)
    return value[: found.start()] + text + value[found.end() :] if found else value


def replace_all(value: str, pattern: str, text: str) -> str:
    """Replace every match of a pattern, as `${name//p/text}` does.

    BuildKit hands the text to Go's `ReplaceAllString`, where `$0` is the match, `$$` a dollar and any other
    `$name` empty; and where an empty match right behind another match does not count.
    """
    _check_size(value, pattern)
    parts: list[str] = []
    end = 0
    for found in _compiled(pattern, longest=True).finditer(value):
        if found.end() == found.start() == end and end > 0:
            continue
        parts += value[end : found.start()], _filled(text, found.group())
        end = found.end()
    return "".join([*parts, value[end:]])


def _filled(template: str, match: str) -> str:
    def fill(found: re.Match[str]) -> str:
        if found[3]:
            return "$"
        return match if (found[1] or found[2]) == "0" else ""

    return _GO_TEMPLATE.sub(fill, template)


def _check_size(value: str, pattern: str) -> None:
    if len(value) > _LONGEST_VALUE or len(pattern) > _LONGEST_PATTERN:
        msg = "too long to match"
        raise PatternError(msg)


@lru_cache(maxsize=256)
def _compiled(pattern: str, *, longest: bool, backwards: bool = False) -> re.Pattern[str]:
    """Translate a pattern so that it cannot backtrack over more than one star.

    Between two stars the earliest match is as good as any later one, so all but the last star are atomic.
    """
    tokens = _tokens(pattern)
    segments: list[list[str]] = [[]]
    for token in reversed(tokens) if backwards else tokens:
        if token is _STAR:
            segments.append([])
        else:
            segments[-1].append(token)
    first, *rest = ["".join(segment) for segment in segments]
    if not rest:
        return re.compile(first)
    middle = "".join(f"(?>{_STAR}?{segment})" for segment in rest[:-1])
    return re.compile(f"{first}{middle}{_STAR}{'' if longest else '?'}{rest[-1]}")


def _tokens(pattern: str) -> list[str]:
    tokens: list[str] = []
    for found in _TOKEN.finditer(pattern):
        escaped, plain = found[1], found[2]
        if plain == "*":
            tokens.append(_STAR)
        elif plain == "?":
            tokens.append(_ANY)
        elif plain is not None:
            tokens.append(re.escape(plain))
        elif escaped is not None and escaped in "*?\\}/":
            tokens.append(re.escape(escaped))
        else:
            msg = f"invalid escape '\\{escaped or ''}'"
            raise PatternError(msg)
    return tokens
