"""Reads shell code: finds its commands, in the order of the text, and under which conditions each one runs.

The grammar is that of the POSIX shell (XCU 2.10) with bash's additions. The parser is our own because what comes in
a pull request is hostile at worst: here every step goes forward in the text, nothing is tried twice, and nesting is
bounded (`bot/decisions/0005-the-shell-parser-is-our-own.md`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from rules.dockerfile.shell.blocks import MAX_DEPTH, Block, Collected, TooMuchError, shell_options
from rules.dockerfile.shell.constructs import command_constructs, redirect_constructs
from rules.dockerfile.shell.heredocs import HeredocUse, find_heredocs
from rules.dockerfile.shell.lexer import Lexer
from rules.dockerfile.shell.nested import RUNS_MORE, inner_commands, inner_script
from rules.dockerfile.shell.skip import closing_end
from rules.dockerfile.shell.state import State
from rules.dockerfile.shell.statements import Statements
from rules.dockerfile.shell.words import ShellText

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Heredoc
    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.shell.words import Redirect

# What stands where a command may begin. Groups: 1 an operator or the end, 2 a comment, 3 a bracket, 4 a reserved word.
_LEAD = re.compile(
    r"""(?:[ \t\r]|\\\r?\n)*+
    (?: (\Z|\n|;;&|;;|;&|;|&&|&(?!>)|\|\||\|&|\||\))
      | (\#)
      | (\(\(|\()
      | (\[\[(?=[ \t\r\n])|\{(?=[ \t\r\n\\])
        |(?:[!}]|if|then|else|elif|fi|for|select|while|until|do|done|case|esac|function)
         (?=[ \t\r\n;&|()<>]|\\\n|\Z)
        |time(?=(?:[ \t]+-p)?[ \t]+(?:[{(!]|(?:if|for|select|while|until|case)[ \t\r\n]))(?:[ \t]+-p)?)
    )?""",
    re.VERBOSE,
)
_OPERATOR, _COMMENT, _BRACKET = 1, 2, 3
_JOINED = re.compile(r"(?:[ \t\r\n]|\\(?=[ \t\r]*(?:\n|\Z)))*+(?=\S)")
"""What stands in front of the first word that a comment takes with it: blanks and continuations."""

_FUNCTION = re.compile(r"([A-Za-z_][\w.:+@-]*+)(?:[ \t\r]|\\\n)*+\((?:[ \t\r]|\\\n)*+\)")
_SEPARATORS = frozenset({";", "\n", "&", "&&", "||", "|", "|&"})
_CASE_ENDS = frozenset({";;", ";&", ";;&"})


class Parser:
    """Reads one piece of shell code.

    Args:
        text: The code.
        collected: Where the findings go.
        dialect: The shell that runs it.
        heredocs: The builder's here-documents, whose bodies stand outside the text.
        options: Whether `errexit` and `pipefail` are in force at its begin.
        depth: How many commands and substitutions it stands in.
        conditional: Whether the command that runs it may not run.

    Attributes:
        view: The code, here-documents blanked.
        state: Where the parser stands.
        lexer: Reads words.
    """

    def __init__(
        self,
        text: ShellText,
        collected: Collected,
        *,
        dialect: str = "sh",
        heredocs: tuple[Heredoc, ...] = (),
        options: tuple[bool, bool] = (False, False),
        depth: int = 0,
        conditional: bool = False,
    ) -> None:
        self._heredocs: list[HeredocUse] = []
        if "<<" in text.view:
            view, self._heredocs = find_heredocs(text, heredocs)
            text = text._replace(view=view)
        self.view = text.view
        self.lexer = Lexer(text, collected)
        self.state = State(text, collected, dialect=dialect, depth=depth, conditional=conditional, options=options)
        self._statements = Statements(self)
        self._has_brackets = "(" in text.view
        self._unclosed = False  # a bracket is known to have no closing one

    def read(self) -> None:
        """Collect the commands and errors of the text."""
        state = self.state
        pos: int | None = 0
        try:
            while pos is not None:
                pos = self._next(pos)
        except TooMuchError:
            state.out.complete = False
            state.fault(len(self.view), len(self.view))
        for start, end in self.lexer.faults:
            state.fault(start, end)

    def _next(self, pos: int) -> int | None:
        """Read what stands at an index; return where to go on, `None` at the end."""
        if self.state.block.phase == "pattern":
            return self._statements.pattern(pos)
        match = _LEAD.match(self.view, pos)
        assert match is not None  # every part of the pattern may be empty
        kind, at = match.lastindex, match.end()
        if kind is None:
            return self._command(pos, at)
        start = match.start(kind)
        if kind == _OPERATOR:
            return self._operator(match.group(kind), start, at)
        if kind == _COMMENT:
            return self._comment_end(start)
        if kind == _BRACKET:
            return self._bracket(start, at)
        return self._statements.reserved(match.group(kind), start, at)

    def following(self, pos: int) -> str:
        """Return the operator that comes next, or nothing."""
        match = _LEAD.match(self.view, pos)
        sign = match.group(_OPERATOR) if match else None
        return sign if sign in _SEPARATORS else ""

    def _comment_end(self, pos: int) -> int:
        """Return the index behind a comment; where the builder joins the lines it goes on to the end."""
        text = self.state.text
        if text.joined:
            line_end = self.view.find("\n", pos)
            lost = _JOINED.match(self.view, line_end) if line_end >= 0 and text.places is None else None
            if lost is not None:
                self.state.out.swallowing.append((text.offset + pos, text.offset + lost.end()))
            return len(self.view)
        end = self.view.find("\n", pos)
        return end if end >= 0 else len(self.view)

    def _operator(self, sign: str, start: int, at: int) -> int | None:
        """Read an operator where a command might begin."""
        state = self.state
        if not sign:
            state.finish()
            return None
        if sign == ")":
            return self.close("(", start, at)
        if sign in _CASE_ENDS:
            self._statements.end_item(start, at)
        elif sign == "\n" and not state.ended:
            return self._statements.behind_blanks(at)
        elif not state.ended or state.needs:
            state.fault(start, at)
        else:
            state.join(sign)
        return at

    # Commands

    def _command(self, lead: int, start: int) -> int:
        """Read the simple command, or the head of a function, that begins at an index.

        Args:
            lead: Index behind the operator before; a here-document may stand between.
            start: Index of the first word.
        """
        state = self.state
        state.begin(start)
        head = _FUNCTION.match(self.view, start) if self._has_brackets else None
        if head is not None:
            state.function, state.needs = head[1], "function"
            return head.end()
        if state.function:
            state.function = ""
            state.fault(start, start + 1)
        return self._simple(lead, start)

    def _simple(self, lead: int, start: int) -> int:
        """Read words and redirections up to the next operator, and go past it."""
        state, lexer = self.state, self.lexer
        words, redirects, stop, sign = lexer.command_at(start)
        if sign == "#":
            stop = self._comment_end(stop)
            sign = "\n" if stop < len(self.view) else ""
        heredoc = self._heredoc_of(lead, stop, redirects) if self._heredocs else None
        command = state.keep(words, redirects, "" if sign == ")" else sign, heredoc.body if heredoc else None)
        if state.out.watch:
            state.out.constructs += command_constructs(command, state.dialect)
        name = command.name
        if name == "set":
            state.options = shell_options([word.value for word in command.args], state.options)
        elif name in RUNS_MORE and state.depth < MAX_DEPTH and self._runs_more(command, heredoc):
            lexer.substitutions.clear()
        if lexer.substitutions:
            self.read_substitutions(lexer)
        if sign in _SEPARATORS:
            state.join(sign)
            return stop + len(sign)
        return stop

    def _heredoc_of(self, start: int, stop: int, redirects: list[Redirect]) -> HeredocUse | None:
        """Add the here-documents of a command to its redirections; return the one that it reads."""
        uses = self._heredocs
        first = bisect_left(uses, start, key=lambda use: use.start)
        end = bisect_left(uses, stop, key=lambda use: use.start)
        if first == end:
            return None
        redirects += [use.redirect for use in uses[first:end]]
        redirects.sort(key=lambda redirect: redirect.start)
        return uses[end - 1]

    def _runs_more(self, command: Command, heredoc: HeredocUse | None) -> bool:
        """Read what a command hands to a shell or a runner; tell whether its words were read by that."""
        state = self.state
        script = inner_script(command)
        if script is None:
            for words in inner_commands(command):
                state.keep_inner(words)
            return False
        if script.word is not None:
            text = self.lexer.pieces.script_at(script.word)
        elif heredoc is not None:
            text = ShellText(heredoc.body, state.text.source, heredoc.body_offset, joined=False)
        else:
            return False
        out, before = state.out, len(state.out.errors)
        self._read_inside(text, script.dialect, shell_options(script.options), command.start)
        out.inner += out.errors[before:]
        return True

    def _read_inside(self, text: ShellText, dialect: str, options: tuple[bool, bool], handed_by: int = -1) -> None:
        """Read a script inside this one, or a substitution."""
        state = self.state
        depth, conditional = state.depth + 1, state.conditional
        inner = Parser(text, state.out, dialect=dialect, options=options, depth=depth, conditional=conditional)
        inner.state.handed_by = handed_by
        inner.read()

    def read_substitutions(self, lexer: Lexer) -> None:
        """Read the substitutions in the words that a lexer read last."""
        state, found = self.state, lexer.substitutions
        if state.depth >= MAX_DEPTH:
            state.fault(*found[0])
            state.out.complete = False
        else:
            for start, end in list(found):
                before = len(state.out.errors)
                self._read_inside(lexer.pieces.substitution_text(start, end), state.dialect, state.options)
                if self.view.startswith("`", start):  # Bash reads it when the command runs, and goes on
                    state.out.inner += state.out.errors[before:]
        found.clear()

    # Groups

    def _bracket(self, start: int, at: int) -> int:
        """Read `(` or `((`."""
        state = self.state
        if at - start > 1 and not self._unclosed:
            end = closing_end(self.view, start, joined=state.text.joined)
            self._unclosed = end is None
            state.out.step((len(self.view) if end is None else end - start) >> 6)  # a group is read again
            if end is not None and self.view.startswith("))", end - 2):
                state.begin(start)
                state.construct("arithmetic-command", start, end)
                return self._behind_group(Block(start=start, first=len(state.out.commands)), end)
        state.open("(", start)
        return start + 1

    def close(self, kind: str, start: int, at: int) -> int:
        """Close the block that a word or bracket ends; return where to go on."""
        block = self.state.close(kind, start, at)
        return at if block is None else self._behind_group(block, at)

    def _behind_group(self, group: Block, at: int) -> int:
        """Read the redirections of a group; return the index behind them."""
        redirects, stop = self.lexer.redirects_at(at)
        heredoc = None
        if self._heredocs:
            match = _LEAD.match(self.view, stop)
            heredoc = self._heredoc_of(at, match.end() if match else stop, redirects)
        if self.state.out.watch:
            self.state.out.constructs += redirect_constructs(redirects, self.state.dialect)
        self.state.behind(group, redirects, heredoc.body if heredoc else None)
        if self.lexer.substitutions:
            self.read_substitutions(self.lexer)
        return stop
