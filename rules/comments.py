"""What a file's comments say of a step: a rule about a default heeds the author who says that it is meant."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Comment, Instruction
    from rules.model.steps import Step

_CLOSE = 4
"""Steps above one among which the comment on all of them is looked for."""
COMMENT_LINES = re.compile(r"^[ \t]*#.*", re.MULTILINE)
"""The comments of a script that have a line of their own."""
_OWN_LINE = re.compile(r"^[ \t]*#(?!!).*", re.MULTILINE)
_BEHIND = re.compile(
    r"""^(?P<code>(?:[^"'`#\\\n]|\\.|"[^"\n]*"|'[^'\n]*'|(?<=[^\s;&|(])\#)*?[ \t;&|(])"""
    r"""(?P<comment>\#(?:[^"'`\n]|(?<=\w)'(?=\w))*)$""",
    re.MULTILINE,
)
"""A comment behind a command: where no quotes are open, and with none in it that could close some of a line above."""
_NO_CODE = re.compile(r"^[ \t]*#[^\n]*\n|\\\r?\n", re.MULTILINE)
"""Comment lines, and what joins lines."""
_IN_SCRIPT = re.compile(r"^[ \t]*#(?!!)(.*)$", re.MULTILINE)


def without_comments(script: str) -> str:
    """Return a shell script with blanks for its comments, so that offsets stay; the line that names its shell stays."""
    text = _OWN_LINE.sub(lambda found: " " * len(found[0]), script)
    return _BEHIND.sub(lambda found: found["code"] + " " * len(found["comment"]), text)


def code_of(instruction: Instruction) -> str:
    """Return an instruction's text with blanks for comment lines and for what joins lines, so that offsets stay."""
    text = instruction.source.text[instruction.span.start : instruction.span.end]
    return _NO_CODE.sub(lambda found: " " * len(found[0]), text)


@once
def comments_on(step: Step) -> str:
    """The comments that speak of a step: above it, within it and in its here-documents, a blank between two.

    Where steps of one keyword stand right on top of one another, those above the first of them speak of all; and those
    above a USER of the RUN right below it.
    """
    span = step.instruction.span
    comments = step.stage.model.dockerfile.comments
    first = bisect_left(comments, span.start, key=lambda comment: comment.span.start)
    behind = bisect_left(comments, span.end, key=lambda comment: comment.span.start)
    said = [comment.text for comment in (*_above(step), *comments[first:behind])]
    for heredoc in step.instruction.heredocs:
        said += _IN_SCRIPT.findall(heredoc.body)
    return " ".join(said)


def _above(step: Step) -> tuple[Comment, ...]:
    at = step.instruction
    for above in reversed(step.stage.steps[max(0, step.index - _CLOSE) : step.index]):
        touching = above.instruction.end_line == at.line - 1 and above.instruction.keyword in (at.keyword, "USER")
        if at.comments or not touching:
            break
        at = above.instruction
    return at.comments
