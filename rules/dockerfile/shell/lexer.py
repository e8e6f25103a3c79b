"""Cuts one shell command into words and redirections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.pieces import PieceReader
from rules.dockerfile.shell.words import Redirect, ShellText, ShellWord

if TYPE_CHECKING:
    from rules.dockerfile.shell.blocks import Collected


class Scan(NamedTuple):
    """One simple command as cut from the text.

    Attributes:
        words: Its words, assignments and wrappers included.
        redirects: Its redirections.
        stop: Index in the view where it ends: at an operator or the end.
        operator: The operator that stands there; empty at the end.
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
_REDIRECT = re.compile(r"(?:[ \t\r]|\\\r?\n)*+()()([0-9]*)(&>>|&>|<<<|<>|<&|>&|>>|>\||[<>](?!\())")
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
_BLANKS = re.compile(r"(?:[ \t\r]|\\\r?\n)*")

_INLINE_COMMENT = re.compile(r"`#[^`]*`")
_BLANK = frozenset(" \t\r\\")
_NO_TARGET = frozenset(["", *"\n;&|<>)#"])


class Lexer:
    """Cuts commands from one shell text.

    Args:
        text: The code.
        collected: Counts the steps.

    Attributes:
        text: The code.
        pieces: Reads words that are not plain.
        substitutions: Start and end of every `$(…)`, `<(…)` and backticks in what was read, until taken.
        faults: Start and end of what is no shell: unclosed quotes and brackets, a bracket in the middle of a command.
    """

    def __init__(self, text: ShellText, collected: Collected) -> None:
        self.text = text
        self._out = collected
        self.pieces = PieceReader(text, collected)
        self.substitutions = self.pieces.substitutions
        self.faults = self.pieces.faults
        self._is_test = False

    def command_at(self, pos: int, until: int = 0) -> Scan:
        """Read words and redirects from an index of the view up to the operator that ends the command.

        Args:
            pos: Where the command begins.
            until: Operators before this index are words (`[[ a && b ]]`).

        Raises:
            TooMuchError: The text is too long to go on.
        """
        view = self.text.view
        words: list[ShellWord] = []
        redirects: list[Redirect] = []
        token = _TOKEN.match
        self._is_test = until > 0
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
                continue
            self._out.step()
            if redirect is None:
                pos = self._complex_word(match.end(), words)
            elif match.start(4) < until:
                pos = self._operator_word(match.start(3), match.end(), words)
            else:
                pos = self._redirect(match, redirects)

    def redirects_at(self, pos: int) -> tuple[list[Redirect], int]:
        """Read the redirections behind a group; return them and the index behind them."""
        redirects: list[Redirect] = []
        while match := _REDIRECT.match(self.text.view, pos):
            pos = self._redirect(match, redirects)
        if self.text.places is not None:
            redirects = [self._moved_redirect(redirect) for redirect in redirects]
        return redirects, pos

    def _plain(self, run: str, pos: int, words: list[ShellWord]) -> None:
        """Add words without anything special in them."""
        text = self.text
        index, offset, source = text.view.index, text.offset, text.source
        new, append = tuple.__new__, words.append  # the constructor's own call, without its detour
        found = (run.replace("\\\n", "  ") if "\\" in run else run).split()
        self._out.step(len(found) >> 3)  # these are cheap
        for word in found:
            start = index(word, pos)
            pos = start + len(word)
            append(new(ShellWord, (word, word, True, offset + start, offset + pos, source)))

    def _complex_word(self, pos: int, words: list[ShellWord]) -> int:
        """Read a word with quotes, escapes or expansions; an unexpected character is a word of its own."""
        text = self.text
        match = _ONE_PIECE.match(text.view, pos)
        if match is not None:
            end, kind = match.end(), match.lastindex or 0
            value, literal = match.group(kind), kind < 4  # noqa: PLR2004 - the group's number, explained above
        else:
            pieces, literal, end = self.pieces.pieces_at(pos)
            if end == pos:
                if not self._is_test:
                    self.faults.append((pos, pos + 1))
                return self._operator_word(pos, pos + 1, words)
            value = "".join([piece for piece, _ in pieces])
            if (not value and text.view[pos] == "\\") or _INLINE_COMMENT.fullmatch(value):
                return end
        stop = end
        while text.view.endswith("\\\n", pos, stop):
            stop -= 2  # a continuation glued to the word is none of it
        words.append(ShellWord(text.view[pos:stop], value, literal, text.offset + pos, text.offset + stop, text.source))
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
        if text.view[pos : pos + 1] not in _NO_TARGET or text.view[pos : pos + 2] in {"<(", ">("}:
            pos = self._complex_word(pos, found)
        else:
            self.faults.append((match.start(4), pos))
        start = match.start(3)
        fd = int(match.group(3)[:4]) if match.group(3) else None
        target = found[0] if found else None
        end = target.end if target is not None else text.offset + pos
        redirects.append(Redirect(match.group(4), target, fd, text.offset + start, end, text.source))
        return pos

    def _scan(self, words: list[ShellWord], redirects: list[Redirect], stop: int, operator: str) -> Scan:
        """Close a command at the operator that ends it."""
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
