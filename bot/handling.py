"""Ties the mailbox to the reviewer: what was claimed is carried out on the forge it belongs to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.forges.base import Denied
from bot.mailbox.records import ReviewRecord
from bot.obedience import obey
from bot.review.markdown import prose
from bot.reviewer import review

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.forges.base import Fence, Forge
    from bot.jobs import ForgeName, PullRequestKey
    from bot.mailbox.records import Claimed
    from bot.reviewer import Desk


@dataclass(frozen=True, slots=True)
class Handling:
    """A `bot.worker.Handler` and, by `give_up`, its `OnPark`.

    Attributes:
        forges: By name and instance, as in `PullRequestKey`.
        desk: What reviews are made with.
        clock: Seconds, for how long a review takes.
    """

    forges: Mapping[tuple[ForgeName, str], Forge]
    desk: Desk
    clock: Callable[[], float] = time.monotonic

    async def __call__(self, claimed: Claimed, fence: Fence) -> ReviewRecord | None:
        """Carry out the commands in their order, then the review if one is asked for."""
        began = self.clock()
        forge = self._forge(claimed.job.key)
        wanted = claimed.review
        for job in claimed.commands:
            if job.command is not None and await obey(job, job.command, forge, fence):
                wanted = True
        if not wanted:
            return None
        outcome = await review(claimed.job, forge, fence, self.desk)
        seconds = self.clock() - began
        counts, posted = outcome.counts, outcome.posted
        return ReviewRecord(outcome.head, outcome.conclusion, counts, posted, seconds, outcome.base_branch)

    async def give_up(self, claimed: Claimed, sentence: str) -> None:
        """Complete the check with a plain sentence, which may repeat what others wrote and is no Markdown."""
        await self._forge(claimed.job.key).fail(claimed.job, prose(sentence))

    def _forge(self, key: PullRequestKey) -> Forge:
        forge = self.forges.get((key.forge, key.instance))
        if forge is None:
            raise Denied(f"no credentials are configured for {key.forge} at {key.instance}")
        return forge
