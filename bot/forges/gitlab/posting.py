"""New comments: draft notes that are published together, in one review and one e-mail."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.forges.base import Gone, Rejected
from bot.forges.gitlab.conversation import discussions, marks
from bot.forges.gitlab.faults import Broken
from bot.forges.gitlab.quick_actions import harmless
from bot.forges.marks import mark_in
from bot.review.markdown import code, without_buttons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.forges.base import Comment, ReviewPlan
    from bot.forges.gitlab.accounts import Own
    from bot.forges.gitlab.client import Client, Writer
    from bot.forges.gitlab.positions import Positions


class Posting:
    """Posts what does not stand yet.

    Args:
        client: The project.
        writer: Writes there.
        positions: The places of the newest version.
        own: Our accounts.

    Attributes:
        posted: Comments posted now.
        found: Comments of the plan that stood already.
        refused: Comments that could not stand where they were planned; they stand beside the diff.
    """

    def __init__(self, client: Client, writer: Writer, positions: Positions, own: Own) -> None:
        self._client = client
        self._writer = writer
        self._positions = positions
        self._own = own
        self._drafts = f"{client.merge_request}/draft_notes"
        self.posted = 0
        self.found = 0
        self.refused: list[Comment] = []

    async def drop_leftovers(self) -> None:
        """Remove drafts that an earlier attempt left: they would be published with the new ones.

        One that is gone by then was published after all, by an attempt that GitLab was still at.
        """
        # GitLab gives all drafts at once and shows everybody their own only.
        for draft in await self._client.get(self._drafts):
            with suppress(Gone):
                await self._writer.delete(f"{self._drafts}/{draft['id']}")

    async def post(self, plan: ReviewPlan, standing: frozenset[str]) -> None:
        """Post the comments of a plan that do not stand yet.

        Args:
            plan: What is to be said.
            standing: Marks of what we said already.
        """
        planned = [*plan.comments, *plan.file_comments]
        missing = _missing(planned, standing)
        self.found = len(planned) - len(missing)
        if not missing:
            return
        for comment in missing:
            await self._draft(comment)
        try:
            await self._writer.post(f"{self._drafts}/bulk_publish")
        except Broken:
            await self._after_a_broken_batch(missing)
        self.posted = len(planned) - self.found

    async def _draft(self, comment: Comment) -> None:
        """Write a draft: where it was planned, else beside the diff."""
        position = self._positions.of(comment)
        if position is not None:
            try:
                await self._writer.post(self._drafts, {"note": harmless(comment.body), "position": position})
            except Rejected:
                pass
            else:
                return
        await self._writer.post(self._drafts, {"note": harmless(self._beside(comment))})

    async def _after_a_broken_batch(self, missing: Sequence[Comment]) -> None:
        """Go on after a bare 500: see what was published, drop the drafts, and post the rest one by one.

        A discussion is checked by GitLab as it is made, so the one that broke the batch is found here.
        """
        standing = marks(await discussions(self._client), self._own)
        await self.drop_leftovers()
        for comment in _missing(missing, standing):
            await self._discuss(comment)

    async def _discuss(self, comment: Comment) -> None:
        place = f"{self._client.merge_request}/discussions"
        position = self._positions.of(comment)
        if position is not None:
            try:
                await self._writer.post(place, {"body": harmless(comment.body), "position": position})
            except Rejected:
                pass
            else:
                return
        await self._writer.post(place, {"body": harmless(self._beside(comment))})

    def _beside(self, comment: Comment) -> str:
        """Note that a comment was refused, and word it so that it can stand beside the diff."""
        if comment not in self.refused:
            self.refused.append(comment)
        return _without_place(comment).body


def _missing(comments: Sequence[Comment], standing: frozenset[str]) -> list[Comment]:
    return [comment for comment in comments if not ((mark := mark_in(comment.body)) and mark.text in standing)]


def _without_place(comment: Comment) -> Comment:
    """Return a comment as it can stand anywhere: what it suggests is shown, but has no button there."""
    place = code(comment.path) + (f", line {comment.line}" if comment.line else "")
    body = without_buttons(comment.body, "dockerfile")
    return replace(comment, body=f"{place}: {body}", line=None, start_line=None)
