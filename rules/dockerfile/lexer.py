"""BuildKit's shell lexer: one word of an instruction, read once.

`rules.dockerfile.expand` is the way in.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile import pattern as wildcard
from rules.dockerfile.unknown import NOT_GIVEN, UNKNOWN, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rules.dockerfile.shell.collected_words import Words

    Lookup = Callable[[str], str | Unknown | None]
    """Gives a variable's value, `None` where it is not set, `UNKNOWN` or `NOT_GIVEN` where only the build knows it."""


class Variable(NamedTuple):
    """One use of a variable in a word.

    Attributes:
        name: The variable's name, without dollar and braces.
        start: Offset of the dollar in the word.
        end: Offset behind the name or the closing brace.
        modifier: Empty for `$x` and `${x}`; else `-`, `:-`, `+`, `:+`, `?`,
            `:?`, `#`, `##`, `%`, `%%`, `/` or `//`.
    """

    name: str
    start: int
    end: int
    modifier: str


class ExpansionError(Exception):
    """BuildKit refuses the word, with these words."""


_DEEPEST = 50
"""Expansions inside expansions that are followed; nobody writes ten."""

_LEAST_ROOM, _GROWTH = 5_000, 100
"""Characters that the values in one word may have together: so many, or so many for each of its own.

Without this, forty lines like `ENV B=$A$A` would fill any memory.
"""

