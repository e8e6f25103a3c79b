"""What one review writes on a forge, decided before the first write, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bot.forges.reading import Thread

Side = Literal["RIGHT", "LEFT"]


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment to be posted.

    Attributes:
        path: The file in the new tree.
        body: Markdown with the hidden marker.
        line: Last line it is about; `None` for a file-level comment.
        start_line: First line of a range; `None` for a single line.
        side: RIGHT for added and context lines, LEFT for deleted ones.
        old_line: The line in the old file for a context line (GitLab needs both), else `None`.
    """

    path: str
    body: str
    line: int | None = None
    start_line: int | None = None
    side: Side = "RIGHT"
    old_line: int | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """An edit of a thread of ours.

    Attributes:
        thread: Which.
        body: The new body, marker included; `None` leaves it.
        resolve: Resolve (`True`), reopen (`False`) or leave (`None`).
        reply: Posted in the thread as well, when not empty.
    """

    thread: Thread
    body: str | None = None
    resolve: bool | None = None
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A line of the check run.

    Attributes:
        path: The file.
        start_line: First line.
        end_line: Last line.
        level: GitHub's word.
        title: At most 255 characters.
        message: Plain text.
    """

    path: str
    start_line: int
    end_line: int
    level: Literal["notice", "warning", "failure"]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict, as a check run or a commit status.

    Attributes:
        conclusion: `success`, `neutral` or `failure`.
        title: One line.
        summary: Markdown, in full.
        annotations: In the order of the report.
    """

    conclusion: Literal["success", "neutral", "failure"]
    title: str
    summary: str
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """All that one review writes, decided before the first write.

    Attributes:
        head: The commit that was reviewed; nothing is posted once the pull request has another head.
        comments: Inline comments, posted as one review.
        file_comments: Comments without a line.
        body: The review's own body, marker included.
        revisions: Edits of earlier threads.
        summary: Body of the sticky summary comment: posted or edited in place; `None` leaves it or posts none.
        check: The verdict.
    """

    head: str
    check: Check
    comments: tuple[Comment, ...] = ()
    file_comments: tuple[Comment, ...] = ()
    body: str = ""
    revisions: tuple[Revision, ...] = ()
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did.

    Attributes:
        posted: Comments posted now.
        found: Comments that stood there already (an earlier attempt had posted them).
        refused: Comments that the forge refused; they are listed in the check.
        writes: Requests that changed something.
    """

    posted: int = 0
    found: int = 0
    refused: tuple[Comment, ...] = ()
    writes: int = 0
