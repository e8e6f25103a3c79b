"""See todo_comment.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Comment, DockerfileChange, Problem, Severity, quote, rule

_REMINDS = re.compile(r"(?<![\w/.-])(?:TODO|FIXME)(?![\w/-])|\A(?i:todo|fixme)(?=[ \t]*[:(])")
"""In capitals, as such comments have it, or in front of a colon or a name: `todo` is a Spanish word."""
_TRACKED = re.compile(r"https?://|[#!]\d+\b|\b(?!(?:SHA|UTF|ISO|ARM)-)[A-Z][A-Z0-9]+-\d+\b")
"""An issue, by its address, its number (`#12`, `shop/till#12`) or its key (`TILL-12`)."""


@rule(
    "todo-comment",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    mentions=("todo", "fixme"),
    aliases=("S1134", "S1135"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A comment reminds of something that is left to do."""
    comments = change.after.dockerfile.comments
    told: set[str] = set()
    for at, comment in enumerate(comments):
        below = comments[at + 1] if at + 1 < len(comments) else None
        if comment.text not in told and _REMINDS.search(comment.text) and not _is_tracked(comment, below):
            told.add(comment.text)
            yield Problem(
                comment.span,
                f"A comment leaves {quote(comment.text)} for later. Here it is read when the file is changed the next "
                "time: do it now, or name the issue that keeps track of it.",
                fact=comment.text,
                key=comment.text,
            )


def _is_tracked(comment: Comment, below: Comment | None) -> bool:
    """Whether it names an issue, in its line or in the next one of the same comment."""
    texts = [comment.text]
    if below is not None and below.span.line == comment.span.line + 1 and not _REMINDS.search(below.text):
        texts.append(below.text)
    return any(map(_TRACKED.search, texts))
