"""What stands on a pull request once it is reviewed, as rows that a terminal or a page shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.forge.github.model import ReviewComment
    from tests.forge.github.pulls import PullRequest
    from tests.forge.hunks import Hunk
    from tests.forge.repository import FileDiff

_HIDDEN = re.compile(r"<!--.*?-->\n?", re.DOTALL)


class Said(NamedTuple):
    """One comment: its Markdown without the hidden marker, and the lines it is about (0: the whole file)."""

    body: str
    first: int
    last: int


class Row(NamedTuple):
    """One line of a diff, `@` for a hunk's header, with the comments that stand under it."""

    mark: Literal["@", " ", "+", "-"]
    old: int | None
    new: int | None
    text: str
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file's diff with the comments on it; `said` holds those about the whole file."""

    path: str
    rows: tuple[Row, ...]
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A pull request as its page shows it; `summary` is everything of the review that is not under a line."""

    repository: str
    number: int
    title: str
    description: str
    files: tuple[ShownFile, ...]
    summary: tuple[str, ...]
    conclusion: str
    check: str

    @property
    def comments(self) -> int:
        """How many comments the review has."""
        rows = sum(len(row.said) for file in self.files for row in file.rows)
        return rows + sum(len(file.said) for file in self.files)


def shown(pull: PullRequest) -> Shown:
    """Read a pull request off the forge."""
    checks = [run for run in pull.project.check_runs if run.head == pull.head]
    bodies = [review.body for review in pull.reviews] + [comment.body for comment in pull.issue_comments]
    return Shown(
        repository=pull.project.full_name,
        number=pull.number,
        title=pull.title,
        description=pull.body,
        files=tuple(_file(diff, pull.visible_comments()) for diff in pull.diff()),
        summary=tuple(text for body in bodies if (text := visible(body))),
        conclusion=checks[-1].conclusion or checks[-1].status if checks else "missing",
        check=(checks[-1].title or "") if checks else "",
    )


def visible(body: str) -> str:
    """Return a comment's Markdown without its hidden marker."""
    return _HIDDEN.sub("", body).strip()


def _file(diff: FileDiff, comments: list[ReviewComment]) -> ShownFile:
    ours = [comment for comment in comments if comment.path == diff.path]
    rows = tuple(row for hunk in diff.hunks for row in _rows(hunk, ours))
    whole = tuple(_said(comment) for comment in ours if comment.subject_type == "file")
    return ShownFile(diff.path, rows, whole)


def _rows(hunk: Hunk, comments: list[ReviewComment]) -> Iterator[Row]:
    yield Row("@", None, None, hunk.header)
    for line in hunk.lines:
        said = tuple(
            _said(comment)
            for comment in comments
            if comment.line is not None and comment.line == (line.new if comment.side == "RIGHT" else line.old)
        )
        mark: Literal[" ", "+", "-"] = "+" if line.old is None else "-" if line.new is None else " "
        yield Row(mark, line.old, line.new, line.text, said)


def _said(comment: ReviewComment) -> Said:
    last = comment.line or 0
    return Said(visible(comment.body), comment.start_line or last, last)
