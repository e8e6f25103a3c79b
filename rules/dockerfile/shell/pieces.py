"""Reads one word of shell code in pieces: quotes, escapes, expansions, substitutions."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

from rules.dockerfile.shell.skip import closing_end, is_arithmetic

if TYPE_CHECKING:
    from rules.dockerfile.shell.blocks import Collected
    from rules.dockerfile.shell.words import ShellText, ShellWord

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
_CONTINUATION = re.compile(r"\\\r?\n")
_ANSI_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_ANSI = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}
_OPENING = re.compile(r"\$[({\[]|`|[<>]\(|\(")
_SUBSTITUTION = re.compile(r"\\.|\$\(|`|[<>]\(", re.DOTALL)
_BACKTICK_ESCAPE = re.compile(r"\\[\\`$]")

Pieces = list[tuple[str, int]]


class PieceReader:
    """Reads words of one text piece by piece.

    Args:
        text: The code.
        collected: Counts the steps.

    Attributes:
        substitutions: Start and end of every `$(…)`, `<(…)` and backticks in what was read, until taken.
        faults: Start and end of what is no shell: unclosed quotes and brackets.
    """

    def __init__(self, text: ShellText, collected: Collected) -> None:
        self.text = text
        self.substitutions: list[tuple[int, int]] = []
        self.faults: list[tuple[int, int]] = []
        self._out = collected

    def pieces_at(self, pos: int) -> tuple[Pieces, bool, int]:
        """Read one word.

        Returns:
            The parts of its value, each with the index of its first character in the view (a part's characters
            stand side by side there; an escaped one stands at its backslash); whether it is literal; the index
            behind the word.
        """
        view = self.text.view
        size = len(view)
        pieces: Pieces = []
        literal = True
        while pos < size:
            self._out.step()
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
                pieces.append((match.group(kind), match.start() if kind == 5 else start))  # noqa: PLR2004 - the same
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
        as_written = all(text.view.startswith(part, at) for part, at in pieces)
        if beside and as_written and text.places is None:
            view = text.view[first : pieces[-1][1] + len(pieces[-1][0])]
            return text._replace(view=view, offset=text.offset + first)
        places = [text.place(at + index) for part, at in pieces for index in range(len(part))]
        places.append(text.place(pieces[-1][1] + len(pieces[-1][0])))
        return text._replace(view="".join([part for part, _ in pieces]), offset=0, places=places)

    def substitution_text(self, start: int, end: int) -> ShellText:
        """Return the code inside a substitution, every character with its place in the file."""
        text = self.text
        view = text.view
        if view[start] != "`":
            return text.part(start + 2, end - 1)
        if "\\" not in view[start:end]:
            return text.part(start + 1, end - 1)
        pieces: Pieces = []
        at = start + 1
        for match in _BACKTICK_ESCAPE.finditer(view, at, end - 1):
            pieces += [(view[at : match.start()], at), (match.group()[1], match.start())]
            at = match.end()
        pieces.append((view[at : end - 1], at))
        places = [text.place(index + shift) for part, index in pieces for shift in range(len(part))]
        places.append(text.place(end - 1))
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
        opening = _OPENING.match(view, pos)
        if opening is not None and (char != "(" or self._opens_array(pos)):
            return self._across(pos, pieces), False
        if char == "$" and view[pos + 1 : pos + 2] == '"':
            return pos + 1, True
        if char in "$\\":
            pieces.append((char, pos))
            return pos + 1, True
        if char == "'":
            self.faults.append((pos, len(view)))
            pieces.append((view[pos + 1 :], pos + 1))
            return len(view), True
        return ~pos, True

    def _opens_array(self, pos: int) -> bool:
        """Tell whether a bracket opens the values of an array: `name=(…)`."""
        before = self.text.view[max(pos - 2, 0) : pos]
        return before[-1:] == "=" and (before[0].isalnum() or before[0] in "_+]")

    def _across(self, pos: int, pieces: Pieces) -> int:
        """Take a substitution, an expansion in braces or an array as it is; return the index behind it."""
        view, joined = self.text.view, self.text.joined
        end = closing_end(view, pos, joined=joined)
        if end is None:
            end = len(view)
            self.faults.append((pos, end))
        elif view[pos] in "`<>" or (view.startswith("$(", pos) and not is_arithmetic(view, pos, end)):
            self.substitutions.append((pos, end))
        else:
            self._search(pos + 2, end - 1)
        pieces.append((view[pos:end], pos))
        return end

    def _search(self, pos: int, end: int) -> None:
        """Find the substitutions inside an expansion, an arithmetic expression or an array."""
        view = self.text.view
        while (match := _SUBSTITUTION.search(view, pos, end)) is not None:
            pos = match.end()
            if match.group()[0] == "\\":
                continue
            closing = closing_end(view, match.start(), joined=self.text.joined)
            if closing is None:
                return
            if not is_arithmetic(view, match.start(), closing):
                self.substitutions.append((match.start(), closing))
                pos = closing

    def _string(self, pos: int, pieces: Pieces) -> tuple[int, bool]:
        """Read a double-quoted string from behind its opening quote."""
        view = self.text.view
        size = len(view)
        start, literal = pos - 1, True
        while pos < size:
            self._out.step()
            match = _IN_QUOTES.match(view, pos)
            if match is not None:
                kind = match.lastindex
                assert kind is not None  # every alternative is a group
                if kind != 2 or match.group(2)[-1] != "\n":  # noqa: PLR2004 - the group's number, explained above
                    pieces.append((match.group(kind), match.start()))
                literal = literal and kind != 4  # noqa: PLR2004 - the same
                pos = match.end()
            elif view[pos] == '"':
                if not pieces:
                    pieces.append(("", pos))
                return pos + 1, literal
            elif _OPENING.match(view, pos):
                pos, literal = self._across(pos, pieces), False
            else:
                pieces.append((view[pos], pos))
                pos += 1
        self.faults.append((start, size))
        return pos, literal


def _ansi(match: re.Match[str]) -> str:
    """Decode one escape of `$'…'`."""
    code = match.group(1)
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8))
    return _ANSI.get(code, code)