_SPECIAL_PARAMETERS = frozenset("@*#?-$!")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""How nearly all names are; BuildKit takes letters of other scripts as well."""
_MODIFIERS = frozenset({"-", ":-", "+", ":+", "?", ":?", "#", ":#", "%", ":%", "/", "//"})


@lru_cache(maxsize=16)
def _run_without(stops: str) -> re.Pattern[str]:
    return re.compile(f"[^{re.escape(stops)}]+")


def _joined(parts: Iterable[str | None]) -> str | None:
    known: list[str] = []
    for part in parts:
        if part is None:
            return None
        known.append(part)
    return "".join(known)


class Lexer:
    """One pass over one word. Texts are `None` where they are unknown.

    Attributes:
        variables: What has been read so far.
        at: Offset in the word of what is read next; behind an `ExpansionError`, of what follows the fault.
    """

    def __init__(self, word: str, lookup: Lookup, escape: str) -> None:
        self.variables: list[Variable] = []
        self._word = word
        self._lookup = lookup
        self._escape = escape
        self.at = 0
        self._depth = 0
        self._room = max(_LEAST_ROOM, _GROWTH * len(word))

    def _peek(self) -> str:
        return self._word[self.at : self.at + 1]

    def _next(self) -> str:
        char = self._word[self.at : self.at + 1]
        self.at += 1
        return char

    def text_until(self, stop: str, *, raw: bool = False, words: Words | None = None) -> str | None:
        """Read up to a stop character or the end.

        Args:
            stop: The character that ends the text, or the empty string for the end of the word.
            raw: Keep escape characters: the text is a pattern and reads them itself.
            words: Collects the words of an outermost text.
        """
        plain = _run_without("$'\"" + self._escape + stop)
        parts: list[str | None] = []
        while char := self._peek():
            if char == stop:
                self.at += 1
                return _joined(parts)
            splits = char == "$"
            match char:
                case "$":
                    text = self._dollar()
                case "'":
                    text = self._single_quoted()
                case '"':
                    text = self._double_quoted(raw=raw)
                case self._escape:
                    text = self._escaped(raw=raw)
                case _:
                    splits = True
                    text = self._run(plain)
            parts.append(text)
            if words is not None and text is not None:
                (words.add if splits else words.add_quoted)(text)
        if stop:
            raise ExpansionError(f"syntax error: missing '{stop}'" + (" in ${}" if stop == "/" else ""))
        return _joined(parts)

    def _escaped(self, *, raw: bool) -> str:
        self.at += 1
        return (self._escape if raw else "") + self._next()

    def _single_quoted(self) -> str:
        end = self._word.find("'", self.at + 1)
        if end < 0:
            raise ExpansionError("unexpected end of statement while looking for matching single-quote")
        text = self._word[self.at + 1 : end]
        self.at = end + 1
        return text

    def _run(self, plain: re.Pattern[str]) -> str:
        found = plain.match(self._word, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def _double_quoted(self, *, raw: bool) -> str | None:
        self.at += 1
        plain = _run_without('"$' + self._escape)
        parts: list[str | None] = []
        while True:
            parts.append(self._run(plain))
            match self._peek():
                case "":
                    raise ExpansionError("unexpected end of statement while looking for matching double-quote")
                case '"':
                    self.at += 1
                    return _joined(parts)
                case "$":
                    parts.append(self._dollar())
                case backslash:
                    self.at += 1
                    parts.append(backslash if raw else "")
                    parts.append(self._next() if self._peek() in {'"', "$", backslash} else backslash)

    def _dollar(self) -> str | None:
        start = self.at
        self.at += 1
        if self._peek() == "{":
            self.at += 1
            return self._braced(start)
        name = self._name()
        if not name:
            return "$"
        return _plain(self._value(name, start, ""))

    def _name(self) -> str:
        """Read letters, digits and underscores; only digits if a digit comes first; or one special sign."""
        start = self.at
        plain = _PLAIN_NAME.match(self._word, start)
        if plain is not None:
            self.at = plain.end()
        char = self._peek()
        if plain is None and char in _SPECIAL_PARAMETERS:
            self.at += 1
        elif plain is None and char.isdecimal():
            while self._peek().isdecimal():
                self.at += 1
        else:
            while (char := self._peek()) == "_" or char.isalpha() or char.isdecimal():
                self.at += 1
        return self._word[start : self.at]

    def _braced(self, start: int) -> str | None:
        """Read on behind `${`."""
        if (char := self._peek()) in {"", "{", "}", ":"}:
            raise ExpansionError("syntax error: " + ("bad substitution" if char else "missing '}'"))
        name = self._name()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpansionError("expansions are nested too deeply")
        modifier = self._modifier()
        match modifier:
            case "":
                text = _plain(self._value(name, start, ""))
            case "/" | "//":
                text = self._replaced(name, start, modifier)
            case "#" | ":#" | "%" | ":%":
                text = self._trimmed(name, start, modifier)
            case _:
                text = self._chosen(name, start, modifier)
        self._depth -= 1
        return text

    def _modifier(self) -> str:
        """Read the sign behind the name; the closing brace is the empty string."""
        char = self._next()
        if char == "}":
            return ""
        if char == ":" or (char == "/" and self._peek() == "/"):
            char += self._next()
        if char in _MODIFIERS:
            return char
        raise ExpansionError(f"unsupported modifier ({char}) in substitution")

    def _value(self, name: str, start: int, modifier: str) -> str | Unknown | None:
        self.variables.append(Variable(name, start, self.at, modifier))
        value = self._lookup(name)
        return UNKNOWN if isinstance(value, str) and not self._fits(len(value)) else value

    def _fits(self, length: int) -> bool:
        """Tell whether there is room for a text that is put in, and take it."""
        self._room -= length
        return self._room >= 0

    def _chosen(self, name: str, start: int, modifier: str) -> str | None:
        """`${x:-word}`, `${x:+word}` and `${x:?word}`, with and without the colon."""
        word = self.text_until("}")
        value = self._value(name, start, modifier)
        choice = modifier[-1]
        if isinstance(value, Unknown):
            if value is NOT_GIVEN and choice == "-":
                return word
            return "" if choice == "+" and word == "" else None
        lacking = value is None or (value == "" and modifier[0] == ":")
        if choice == "-":
            return word if lacking else value
        if choice == "+":
            return "" if lacking else word
        if lacking:
            reason = word or f"is not allowed to be {'unset' if value is None else 'empty'}"
            raise ExpansionError(f"{name}: {reason}")
        return value

    def _trimmed(self, name: str, start: int, modifier: str) -> str | None:
        """`${x#pattern}`, `${x##pattern}`, `${x%pattern}` and `${x%%pattern}`."""
        sign = modifier[-1]
        pattern = self.text_until("}", raw=True)
        longest = pattern is not None and pattern.startswith(sign)
        value = _plain(self._value(name, start, sign * 2 if longest else sign))
        if pattern is None or value is None:
            return None
        trim = wildcard.trim_prefix if sign == "#" else wildcard.trim_suffix
        try:
            return trim(value, pattern.removeprefix(sign), longest=longest)
        except wildcard.PatternError as error:
            raise ExpansionError(f"invalid pattern ({pattern}) in substitution: {error}") from error

    def _replaced(self, name: str, start: int, modifier: str) -> str | None:
        """`${x/pattern/text}` and `${x//pattern/text}`."""
        pattern = self.text_until("/", raw=True)
        text = self.text_until("}", raw=True)
        value = _plain(self._value(name, start, modifier))
        if pattern is None or text is None or value is None or not self._fits((len(value) + 1) * max(0, len(text) - 1)):
            return None
        replace = wildcard.replace_first if modifier == "/" else wildcard.replace_all
        try:
            return replace(value, pattern, text)
        except wildcard.PatternError as error:
            raise ExpansionError(f"invalid pattern ({pattern}) in substitution: {error}") from error


def _plain(value: str | Unknown | None) -> str | None:
    """Turn a looked-up value into a text: what is not set is empty, what is unknown is `None`."""
    if value is None:
        return ""
    return None if isinstance(value, Unknown) else value
