"""What the author's comments say of root: what the container needs it for, or why a `USER` went."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.comments import is_on_purpose
from rules.dockerfile.syntax.grammar import INSTRUCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Comment, Instruction
    from rules.model.stage import Stage

_NEEDS_ROOT = re.compile(
    r"\b(?:needs?|requires?|must|has to|have to|because)\b.*\broot\b|"
    r"\broot\b.*\b(?:needed|required|necessary|because)\b|"
    r"\b(?:starts?|runs?|\w+ed) as root\b",
    re.IGNORECASE,
)
_BUILDING = re.compile(
    r"\b(?:install\w*|build\w*|compil\w*|packages?|apt|apt-get|apk|yum|dnf|temporar\w*)\b", re.IGNORECASE
)
_ISSUE = re.compile(r"https?://\S+/(?:issues?|pull|merge_requests|browse|bugs?)/\S*\d")
"""The address of a report: what it is about is said there."""
_REASON = re.compile(
    r"\b(?:fixme|disabled?|because|since|as (?:it|the|this|they|we)|conflict\w*|breaks?|broken|fail\w*|until|cannot|"
    r"can't|does(?:n't| not)|won't|needs?|requires?|must|has to|have to|permissions?|denied|workaround)\b",
    re.IGNORECASE,
)
"""A word that gives a reason, beside a `USER` that became a comment."""
_USER_LEFT_OUT = re.compile(r"USER\s+(?!root\b|0\b)[\w${}.:-]+")
_LEFT_OUT = re.compile(rf"(?:{'|'.join(sorted(INSTRUCTIONS))})\s")
"""The beginning of an instruction that became a comment."""


def is_explained(instruction: Instruction) -> bool:
    """Tell whether the comment above a `USER` says that it is meant so, or that the container needs root.

    What a step of the build needs root for is no reason to run as root.
    """
    said = " ".join(comment.text for comment in instruction.comments)
    return _says_why(said) or (is_on_purpose(said) and _BUILDING.search(said) is None)


def users_left_out(stage: Stage) -> Iterator[Comment]:
    """Yield the comments of a stage and of those it is built on that are a `USER` of an ordinary account."""
    return (comment for comment in _comments(stage) if _USER_LEFT_OUT.fullmatch(comment.text))


def is_loss_explained(stage: Stage, was: Stage) -> bool:
    """Tell whether a comment that came where a `USER` went says why.

    Either it says that the container needs root, or it stands with the `USER` that became a comment and gives a reason,
    says that it is meant so, or has the address of a report.

    Args:
        stage: The stage that nothing sets a user in any more.
        was: The stage before the change.
    """
    known = {comment.text for comment in _comments(was)}
    for block in _blocks(stage):
        added = [c.text for c in block if c.text not in known and not _LEFT_OUT.match(c.text)]
        text = " ".join(added)
        left_out = any(_USER_LEFT_OUT.fullmatch(comment.text) for comment in block)
        if _says_why(text) or (left_out and (_ISSUE.search(text) or _REASON.search(text) or is_on_purpose(text))):
            return True
    return False


def _says_why(text: str) -> bool:
    return bool(_NEEDS_ROOT.search(text)) and _BUILDING.search(text) is None


def _comments(stage: Stage) -> list[Comment]:
    spans = [(link.from_.span.start, link.last_instruction.span.end) for link in stage.chain]
    return [c for c in stage.model.dockerfile.comments if any(start < c.span.start < end for start, end in spans)]


def _blocks(stage: Stage) -> Iterator[list[Comment]]:
    """Yield the comments that stand on lines right below one another."""
    block: list[Comment] = []
    for comment in _comments(stage):
        if block and comment.span.line != block[-1].span.line + 1:
            yield block
            block = []
        block.append(comment)
    if block:
        yield block
