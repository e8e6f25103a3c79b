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
_LEADING = ("USER", "ARG")
"""What may stand between an instruction and the comment on it."""
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
_MEANT_TO_MOVE = re.compile(
    r"(?<!not )(?<!n't )(?<!never )\b(?:track|follow|float|roll)(?:s|ing)?\b(?!\s+(?:back|issue|notes?)\b)[^.;]{0,99}"
    r"\b(?:latest|newest|stable|major|minor|release|tag|version)\b|"
    r"(?<!not )(?<!n't )(?<!never )\btrack(?:s|ing)?\b[^.;]{0,99}\b(?:main|master|trunk|head|tip|branch|upstream)\b|"
    r"\b(?:latest|newest|moving|floating|rolling|unpinned|not pinned|loosely pinned|no (?:digest|pin))\b[^.;]{0,99}"
    r"\b(?:on purpose|deliberately|intentionally|by design|so that|so we (?:get|receive))\b|"
    r"\b(?:on purpose|deliberately|intentionally|always|automatically)\b[^.;]{0,99}"
    r"\b(?:latest|newest|moving|floating|rolling|unpinned|not pinned|un-pinned)\b|"
    r"(?:始终|总是|一直|跟踪|追踪|故意|特意)[^。；;]{0,40}最新|最新[^。；;]{0,40}(?:故意|特意)",  # the same in Chinese
    re.IGNORECASE,
)
_ON_PURPOSE = re.compile(
    r"(?<!not )(?<!n't )\b(?:on purpose|deliberate(?:ly)?|intentional(?:ly)?|by design)\b|"
    r"故意|特意|有意",  # the same in Chinese
    re.IGNORECASE,
)
_IN_SCRIPT = re.compile(r"^[ \t]*#(?!!)(.*)$", re.MULTILINE)


def without_comments(script: str) -> str:
    """Return a shell script with blanks for its comments, so that offsets stay; the line that names its shell stays."""
    text = _OWN_LINE.sub(lambda found: " " * len(found[0]), script)
    return _BEHIND.sub(lambda found: found["code"] + " " * len(found["comment"]), text)


def is_meant_to_move(said: str) -> bool:
    """Tell whether comments say that what is newest is wanted: `Track the latest 1.x`, `not pinned on purpose`."""
    return _MEANT_TO_MOVE.search(said) is not None


def is_on_purpose(said: str) -> bool:
    """Tell whether comments say that what they stand on is meant so, whatever it is: `Fixed on purpose, see ADR 7`."""
    return _ON_PURPOSE.search(said) is not None


def code_of(instruction: Instruction) -> str:
    """Return an instruction's text with blanks for comment lines and for what joins lines, so that offsets stay."""
    text = instruction.source.text[instruction.span.start : instruction.span.end]
    return _NO_CODE.sub(lambda found: " " * len(found[0]), text)


@once
def comments_on(step: Step) -> str:
    """The comments that speak of a step: above it, within it and in its here-documents, a blank between two.

    Where steps of one keyword stand right on top of one another, those above the first of them speak of all; and those
    above a USER of the RUN right below it, or its ARGs.
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
        touching = above.instruction.end_line == at.line - 1 and above.instruction.keyword in (at.keyword, *_LEADING)
        if at.comments or not touching:
            break
        at = above.instruction
    return at.comments
