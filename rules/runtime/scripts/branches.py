"""The branches of `if` and `case` in a shell script: what stands in them, and what the last of them end with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.api import Command, Run

_SIGN = re.compile(
    r"(?P<comment>(?<![^\s;(])#[^\n]*)|(?P<word>(?<![\w$./\"'-])(?:if|then|elif|else|fi|case|esac|while|until|for|select|do|done)"
    r"(?![\w./\"'=-]))|(?P<item>;;&?|;&)|(?P<open>(?<![$\w])\{(?=\s)|(?<![$\w(])\((?!\())|(?P<close>(?<=[\s;])\}|\))"
)
_LOOPS = frozenset({"while", "until", "for", "select"})
_ENDS = {"fi": "if", "esac": "case", "done": "loop"}


class _Block:
    """An open statement.

    Attributes:
        kind: `if`, `case`, `loop`, or `group` for a function's body and what stands in brackets.
        ends: What its finished branches end with; `None` for what is no command or no branch.
        last: What the branch being read ends with so far.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.ends: list[Command | None] = []
        self.last: list[Command | None] = []

    def end_branch(self) -> None:
        """Begin the next branch."""
        self.ends += self.last
        self.last = []


def branch_ends(text: str, commands: Sequence[Command]) -> tuple[Command, ...] | None:
    """Return what the branches of the statement at a script's end end with, those of statements inside included.

    Args:
        text: The script.
        commands: Those that stand in no other, in the order of the text.

    Returns:
        `None` where the script does not end with an `if` or a `case`, or where its blocks could not be told.
    """
    stack = [_Block("")]
    for one in _signs(text, commands):
        if isinstance(one, str):
            if not _read(stack, one):
                return None
            continue
        stack[-1].last = [one]
    whole = len(stack) == 1 and text.rstrip() and _closes(text, commands)
    return tuple(end for end in stack[0].last if end is not None) if whole else None


@once
def in_branches(run: Run) -> frozenset[int]:
    """Return where the commands of a RUN start that an `if` runs or not, and nothing else around them."""
    own = sorted((one for one in run.commands if not one.nested), key=lambda one: one.start)
    span = run.instruction.value_span
    stack: list[str] = []
    found: set[int] = set()
    for one in _signs(run.instruction.source.text, own, span.start, span.end):
        if not isinstance(one, str):
            if stack and set(stack) == {"then"}:
                found.add(one.start)
        elif one in ("if", "case", "(") or one in _LOOPS:
            stack.append(one)
        elif one in ("then", "elif", "else") and stack:
            stack[-1] = "if" if one == "elif" else "then"
        elif (one in _ENDS or one == ")") and stack:
            stack.pop()
    return frozenset(found) if not stack else frozenset()


def _closes(text: str, commands: Sequence[Command]) -> bool:
    """Whether a `fi` or `esac` is the last word behind the last command."""
    words = [found[0] for found in _SIGN.finditer(text, commands[-1].end) if not found["comment"]] if commands else []
    return bool(words) and words[-1] in ("fi", "esac")


def _signs(text: str, commands: Sequence[Command], at: int = 0, end: int | None = None) -> Iterator[Command | str]:
    """Yield the commands of a text, or a part of it, and, as words, what stands between them."""
    for command in commands:
        yield from _between(text, at, command.start)
        yield command
        at = max(at, command.end)
    yield from _between(text, at, len(text) if end is None else end)


def _between(text: str, start: int, end: int) -> Iterator[str]:
    for found in _SIGN.finditer(text, start, end):
        if found["word"] or found["item"]:
            yield found[0]
        elif found["open"]:
            yield "("
        elif found["close"]:
            yield ")"


def _read(stack: list[_Block], sign: str) -> bool:
    """Take in a word between commands; `False` where it does not fit."""
    block = stack[-1]
    if sign in ("if", "case") or sign in _LOOPS:
        stack.append(_Block("loop" if sign in _LOOPS else sign))
    elif sign in ("then", "elif", "else", ";;", ";&", ";;&"):
        if block.kind != ("case" if sign[0] == ";" else "if"):
            return False
        if sign == "then":
            block.last = []  # what was asked
        else:
            block.end_branch()
    elif sign in _ENDS:
        if block.kind != _ENDS[sign] or len(stack) == 1:
            return False
        _close(stack)
    elif sign == "(":
        if block.kind != "case" or block.last:  # else it may open a pattern
            stack.append(_Block("group"))
    elif sign == ")" and block.kind == "group":
        _close(stack)
    return True


def _close(stack: list[_Block]) -> None:
    block = stack.pop()
    block.end_branch()
    stack[-1].last = block.ends if block.kind in ("if", "case") else [None]
