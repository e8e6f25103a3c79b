"""Walks the tree that the shell grammar gives and collects the commands in it, in the order of the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from rules.dockerfile.shell_command import Command
from rules.dockerfile.shell_frames import MAX_DEPTH, Collected, Frame, failure_goes_unnoticed, shell_options
from rules.dockerfile.shell_grammar import (
    Segment,
    error_nodes,
    holes,
    kind_ids,
    read_tree,
    without_comment,
    without_inline_comments,
)
from rules.dockerfile.shell_heredocs import HeredocUse, find_heredocs
from rules.dockerfile.shell_lexer import Lexer
from rules.dockerfile.shell_nested import RUNS_MORE, inner_commands, inner_script
from rules.dockerfile.shell_words import ShellText
from rules.dockerfile.shell_wrappers import base_name, unwrap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tree_sitter import Node

    from rules.dockerfile.nodes import Heredoc
    from rules.dockerfile.shell_words import Redirect, ShellWord

    _Method = TypeVar("_Method", bound=Callable[..., Frame | None])

_SUBSTITUTION = re.compile(r"\$\(|`|[<>]\(")
_TESTS = frozenset({"[", "[[", "test"})
_GROUPS = (
    "compound_statement",
    "subshell",
    "if_statement",
    "while_statement",
    "for_statement",
    "c_style_for_statement",
    "case_statement",
)
_SIMPLE = (
    "command",
    "declaration_command",
    "unset_command",
    "test_command",
    "variable_assignment",
    "variable_assignments",
)
_JOINED = kind_ids("list", "pipeline", "negated_command")
_REDIRECT = kind_ids("file_redirect", "herestring_redirect")
_ARITHMETIC = kind_ids("compound_statement", "c_style_for_statement")
_GROUP = kind_ids(*_GROUPS)
_HANDLERS: dict[int, Callable[[Walk, Node, Frame], Frame | None]] = {}


def _at(*kinds: str) -> Callable[[_Method], _Method]:
    """Name the kinds of node that a method takes; at any other the walk just goes on inside it.

    The method returns the frame for what is inside the node, `None` to pass it by.
    """

    def register(method: _Method) -> _Method:
        _HANDLERS.update(dict.fromkeys(kind_ids(*kinds), method))
        return method

    return register


class Walk:
    """One pass over one piece of shell code.

    Args:
        text: The code.
        collected: Where the findings go.
        dialect: The shell that runs it.
        heredocs: The builder's here-documents, whose bodies stand outside the text.
        options: Whether `errexit` and `pipefail` are in force at its begin.
        depth: How many commands it stands in.
        conditional: Whether the command that runs it may not run.
    """

    def __init__(
        self,
        text: ShellText,
        collected: Collected,
        dialect: str,
        *,
        heredocs: tuple[Heredoc, ...] = (),
        options: tuple[bool, bool] = (False, False),
        depth: int = 0,
        conditional: bool = False,
    ) -> None:
        view, self._heredocs = find_heredocs(text, heredocs) if "<<" in text.view else (text.view, [])
        if "`#" in view:
            view = without_inline_comments(view)
        tree = read_tree(view)
        if text.joined and "#" in view:
            view, tree = without_comment(view, tree)
        self.text = text if view is text.view else text._replace(view=view)
        self._root = Frame(tree.root_node, conditional=conditional, depth=depth)
        gaps = holes(view, tree)
        self._lexer = Lexer(self.text, gaps)
        self._substitutes = bool(gaps) and _SUBSTITUTION.search(view) is not None
        self._out = collected
        self._options = options
        self._operator = ""
        self._consumed = [0] * (MAX_DEPTH + 2)
        self._groups: dict[int, tuple[Redirect, ...]] = {}
        collected.segments.append(Segment(self.text, tree, dialect))
        collected.budget += 4 * len(view) + 1000
        place = self.text.span
        collected.errors.extend(place(node.start_byte, node.end_byte) for node in error_nodes(view, tree))

    def run(self) -> None:
        """Collect the commands of the text."""
        frame = self._root
        cursor = frame.node.walk()
        frames: list[Frame] = []
        down, aside, up = cursor.goto_first_child, cursor.goto_next_sibling, cursor.goto_parent
        inner: Frame | None
        out = self._out
        while not out.full:
            node = cursor.node
            assert node is not None  # a cursor stands on a node
            handler = _HANDLERS.get(node.kind_id)
            inner = frame if handler is None else handler(self, node, frame)
            if inner is not None and down():
                frames.append(frame)
                frame = inner
                continue
            while not aside():
                if not up():
                    return
                frame = frames.pop()
        out.errors.append(self.text.span(len(self.text.view), len(self.text.view)))

    # Commands

    @_at(*_SIMPLE)
    def _command(self, node: Node, frame: Frame) -> Frame | None:
        """Read the simple command that begins at a node."""
        if frame.in_words:
            return frame
        start = node.start_byte
        if start < self._consumed[frame.depth]:
            return None  # the grammar lost its way: these words belong to the command before
        view = self.text.view
        scan = self._lexer.command_at(start, node.end_byte if view.startswith("[[", start) else 0)
        crossed = self._lexer.crossed
        self._consumed[frame.depth] = scan.stop
        heredoc = self._heredoc_of(start, scan.stop, scan.redirects) if self._heredocs else None
        command = self._built(start, scan.words, scan.redirects, frame, after=scan.operator, heredoc=heredoc)
        if command.name == "set":
            self._options = shell_options([word.value for word in command.args], self._options)
        elif command.name in RUNS_MORE and frame.depth < MAX_DEPTH and self._runs_more(command, heredoc, frame):
            return None
        return self._words(node, frame) if crossed and self._substitutes else None

    def _built(
        self,
        start: int,
        words: Sequence[ShellWord],
        redirects: Sequence[Redirect],
        frame: Frame,
        *,
        after: str = "",
        heredoc: HeredocUse | None = None,
    ) -> Command:
        """Build a command from its words and keep it."""
        index, wrappers, assignments = unwrap(words)
        program = words[index] if index < len(words) else None
        if not frame.pipeline:
            self._out.pipelines += 1
        begin = self.text.place(start) if start >= 0 else words[0].start
        end = words[-1].end if words else begin
        if redirects:
            end = max(end, redirects[-1].end)
        command = Command(
            base_name(program.value) if program else "",
            program,
            tuple(words[index + 1 :]),
            tuple(words),
            wrappers,
            assignments,
            (*redirects, *frame.redirects),
            begin,
            end,
            self.text.source,
            self._operator,
            after,
            frame.pipeline or self._out.pipelines,
            frame.part,
            frame.conditional,
            frame.negated,
            frame.depth > 0,
            self._options[0],
            self._options[1],
            heredoc.body if heredoc else None,
        )
        self._out.add(command, end - begin)
        self._operator = "\n"
        return command

    def _heredoc_of(self, start: int, stop: int, redirects: list[Redirect]) -> HeredocUse | None:
        """Add the here-documents of a command to its redirects; return the one that it reads."""
        found = None
        for use in self._heredocs:
            if start <= use.start < stop:
                redirects.append(use.redirect)
                found = use
        redirects.sort(key=lambda redirect: redirect.start)
        return found

    def _runs_more(self, command: Command, heredoc: HeredocUse | None, frame: Frame) -> bool:
        """Read what a command hands to a shell or a runner; tell whether its words were read by that."""
        script = inner_script(command)
        if script is None:
            inside = Frame(frame.node, frame, conditional=frame.conditional, depth=frame.depth + 1)
            for words in inner_commands(command):
                self._operator = ""
                self._built(-1, words, (), inside)
            return False
        if script.word is not None:
            text = self._lexer.script_at(script.word)
        else:
            assert heredoc is not None  # the script has no other source
            text = ShellText(heredoc.body, self.text.source, heredoc.body_offset, joined=False)
        options = shell_options(script.options)
        depth, conditional = frame.depth + 1, frame.conditional
        Walk(text, self._out, script.dialect, options=options, depth=depth, conditional=conditional).run()
        return True

    @_at("file_redirect", "herestring_redirect")
    def _words(self, node: Node, frame: Frame) -> Frame | None:
        """Return the frame for the words of a command, when substitutions may hide in them."""
        if self._substitutes and _SUBSTITUTION.search(self.text.view, node.start_byte, node.end_byte):
            return Frame(node, frame, conditional=frame.conditional, depth=frame.depth, in_words=True)
        return None

    # Structure

    @_at("command_substitution", "process_substitution")
    def _substitution(self, node: Node, frame: Frame) -> Frame | None:
        """`$(…)`, backticks and `<(…)`: a script of its own."""
        if frame.depth >= MAX_DEPTH:
            self._out.errors.append(self.text.span(node.start_byte, node.end_byte))
            return None
        self._operator = ""
        self._consumed[frame.depth + 1] = 0
        return Frame(node, frame, conditional=frame.conditional, depth=frame.depth + 1)

    @_at("redirected_statement")
    def _redirected(self, node: Node, frame: Frame) -> Frame | None:
        """A statement with redirections: those of a group are kept for it, others are read with the command."""
        body = node.child(0)
        while body.kind_id in _JOINED:
            body = body.child(body.child_count - 1)
        if body.kind_id in _REDIRECT:
            self._command(node, frame)
        elif body.kind_id in _GROUP:
            self._groups[body.start_byte] = tuple(self._lexer.command_at(body.end_byte).redirects)
        return frame

    @_at(*_GROUPS)
    def _group(self, node: Node, frame: Frame) -> Frame | None:
        """A compound command: `{ … }`, `( … )`, `if`, loops, `case`."""
        if node.kind_id in _ARITHMETIC and self.text.view.startswith("((", node.start_byte):
            return self._words(node, frame)
        inner = frame.inside(node)
        inner.redirects = self._groups.get(node.start_byte, ()) + frame.redirects
        inner.in_words = node.kind_id in _ARITHMETIC and self.text.view.startswith("for", node.start_byte)
        return inner

    @_at("do_group", "elif_clause", "else_clause", "case_item", "function_definition")
    def _branch(self, node: Node, frame: Frame) -> Frame | None:
        """What may not run: the body of a loop or function, `elif`, `else`, a case."""
        self._operator = ""
        inner = frame.inside(node)
        inner.conditional = True
        return inner

    @_at("list")
    def _list(self, node: Node, frame: Frame) -> Frame | None:
        """Two commands joined by `&&` or `||`."""
        if frame.in_words:
            return frame
        return frame.inside(node, "list")

    @_at("pipeline")
    def _pipeline(self, node: Node, frame: Frame) -> Frame | None:
        """Commands joined by `|`."""
        inner = frame.inside(node, "pipeline")
        self._out.pipelines += 1
        inner.pipeline, inner.part = self._out.pipelines, 0
        return inner

    @_at("negated_command")
    def _negated(self, node: Node, frame: Frame) -> Frame | None:
        """A command behind `!`."""
        inner = frame.inside(node)
        inner.negated = not frame.negated
        return inner

    # Tokens

    @_at("&&", "||", ";", "|", "|&", "&", ";;", ";&", ";;&")
    def _joint(self, node: Node, frame: Frame) -> None:
        """An operator between commands."""
        if frame.in_words:
            return
        sign = self.text.view[node.start_byte : node.end_byte]
        if sign == "|" and frame.kind != "pipeline":
            return  # between the patterns of a case
        self._operator = sign
        if frame.kind == "pipeline":
            frame.part += 1
        elif sign == "||":
            frame.conditional = True
        elif sign == "&&" and frame.kind == "list":
            self._guard(frame)

    def _guard(self, frame: Frame) -> None:
        """Mark what runs only after a test, unless a failing test fails the script."""
        last = self._out.commands[-1] if self._out.commands else None
        frame.guarded = frame.guarded or (last is not None and (last.name in _TESTS or last.negated))
        if not frame.guarded:
            return
        parent = frame.parent
        if parent is not None and parent.kind == "list":
            parent.guarded = True
        frame.conditional = frame.conditional or failure_goes_unnoticed(frame)

    @_at("then")
    def _then(self, _node: Node, frame: Frame) -> None:
        """The condition ends here."""
        if not frame.in_words:
            self._operator = ""
            frame.conditional = True
