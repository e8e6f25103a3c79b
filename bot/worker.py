"""Works through the mailbox: claims, hands over, and sees to it that every claim ends in one of six ways.

```
claimed ── handled ─────────────── finished
        ├─ Unavailable(seconds) ── waits exactly so long, and its installation with it
        ├─ Unavailable, Unauthorized  waits longer each time, for a day or so; then parked
        ├─ another fault ───────── waits longer each time; after the last attempt parked
        ├─ LeaseLost ───────────── left alone: another worker has it
        └─ stopping ────────────── released for another worker
```
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.forges.base import ForgeError, Gone, Unauthorized, Unavailable
from bot.mailbox import DATABASE_FAULTS, DRIVER_FAULTS, Claimed, LeaseLost, Mailbox, reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.forges.base import Fence
    from bot.mailbox import ReviewRecord

_log = logging.getLogger(__name__)

LONGEST_WAIT = 86_400.0
"""Seconds that a forge may ask us to wait; more than a day is a mistake of its clock."""


class Handler(Protocol):
    """Does the work, such as `bot.handling.Handling`."""

    async def __call__(self, claimed: Claimed, fence: Fence, /) -> ReviewRecord | None:
        """Carry out the commands in their order, then the review if one is asked for.

        Returns:
            What to keep of it; `None` when there was no review.

        Raises:
            bot.forges.base.ForgeError: The forge did not let it end well.
            LeaseLost: The fence said so.
        """


class OnPark(Protocol):
    """Tells the pull request that we gave up, such as by `Forge.fail`."""

    async def __call__(self, claimed: Claimed, sentence: str, /) -> None:
        """Complete the check with a plain sentence."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How a worker deals with faults and time.

    Attributes:
        attempts: After so many the work is parked. With the delays below that is after 15 minutes or so.
        outages: After so many failures of the forge the work is parked: a day or so.
        first: Seconds before the second attempt; doubled for each further one.
        longest: Most seconds between two attempts.
        poll: Seconds between two looks at the mailbox when nothing wakes the worker.
        grace: Seconds that work may still take once the worker is stopping.
        jitter: Returns a number from 0 to 1; spreads the attempts of many pull requests.
    """

    attempts: int = 8
    outages: int = 100
    first: float = 5.0
    longest: float = 900.0
    poll: float = 2.0
    grace: float = 8.0
    jitter: Callable[[], float] = random.random

    def delay(self, attempts: int) -> float:
        """Return the seconds to wait after so many attempts: half of it certain, half by chance."""
        # 2**30 is past any `longest`; the exponent stays small whatever the count.
        full = min(self.longest, self.first * 2.0 ** min(attempts - 1, 30))
        return full * (0.5 + self.jitter() / 2)


class Worker:
    """Runs several pieces of work at the same time.

    Args:
        mailbox: Where work comes from.
        handle: Does it.
        on_park: Told when work is given up.
        name: For the log and the database.
        concurrency: Pieces of work at the same time.
        patience: See there.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        handle: Handler,
        on_park: OnPark,
        *,
        name: str = "worker",
        concurrency: int = 4,
        patience: Patience | None = None,
    ) -> None:
        self._mailbox = mailbox
        self._handle = handle
        self._on_park = on_park
        self._name = name
        self._concurrency = concurrency
        self._patience = patience or Patience()
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop` is called, then for the grace period at most; what is not done by then is released."""
        while not self._stopping.is_set():
            try:
                await self._round()
            except DATABASE_FAULTS as fault:
                _log.error("the mailbox cannot be read: %s", reason(fault))
                await self._mailbox.wait(1.0)
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=self._patience.grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping.set()
        self._mailbox.ring()

    async def _round(self) -> None:
        """Begin what may begin now, then wait for more."""
        while not self._stopping.is_set() and len(self._running) < self._concurrency:
            claimed = await self._mailbox.claim(self._name)
            if claimed is None:
                break
            self._begin(claimed)
        else:
            # Every place is taken (or we stop): whoever ends rings.
            await self._mailbox.wait(self._patience.poll)
            return
        due = await self._mailbox.due_in()
        # Something may have become due between the two questions; the poll would find it late.
        if not self._stopping.is_set() and (claimed := await self._mailbox.claim(self._name)) is not None:
            self._begin(claimed)
            return
        await self._mailbox.wait(self._patience.poll if due is None else max(0.0, min(due, self._patience.poll)))

    def _begin(self, claimed: Claimed) -> None:
        task = asyncio.create_task(self._work(claimed), name=f"work on {claimed.job.key}")
        self._running.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._mailbox.ring()
        if task.cancelled() or (fault := task.exception()) is None:
            return
        # Giving the claim back failed as well: the lease runs out, and somebody takes the work over.
        if isinstance(fault, DATABASE_FAULTS):
            _log.error("work was left to its lease, for the database cannot be used: %s", reason(fault))
        else:
            _log.error("work was left to its lease", exc_info=fault)

    async def _work(self, claimed: Claimed) -> None:
        extra = {"pull_request": str(claimed.job.key), "generation": claimed.generation, "attempt": claimed.attempts}
        try:
            if claimed.attempts > self._patience.attempts:
                # Its attempts never came to an end, so the branch for faults never saw the last one.
                await self._park(claimed, "The process died each time while it worked on this.")
                return
            try:
                record = await self._under_lease(claimed)
            except asyncio.CancelledError:
                await self._release(claimed)
                raise
            except Exception as fault:  # noqa: BLE001 - the worker loop outlives every fault of the work
                await self._ended_badly(claimed, _cause(fault), extra)
            else:
                await self._mailbox.finish(claimed, record)
                _log.info("done", extra=extra)
        except LeaseLost:
            _log.warning("lease lost; another worker goes on", extra=extra)

    async def _ended_badly(self, claimed: Claimed, fault: BaseException, extra: dict[str, object]) -> None:
        match fault:
            case LeaseLost():
                raise fault
            case Gone():
                _log.info("nothing left to do: %s", fault, extra=extra)
                await self._mailbox.finish(claimed)
            case Unauthorized():
                # The same for everything there, and no fault of this work: it waits until somebody has replaced them.
                _log.error("the forge does not take our credentials; the work waits: %s", fault, extra=extra)
                await self._out(claimed, str(fault))
            case Unavailable(retry_after=None):
                _log.warning("the forge is unavailable: %s", fault, extra=extra)
                await self._out(claimed, str(fault))
            case Unavailable():
                _log.warning("the forge asks to wait %s s: %s", fault.retry_after, fault, extra=extra)
                # Not a fault of the work, so it does not count; and not only this pull request must wait.
                seconds = min(max(fault.retry_after or 0.0, 0.0), LONGEST_WAIT)
                await self._mailbox.retry_later(claimed, seconds, str(fault), hold_installation=True, blame="forge")
            case ForgeError():
                _log.error("work failed: %s", fault, extra=extra)
                await self._failed(claimed, f"{type(fault).__name__}: {fault}")
            case _ if isinstance(fault, DRIVER_FAULTS):
                _log.error("work failed, for the database cannot be used: %s", reason(fault), extra=extra)
                await self._failed(claimed, f"The database cannot be used: {type(fault).__name__}")
            case _:
                _log.error("work failed", exc_info=fault, extra=extra)
                await self._failed(claimed, f"{type(fault).__name__}: {fault}")

    async def _under_lease(self, claimed: Claimed) -> ReviewRecord | None:
        """Run the handler with a heartbeat beside it; a lost lease cancels the handler."""
        work = asyncio.ensure_future(self._handle(claimed, self._mailbox.fence(claimed)))
        beat = asyncio.create_task(self._beat(claimed))
        try:
            await asyncio.wait({work, beat}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            beat.result()
            raise LeaseLost
        finally:
            work.cancel()
            beat.cancel()
            await asyncio.gather(work, beat, return_exceptions=True)

    async def _beat(self, claimed: Claimed) -> None:
        """Extend the lease at a third of its length; return or raise `LeaseLost` only when it is lost."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._mailbox.lease_seconds
        while True:
            await asyncio.sleep(self._mailbox.lease_seconds / 3)
            began = loop.time()
            try:
                await self._mailbox.heartbeat(claimed)
            except DATABASE_FAULTS:
                # The database may come back before the lease is over; nobody can take the work over before that.
                if loop.time() > until:
                    return
            else:
                until = began + self._mailbox.lease_seconds

    async def _out(self, claimed: Claimed, reason: str) -> None:
        """Wait for a forge that does not answer; only this pull request, since only its answers may be what fails."""
        if claimed.outages + 1 >= self._patience.outages:
            await self._park(claimed, reason)
        else:
            delay = self._patience.delay(claimed.outages + 1)
            await self._mailbox.retry_later(claimed, delay, reason, blame="forge")

    async def _failed(self, claimed: Claimed, reason: str) -> None:
        if claimed.attempts >= self._patience.attempts:
            await self._park(claimed, reason)
        else:
            await self._mailbox.retry_later(claimed, self._patience.delay(claimed.attempts), reason)

    async def _park(self, claimed: Claimed, reason: str) -> None:
        """Tell the pull request first: dying in between tells it twice, which is harmless, and never not at all."""
        extra = {"pull_request": str(claimed.job.key), "attempt": claimed.attempts}
        await self._mailbox.fence(claimed)()
        try:
            async with asyncio.timeout(self._mailbox.lease_seconds / 2):
                await self._on_park(claimed, reason)
        except Exception:  # noqa: BLE001 - the forge may be what is broken; the status page shows the work all the same
            _log.exception("the pull request could not be told", extra=extra)
        if await self._mailbox.park(claimed, reason):
            _log.error("parked, until `hullcheck retry` or another push: %s", reason, extra=extra)

    async def _release(self, claimed: Claimed) -> None:
        try:
            await self._mailbox.release(claimed)
        except (LeaseLost, *DATABASE_FAULTS):
            _log.warning("left to its lease", extra={"pull_request": str(claimed.job.key)})


def _cause(fault: BaseException) -> BaseException:
    """Return what decides in a group of faults that happened at the same time."""
    if isinstance(fault, BaseExceptionGroup):
        for kind in (LeaseLost, Gone, Unavailable, Unauthorized):
            if (part := fault.subgroup(kind)) is not None:
                return _cause(part.exceptions[0])
    return fault
