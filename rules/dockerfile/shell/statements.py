"""Statements of the shell that begin with a reserved word: `if`, loops, `case`, functions, `[[`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.shell.constructs import word_constructs
from rules.dockerfile.shell.lexer import Lexer
from rules.dockerfile.shell.skip import closing_end

if TYPE_CHECKING:
    from rules.dockerfile.shell.parser import Parser

_BLANKS = re.compile(r"(?:[ \t\r\n]|\\\n)*+")
_GAP = r"(?:[ \t\r]|\\\r?\n)*+"
_FUNCTION = re.compile(rf"function{_GAP}([^\s(){{}};&|<>'\"$`\\]++)(?:{_GAP}\({_GAP}\))?")
_FOR = re.compile(
    rf"(?:for|select){_GAP}(?:([A-Za-z_]\w*+)(?:\s|\\\n)*+(?:(in)(?=[\s;&|\\])|(?=do[\s\\]|;|\{{))|(?=\(\())"
)
_CASE_END = re.compile(r"(?:\s|\\\n|\#[^\n]*+\n)*+(?:(esac)(?=[\s;&|()<>]|\Z)|\(?)")
_IN = re.compile(r"(?:\s|\\\n)*+in(?=[\s\\])")
_TEST_END = re.compile(r"\s\]\](?=[\s;&|)]|\Z)")
_OPENED_BY = {"}": "{", "done": "loop", "fi": "if", "esac": "case"}


class Statements:
    """Reads statements for a parser; each method returns where to go on."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._state = parser.state
        self._view = parser.view

    def behind_blanks(self, pos: int) -> int:
        """Return the index behind blanks, line ends and continuations."""
        match = _BLANKS.match(self._view, pos)
        return match.end() if match else pos

    def reserved(self, word: str, start: int, at: int) -> int:
        """Read a reserved word where a command might begin."""
        state = self._state
        match word:
            case "{":
                self._brace(start)
            case "}" | "done" | "fi" | "esac":
                return self._parser.close(_OPENED_BY[word], start, at)
            case "!":
                state.begin(start)
                state.block.negated = not state.block.negated
                state.needs = "!"
            case "if":
                state.open("if", start, "condition")
            case "while" | "until":
                state.open("loop", start, "condition")
            case "then" | "elif" | "else" | "do":
                self._branch(word, start, at)
            case _ if word.startswith("time"):  # in front of a block, which is Bash's; a program's is a wrapper
                state.begin(start)
                state.needs = word
            case _:
                return self._with_words(word, start, at)
        return at

    def _with_words(self, word: str, start: int, at: int) -> int:
        """Read a reserved word that words of its own follow."""
        match word:
            case "for" | "select":
                return self._for(word, start, at)
            case "case":
                return self._case(start, at)
            case "function":
                return self._function(start, at)
            case _:
                return self._test(start)

    def _brace(self, start: int) -> None:
        """`{`; behind the header of a `for` it stands for `do`."""
        block = self._state.block
        if block.kind == "loop" and block.phase == "header":
            block.kind, block.conditional = "{", True
            self._state.new_phase("body", "{")
        else:
            self._state.open("{", start)

    def _branch(self, word: str, start: int, at: int) -> None:
        """`then`, `elif`, `else`, `do`: the next part of an `if` or a loop."""
        state, block = self._state, self._state.block
        kind = "loop" if word == "do" else "if"
        phases = {"body"} if word in {"elif", "else"} else {"condition", "header"}
        if block.kind != kind or block.phase not in phases or state.needs:
            state.fault(start, at)
            return
        block.conditional = True
        state.new_phase("condition" if word == "elif" else "body", word)

    def _for(self, word: str, start: int, at: int) -> int:
        """`for name in words`, `for name`, `for ((…))`, up to `do`."""
        state, parser = self._state, self._parser
        match = _FOR.match(self._view, start)
        if match is None:
            state.fault(start, at)
            return at
        state.open("loop", start, "header")
        if word == "select":
            state.construct("select", start, at)
        pos = match.end()
        if match.group(1) is None:
            end = closing_end(self._view, pos, joined=state.text.joined)
            pos = end if end is not None else len(self._view)
            state.construct("c-style-for", start, pos)
        elif match.group(2):
            words, _, pos, _ = parser.lexer.command_at(pos)
            if state.out.watch:
                state.out.constructs += word_constructs(words, state.dialect)
            if parser.lexer.substitutions:
                parser.read_substitutions(parser.lexer)
        state.operator, state.ended = "", True
        return pos

    def _case(self, start: int, at: int) -> int:
        """`case word in`, up to the first pattern."""
        state, parser = self._state, self._parser
        state.open("case", start, "pattern")
        _, _, end = parser.lexer.pieces.pieces_at(self.behind_blanks(at))
        if parser.lexer.substitutions:
            parser.read_substitutions(parser.lexer)
        match = _IN.match(self._view, end)
        if match is None:
            state.fault(start, at)
            state.block.phase = "body"
            return end
        return match.end()

    def pattern(self, pos: int) -> int:
        """Read the patterns of a case, or `esac`."""
        state = self._state
        match = _CASE_END.match(self._view, pos)
        assert match is not None  # every part of the pattern may be empty
        if match.group(1):
            return self._parser.close("case", match.start(1), match.end())
        at = match.end()
        sign = "|"
        while sign == "|":
            start = self.behind_blanks(at)
            _, _, end = self._parser.lexer.pieces.pieces_at(start)
            at = self.behind_blanks(end)
            sign = self._view[at : at + 1] if end > start else ""
            at += 1
        state.block.conditional = True
        state.new_phase("body")
        if sign == ")":
            return at
        state.fault(pos, at - 1)
        return min(max(at - 1, pos + 1), len(self._view))

    def end_item(self, start: int, at: int) -> None:
        """`;;`: the next pattern of a case."""
        state = self._state
        if state.block.kind != "case" or state.needs:
            state.fault(start, at)
            state.join(";")
            return
        state.new_phase("pattern")
        outer = state.outer[-1]
        state.block.conditional = outer.conditional or outer.either

    def _function(self, start: int, at: int) -> int:
        """`function name`, up to the body."""
        state = self._state
        match = _FUNCTION.match(self._view, start)
        if match is None:
            state.fault(start, at)
            return at
        state.begin(start)
        state.construct("function-keyword", start, at)
        state.function, state.needs = match[1], "function"
        return match.end()

    def _test(self, start: int) -> int:
        """`[[ … ]]`, which ends by itself: `if [[ a ]] then` is right."""
        state, parser = self._state, self._parser
        state.begin(start)
        match = _TEST_END.search(self._view, start)
        end = match.end() if match else len(self._view)
        if match is None:
            state.fault(start, start + 2)
        state.construct("double-bracket", start, end)
        lexer = Lexer(state.text.part(start, end), state.out)
        words = lexer.command_at(0, end - start).words
        parser.lexer.faults += [(start + first, start + last) for first, last in lexer.faults]
        redirects, stop = parser.lexer.redirects_at(end)
        state.keep(words, redirects, parser.following(stop))
        for found in (lexer, parser.lexer):
            if found.substitutions:
                parser.read_substitutions(found)
        return stop
