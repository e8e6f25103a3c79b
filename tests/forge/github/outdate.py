"""Where review comments stand after a push: they follow their lines through git's diffs, or are outdated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tests.forge.hunks import Hunk, moved_line

if TYPE_CHECKING:
    from datetime import datetime

    from tests.forge.github.model import Review, ReviewComment, User
    from tests.forge.github.pulls import PullRequest
    from tests.forge.repository import FileDiff


class Place(NamedTuple):
    """A line of the present diff: its hunk, its row in it, and GitHub's `position` in the file's patch."""

    hunk: Hunk
    row: int
    position: int


def find(diff: FileDiff, side: str, number: int) -> Place | None:
    """Find a line in a file's hunks; outside of them there is nothing to comment on."""
    below = 0
    for hunk in diff.hunks:
        index = hunk.find(side, number)
        if index is not None:
            return Place(hunk, index, below + index + 1)
        below += len(hunk.lines) + 1
    return None


def excerpt(place: Place) -> str:
    """Return the hunk from its header to the line, as `diff_hunk` shows it."""
    signs = {(True, False): "+", (False, True): "-", (False, False): " "}
    shown = [signs[line.old is None, line.new is None] + line.text for line in place.hunk.lines[: place.row + 1]]
    return "\n".join([place.hunk.header, *shown])


def follow(pull: PullRequest) -> None:
    """Bring every comment's line up to date with the pull request's present diff."""
    present = {each.path: each for each in pull.diff()}
    for comment in pull.comments:
        if comment.subject_type == "line":
            _follow(pull, comment, present)
        elif comment.path in present:
            comment.commit = pull.head


def _follow(pull: PullRequest, comment: ReviewComment, present: dict[str, FileDiff]) -> None:
    git = pull.project.git
    old, new = comment.original_commit, pull.head
    if comment.side == "LEFT":
        old, new = git.merge_base(pull.base_tip, old), pull.merge_base
    # A file that a push renames takes no comments along: the path that they name is no longer in the diff.
    hunks = next((each.hunks for each in git.diff(old, new) if each.old_path == comment.path), ())
    line = moved_line(hunks, comment.original_line or 0)
    start = None if comment.original_start_line is None else moved_line(hunks, comment.original_start_line)
    place = find(present[comment.path], comment.side, line) if line and comment.path in present else None
    if place is None or (comment.original_start_line is not None and start is None):
        comment.line = comment.start_line = comment.position = None
        return
    comment.line, comment.start_line, comment.position = line, start, place.position
    comment.commit = pull.head


def same_place(
    top: ReviewComment, number: int, author: User, body: str, review: Review, now: datetime
) -> ReviewComment:
    """Make a reply: it stands where the thread's first comment stands."""
    return replace(
        top,
        id=number,
        author=author,
        body=body,
        review=review,
        created=now,
        updated=now,
        in_reply_to=top.id,
        reactions=[],
    )
