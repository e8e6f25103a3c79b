"""Looks at GitLab for what its hooks told nobody: it does not repeat a call that nobody took.

```
projects whose hook has called ── open merge requests changed since the last look ── head unknown, pushed since ── job
                                                                                 ├─ told of, not reviewed so ────── job
                                                                                 └─ command without our reaction ── job
```
Told of and not reviewed so is what has another base branch by now, and what was closed when its turn came. The end of a
draft is not looked for: drafts are reviewed like everything else.
That a token can see a project is no reason to review it; see `bot/decisions/0008-gitlab-is-looked-at-again.md`.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.forges.base import ForgeError, Gone, Rejected, Unavailable
from bot.forges.gitlab import missed
from bot.forges.gitlab.door import PAGE
from bot.inbound.faults import Malformed
from bot.inbound.gitlab import command_in_note
from bot.inbound.payload import Payload
from bot.jobs import Delivery, Job, PullRequestKey
from bot.mailbox import Look, Receipt, Standing

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from bot.forges.gitlab.door import Door
    from bot.forges.gitlab.missed import Changed
    from bot.jobs import Command
    from bot.mailbox import Caller, Mailbox

_log = logging.getLogger(__name__)

HORIZON: Final = 7 * 86_400.0
"""Seconds that a look goes back at most."""
MARGIN: Final = 300.0
"""Seconds that each look goes back further, for clocks that differ and calls that were on their way."""
MOST_PROJECTS: Final = 300
"""Projects looked at in a round; with more, those looked at longest ago."""
MOST_FAULTS: Final = 3
"""Projects that cannot be read before the rest is left for the next round."""


class _Enough(Exception):  # noqa: N818 - says what happened, and is no fault
    """The round has taken all that it may."""


@dataclass(slots=True)
class Ration:
    """What a round may take.

    Attributes:
        requests: To the forge.
        seconds: From the first of them.
        clock: Tells seconds.
    """

    requests: int = 500
    seconds: float = 900.0
    clock: Callable[[], float] = time.monotonic
    _until: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._until = self.clock() + self.seconds

    def take(self) -> None:
        """Take one request.

        Raises:
            _Enough: There is none left.
        """
        if self.requests <= 0 or self.clock() > self._until:
            raise _Enough
        self.requests -= 1


async def catch_up(mailbox: Mailbox, door: Door, instance: str, ration: Ration | None = None) -> int:
    """Put into the mailbox what an instance's hooks told of while nobody listened.

    Args:
        mailbox: Knows whose hooks have called, how far each project was looked at, and what arrived.
        door: The instance.
        instance: Its host, as in `PullRequestKey.instance`.
        ration: What the round may take.

    Returns:
        How much was missed.

    Raises:
        ForgeError: The instance does not answer, or not this token; the next round begins where this one did.
    """
    callers = await mailbox.callers("gitlab", instance, MOST_PROJECTS)
    if not callers:
        return 0
    ration = ration or Ration()
    ration.take()
    account = (await door.get("/user"))["id"]
    searches = [_Search(mailbox, door, caller, account, ration) for caller in callers]
    faults = 0
    for search in searches:
        try:
            await search.run()
        except _Enough:
            _log.info("%s has more to look at than one round may ask for; the rest follows in an hour", instance)
            break
        except ForgeError as fault:
            _log.warning("project %s cannot be looked at for what was missed: %s", search.project, fault)
            search.gone = isinstance(fault, Gone)
            faults += not search.gone
            if faults >= MOST_FAULTS or (isinstance(fault, Unavailable) and fault.retry_after is not None):
                break
        finally:
            if search.begun:
                await mailbox.looked(search.caller.key, search.outcome())
    return sum(search.found for search in searches)


@dataclass(slots=True)
class _Search:
    """A search through one project.

    Attributes:
        begun: Whether anything was asked.
        found: How much was missed.
        gone: Whether the project is no longer there.
    """

    mailbox: Mailbox
    door: Door
    caller: Caller
    account: int
    ration: Ration
    begun: bool = False
    found: int = 0
    gone: bool = False
    _ended: bool = False
    _since: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = max(self.caller.looked_until - MARGIN, self.caller.asked_at - HORIZON)
        self._at = self.caller.resume_at

    @property
    def project(self) -> str:
        """The project's number, as text."""
        return self.caller.key.repository

    def outcome(self) -> Look:
        """Return what is to be remembered."""
        if self._ended:
            return Look(self.caller.asked_at, found=self.found > 0)
        return Look(self.caller.looked_until, self._at, self.found > 0, self.gone)

    async def run(self) -> None:
        """Go through what was changed, the longest unchanged first, so that the next look can go on."""
        while not self._ended:
            since = max(self._since, self._at)
            self.ration.take()
            self.begun = True
            page = await missed.changed(self.door, self.project, since)
            for change in page:
                # One that was deleted meanwhile is no loss, and one that is odd must not hold up the rest.
                with suppress(Gone, Rejected):
                    await self._see(change)
                self._at = change.updated_at
            self._ended = len(page) < PAGE or self._at <= since

    async def _see(self, change: Changed) -> None:
        key = PullRequestKey(*self.caller.key, change.number)
        if change.head and await self._lacks_review(key, change):
            # By its time: a head may come back, and a base branch too.
            await self._put("merge_request", f"{change.head} {change.updated_at}", self._job(key, head=change.head))
        if not change.notes:
            return
        self.ration.take()
        for note in await missed.commands(self.door, key.repository, key.number, self._since):
            if (command := await self._missed_command(key, note)) is not None:
                await self._put("note", str(command.comment_id), self._job(key, command=command))

    async def _lacks_review(self, key: PullRequestKey, change: Changed) -> bool:
        standing = await self.mailbox.standing(key, change.head, change.base_branch)
        return standing is Standing.OWED or (standing is Standing.UNHEARD and await self._is_new(change))

    async def _is_new(self, change: Changed) -> bool:
        """Tell whether the head was pushed since the last look: what is older, no hook of ours told of."""
        if change.created_at >= self._since:
            return True
        self.ration.take()
        return await missed.pushed_at(self.door, self.project, change) >= self._since

    async def _missed_command(self, key: PullRequestKey, note: dict[str, Any]) -> Command | None:
        """Return the command of a note that has neither our reaction nor a place in the mailbox."""
        if note["author"]["id"] == self.account or await self.mailbox.awaits(key, note["id"]):
            return None
        self.ration.take()
        if await missed.answered(self.door, key.repository, key.number, note["id"], self.account):
            return None
        said = {**note, "note": note["body"], "author_id": note["author"]["id"]}
        if note["type"]:
            self.ration.take()
            said["discussion_id"] = await missed.discussion_of(self.door, key.repository, key.number, note["id"])
        try:
            return command_in_note(Payload(said), Payload({"user": note["author"]}))
        except Malformed:
            return None

    def _job(self, key: PullRequestKey, head: str = "", command: Command | None = None) -> Job:
        return Job(key, key.instance, head=head, repository_id=int(key.repository), command=command)

    async def _put(self, event: str, what: str, job: Job) -> None:
        """Have something done as if its call had come."""
        delivery = Delivery(f"missed {job.key} {what}", "gitlab", f"{event}.missed", job)
        if await self.mailbox.put(delivery) in {Receipt.STORED, Receipt.COALESCED}:
            self.found += 1
            extra = {"pull_request": str(job.key), "event": delivery.event, "delivery": delivery.id}
            _log.info("found what no call told of", extra=extra)
