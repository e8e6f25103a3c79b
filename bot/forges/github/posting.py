"""New comments: one review for those on lines, one by one those on whole files."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bot.forges.base import Gone, Rejected
from bot.forges.marks import mark_in
from bot.review.markdown import without_buttons
from bot.review.markers import strip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.forges.base import Comment, ReviewPlan
    from bot.forges.github.client import Client
    from bot.forges.github.conversation import Said
    from bot.forges.github.writing import Writer

MOST_ON_FILES: Final = 10
"""Comments without a line in one review; each is a request and a notification of its own."""


def demand_head(pull: Mapping[str, Any], head: str) -> None:
    """Check that a pull request still stands where it was reviewed.

    Raises:
        Gone: It has another head, or was closed.
    """
    if pull["head"]["sha"] != head:
        raise Gone(f"the pull request has moved on from {head[:12]} to {pull['head']['sha'][:12]}")
    if pull["state"] != "open":
        raise Gone("the pull request is no longer open")


class Posting:
    """Posts what does not stand yet.

    Args:
        client: The repository.
        writer: Writes there.
        number: Of the pull request.
        plan: What is to be said.
        own: What we said already.

    Attributes:
        posted: Comments posted now.
        found: Comments of the plan that stood already.
        refused_on_files: Comments that were planned without a line and refused.
    """

    def __init__(self, client: Client, writer: Writer, number: int, plan: ReviewPlan, own: Said) -> None:
        marks = own.marks()
        self._client = client
        self._writer = writer
        self._pull = f"/pulls/{number}"
        self._head = plan.head
        self._own = own
        self._lines = [comment for comment in plan.comments if not _stands(comment.body, marks)]
        self._files = [comment for comment in plan.file_comments if not _stands(comment.body, marks)]
        self._body = "" if _stands(plan.body, marks) else plan.body
        self.posted = 0
        self.found = len(plan.comments) + len(plan.file_comments) - len(self._lines) - len(self._files)
        self.refused_on_files: list[Comment] = []

    async def drop_pending(self) -> None:
        """Remove a review that was left unsubmitted: as long as it is there, GitHub takes no other one."""
        for review in self._own.reviews:
            if review["state"] == "PENDING":
                with suppress(Gone):
                    await self._writer.delete(f"{self._pull}/reviews/{review['id']}")

    async def review(self) -> list[Comment]:
        """Post the review and return the comments that GitHub refuses."""
        refused = await self._post(self._lines)
        if strip(self._body):  # a mark alone would be seen as an empty review
            await self._send([])
        return refused

    async def on_files(self, refused: Sequence[Comment]) -> list[Comment]:
        """Post comments on whole files, the refused ones too, and return those that still have no place."""
        homeless = []
        room = MOST_ON_FILES
        for comment in (*self._files, *map(_without_line, refused)):
            if room and await self._on_file(comment):
                room -= 1
                self.posted += 1
            else:
                homeless.append(comment)
        self.refused_on_files = [comment for comment in homeless if comment in self._files]
        return homeless

    async def _post(self, comments: Sequence[Comment]) -> list[Comment]:
        """Post comments together. GitHub refuses all for one and does not say which, so halves are tried."""
        if not comments:
            return []
        try:
            await self._send(comments)
        except Rejected:
            if comments is self._lines:
                demand_head(await self._client.get(self._pull), self._head)
            if len(comments) == 1:
                return list(comments)
        else:
            self.posted += len(comments)
            return []
        middle = len(comments) // 2
        return [*await self._post(comments[:middle]), *await self._post(comments[middle:])]

    async def _send(self, comments: Sequence[Comment]) -> None:
        review = {
            "commit_id": self._head,
            "event": "COMMENT",
            "body": self._body,
            "comments": [_on_line(comment) for comment in comments],
        }
        await self._writer.post(f"{self._pull}/reviews", review)
        self._body = ""

    async def _on_file(self, comment: Comment) -> bool:
        """Post a comment on a whole file; a review cannot hold these ("Create a review", G1)."""
        data = {
            "commit_id": self._head,
            "path": comment.path,
            "subject_type": "file",
            "body": comment.body,
        }
        try:
            await self._writer.post(f"{self._pull}/comments", data)
        except Rejected:
            return False
        return True


def _on_line(comment: Comment) -> dict[str, Any]:
    placed = {"path": comment.path, "body": comment.body, "line": comment.line, "side": comment.side}
    if comment.start_line is not None and comment.start_line != comment.line:
        placed |= {"start_line": comment.start_line, "start_side": comment.side}
    return placed


def _without_line(comment: Comment) -> Comment:
    """Return a comment as it can stand on the whole file: what it suggests is shown, but has no button there."""
    body = without_buttons(comment.body, "dockerfile")
    return replace(comment, body=f"Line {comment.line}: {body}", line=None, start_line=None)


def _stands(body: str, marks: frozenset[str]) -> bool:
    mark = mark_in(body)
    return mark is not None and mark.text in marks
