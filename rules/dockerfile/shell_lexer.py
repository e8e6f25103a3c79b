"""Cuts one shell command into words and redirections.

The grammar says where a command begins (see `shell_tree`); its words are cut from the text here, because the grammar
loses escapes, splits words at line continuations and takes words behind a redirection for part of it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell_words import Redirect, ShellText, ShellWord

if TYPE_CHECKING:
    from collections.abc import Mapping


class Scan(NamedTuple):
    """One simple command as cut from the text.

    Attributes:
        words: Its words, assignments and wrappers included.
        redirects: Its redirections.
        stop: Index in the view where it ends: at an operator or the end.
        operator: The operator that stands there; empty at the end and at a closing parenthesis.
    """

    words: list[ShellWord]
    redirects: list[Redirect]
    stop: int
    operator: str


# Words without anything special in them, as many as there are, and what follows. Groups: 1 the words, 2 what ends the
# command, 3 and 4 descriptor and operator of a redirection.
_TOKEN = re.compile(
    r"""((?:
        (?:[ \t\r]|\\\n)*+
        [!%+,\-./0-9:=@A-Z\]^_a-z{}~]
        [!%+,\-./0-9:=@A-Z\]^_a-z{}~\#]*+
        (?=[ \t\r\n;&|)]|\Z)
    )*+)
    (?:[ \t\r]|\\\r?\n)*+
    (?: (\Z|\n|;;&|;;|;&|;|&&|&(?!>)|\|\||\|&|\||\)|\#)
      | ([0-9]*)(&>>|&>|<<<|<>|<&|>&|>>|>\||[<>](?!\())
    )?""",
    re.VERBOSE,
)
# A word that is one piece, as most are. Groups: 1 plain, 2 in single quotes, 3 in double quotes, all without anything
# special; 4 in double quotes with simple variables, 5 bare with simple variables or globs.
_ONE_PIECE = re.compile(
    r"""(?: ([^ \t\r\n'"\\$`;&|<>()*?\[]++)
      | '([^'\\]*+)'
      | "([^"\\$`]*+)"
      | "((?:[^"\\$`]|\$(?:[A-Za-z_][A-Za-z0-9_]*+|\{[A-Za-z_][A-Za-z0-9_]*+\}))*+)"
      | ((?:[^ \t\r\n'"\\$`;&|<>()]|\$(?:[A-Za-z_][A-Za-z0-9_]*+|\{[A-Za-z_][A-Za-z0-9_]*+\}))++)
    )(?=[ \t\r\n;&|)]|\Z)""",
    re.VERBOSE,
)
# Groups: 1 plain, 2 glob, 3 in single quotes, 4 in double quotes without expansion, 5 escaped, 6 variable, 7 $'…'.
_PIECE = re.compile(
    r"""([^ \t\r\n'"\\$`;&|<>()*?\[]+)
      | ([*?\[])
      | '([^']*)'
      | "([^"\\$`]*)"
      | \\(\r?\n|.)
      | (\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*\#?$!-]))
      | \$'((?:[^'\\]|\\.)*+)'""",
    re.VERBOSE | re.DOTALL,
)
# Inside double quotes. Groups: 1 plain, 2 escape that counts, 3 other backslash, 4 variable.
_IN_QUOTES = re.compile(
    r"""([^"\\$`]+)
      | \\(\r?\n|["\\$`])
      | (\\)
      | (\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*\#?$!-]))""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"(?:[ \t\r]|\\\r?\n)*")
_CONTINUATION = re.compile(r"\\\r?\n")
_ANSI_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_ANSI = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}

_BLANK = frozenset(" \t\r\\")
_NO_TARGET = frozenset(["", *"\n;&|<>)#"])

Pieces = list[tuple[str, int]]


class Lexer:
    """Cuts commands from one shell text.

    Args:
        text: The code.
        holes: Start and end of every substitution, expansion in braces and array in the view, from the grammar.

    Attributes:
        text: The code.
        crossed: Whether the last command runs across a hole.
    """

    def __init__(self, text: ShellText, holes: Mapping[int, int]) -> None:
        self.text = text
        self._holes = holes
        self.crossed = False

    def command_at(self, pos: int, until: int = 0) -> Scan:
        """Read words and redirects from an index of the view up to the operator that ends the command.

        Args:
            pos: Where the command begins.
            until: Operators before this index are words (`[[ a && b ]]`).
        """
        view, holes = self.text.view, self._holes
        words: list[ShellWord] = []
        redirects: list[Redirect] = []
        self.crossed = False
        token = _TOKEN.match
        while True:
            match = token(view, pos)
            assert match is not None  # every part of the pattern may be empty
            plain, ending, _, redirect = match.groups()
            if plain:
                self._plain(plain, pos, words)
            if ending is not None:
                pos = match.start(2)
                if pos >= until:
                    return self._scan(words, redirects, pos, ending)
                pos = self._operator_word(pos, match.end(), words)
            elif redirect is None:
                pos = match.end()
                if view[pos] == "`" and pos not in holes:  # the end of the substitution we are in
                    return self._scan(words, redirects, pos, "")
                pos = self._complex_word(pos, words)
            elif match.start(4) < until:
                pos = self._operator_word(match.start(3), match.end(), words)
            else:
                pos = self._redirect(match, redirects)

    def _plain(self, run: str, pos: int, words: list[ShellWord]) -> None:
        """Add words without anything special in them."""
        text = self.text
        index, offset, source = text.view.index, text.offset, text.source
        new, append = tuple.__new__, words.append  # the constructor's own call, without its detour
        for word in (run.replace("\\\n", "  ") if "\\" in run else run).split():
            start = index(word, pos)
            pos = start + len(word)
            append(new(ShellWord, (word, word, True, offset + start, offset + pos, source)))

    def pieces_at(self, pos: int) -> tuple[Pieces, bool, int]:
        """Read one word.

        Returns:
            The parts of its value, each with the index of its first character in the view (a part's characters
            stand side by side there); whether it is literal; the index behind the word.
        """
        view = self.text.view
        size = len(view)
        pieces: Pieces = []
        literal = True
        while pos < size:
            match = _PIECE.match(view, pos)
            if match is None:
                pos, plain = self._special(pos, pieces)
                if pos < 0:
                    return pieces, literal, ~pos
                literal = literal and plain
                continue
            kind = match.lastindex
            assert kind is not None  # every alternative is a group
            start = match.start(kind)
            if kind in {3, 4} and "\\" in match.group(kind):
                self._quoted_text(match.group(kind), start, pieces)
            elif kind == 7:  # noqa: PLR2004 - the group's number, explained at the pattern
                pieces.append((_ANSI_ESCAPE.sub(_ansi, match.group(7)), start))
            elif kind != 5 or match.group(5)[-1] != "\n":  # noqa: PLR2004 - the same
                pieces.append((match.group(kind), start))
            literal = literal and kind not in {2, 6}
            pos = match.end()
        return pieces, literal, pos

    def script_at(self, word: ShellWord) -> ShellText:
        """Return the value of a word of this text as shell code, every character with its place in the file."""
        text = self.text
        index = word.start - text.offset if text.places is None else bisect_left(text.places, word.start)
        pieces, _, _ = self.pieces_at(index)
        pieces = [piece for piece in pieces if piece[0]] or [("", index + 1)]
        first = pieces[0][1]
        beside = all(at + len(part) == after[1] for (part, at), after in pairwise(pieces))
        if beside and text.places is None:
            view = text.view[first : pieces[-1][1] + len(pieces[-1][0])]
            return text._replace(view=view, offset=text.offset + first)
        places = [text.place(at + index) for part, at in pieces for index in range(len(part))]
        places.append(text.place(pieces[-1][1] + len(pieces[-1][0])))
        return text._replace(view="".join([part for part, _ in pieces]), offset=0, places=places)

    def _quoted_text(self, quoted: str, start: int, pieces: Pieces) -> None:
        """Add single-quoted text, without the line continuations that the builder takes out."""
        if not self.text.joined:
            pieces.append((quoted, start))
            return
        at = 0
        for match in _CONTINUATION.finditer(quoted):
            pieces.append((quoted[at : match.start()], start + at))
            at = match.end()
        pieces.append((quoted[at:], start + at))

    def _special(self, pos: int, pieces: Pieces) -> tuple[int, bool]:
        """Read what the simple patterns do not: strings with expansions, substitutions, a lone `$`.

        Returns:
            The index behind it and whether it is literal; the complement of `pos` when the word ends here.
        """
        view = self.text.view
        char = view[pos]
        if char == '"':
            return self._string(pos + 1, pieces)
        end = self._holes.get(pos)
        if end is not None:
            self.crossed = True
            pieces.append((view[pos:end], pos))
            return end, False
        if char == "$" and view[pos + 1 : pos + 2] == '"':
            return pos + 1, True
        if char in "$\\":
            pieces.append((char, pos))
            return pos + 1, True
        if char == "'":
            pieces.append((view[pos + 1 :], pos + 1))
            return len(view), True
        return ~pos, True

    def _string(self, pos: int, pieces: Pieces) -> tuple[int, bool]:
        """Read a double-quoted string from behind its opening quote."""
        view = self.text.view
        size = len(view)
        literal = True
        while pos < size:
            match = _IN_QUOTES.match(view, pos)
            if match is not None:
                kind = match.lastindex
                assert kind is not None  # every alternative is a group
                if kind != 2 or match.group(2)[-1] != "\n":  # noqa: PLR2004 - the group's number, explained above
                    pieces.append((match.group(kind), match.start(kind)))
                literal = literal and kind != 4  # noqa: PLR2004 - the same
                pos = match.end()
            elif view[pos] == '"':
                if not pieces:
                    pieces.append(("", pos))
                return pos + 1, literal
            else:
                end = self._holes.get(pos, pos + 1)
                pieces.append((view[pos:end], pos))
                if end != pos + 1:
                    literal, self.crossed = False, True
                pos = end
        return pos, literal

    def _complex_word(self, pos: int, words: list[ShellWord]) -> int:
        """Read a word with quotes, escapes or expansions; an unexpected character is a word of its own."""
        text = self.text
        match = _ONE_PIECE.match(text.view, pos)
        if match is not None:
            end, kind = match.end(), match.lastindex or 0
            value, literal = match.group(kind), kind < 4  # noqa: PLR2004 - the group's number, explained above
        else:
            pieces, literal, end = self.pieces_at(pos)
            if end == pos:
                return self._operator_word(pos, pos + 1, words)
            value = "".join([piece for piece, _ in pieces])
            if not value and text.view[pos] == "\\":
                return end
        words.append(ShellWord(text.view[pos:end], value, literal, text.offset + pos, text.offset + end, text.source))
        return end

    def _operator_word(self, start: int, end: int, words: list[ShellWord]) -> int:
        """Take an operator for a word, as inside `[[ … ]]`."""
        text = self.text
        word = text.view[start:end].strip()
        if word:
            words.append(ShellWord(word, word, True, text.offset + start, text.offset + end, text.source))  # noqa: FBT003 - as above
        return max(end, start + 1)

    def _redirect(self, match: re.Match[str], redirects: list[Redirect]) -> int:
        """Read a redirect's target."""
        text = self.text
        pos = match.end()
        if text.view[pos : pos + 1] in _BLANK:
            blanks = _BLANKS.match(text.view, pos)
            assert blanks is not None  # it may be empty
            pos = blanks.end()
        found: list[ShellWord] = []
        if text.view[pos : pos + 1] not in _NO_TARGET or pos in self._holes:
            pos = self._complex_word(pos, found)
        start = match.start(3)
        fd = int(match.group(3)[:4]) if match.group(3) else None
        target = found[0] if found else None
        redirects.append(Redirect(match.group(4), target, fd, text.offset + start, text.offset + pos, text.source))
        return pos

    def _scan(self, words: list[ShellWord], redirects: list[Redirect], stop: int, operator: str) -> Scan:
        """Close a command at the operator that ends it."""
        if operator == "#":
            operator = "\n" if self.text.view.find("\n", stop) >= 0 else ""
        elif operator == ")":
            operator = ""
        if self.text.places is not None:
            words = [self._moved(word) for word in words]
            redirects = [self._moved_redirect(redirect) for redirect in redirects]
        return Scan(words, redirects, stop, operator)

    def _moved(self, word: ShellWord) -> ShellWord:
        """Put a word where its characters really stand."""
        offset, place = self.text.offset, self.text.place
        return word._replace(start=place(word.start - offset), end=place(word.end - offset))

    def _moved_redirect(self, redirect: Redirect) -> Redirect:
        """Put a redirect where its characters really stand."""
        offset, place = self.text.offset, self.text.place
        target = self._moved(redirect.target) if redirect.target else None
        return redirect._replace(target=target, start=place(redirect.start - offset), end=place(redirect.end - offset))


def _ansi(match: re.Match[str]) -> str:
    """Decode one escape of `$'…'`."""
    code = match.group(1)
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8))
    return _ANSI.get(code, code)
