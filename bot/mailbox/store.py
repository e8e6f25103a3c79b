"""The mailbox as the rest of the bot sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.mailbox import callers, incoming, leases, status
from bot.mailbox.database import Database
from bot.mailbox.incoming import Coalescing
from bot.mailbox.leases import LeaseTerms, Nothing
from bot.mailbox.records import Claimed, Receipt
from bot.mailbox.wake import ListeningWake, LocalWake

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from bot.forges.base import Fence
    from bot.jobs import Delivery, ForgeName, PullRequestKey, RepositoryKey
    from bot.mailbox.clock import Clock
    from bot.mailbox.records import Blame, Caller, HistoryEntry, Look, ParkedWork, ReviewRecord, Standing, Tally

_CLAIM_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Timing:
    """The mailbox's terms; the defaults are for production.

    Attributes:
        coalescing: How long a push waits for the next one.
        lease: How long work may go on without a heartbeat, and how much of it for one installation.
    """

    coalescing: Coalescing = field(default_factory=Coalescing)
    lease: LeaseTerms = field(default_factory=LeaseTerms)


class Mailbox:
    """Durable work, one row a pull request, on SQLite or PostgreSQL.

    Use `Mailbox.open` as an asynchronous context manager.

    Args:
        database: Open and migrated.
        timing: The terms.
    """

    def __init__(self, database: Database, timing: Timing) -> None:
        self._database = database
        self._timing = timing
        self._wake = ListeningWake(database.engine) if database.is_postgresql else LocalWake()

    @classmethod
    async def open(cls, url: str, timing: Timing | None = None, clock: Clock | None = None) -> Self:
        """Connect, migrate, and listen for work.

        Args:
            url: With the async driver, as `Settings.database_url`.
            timing: The terms.
            clock: Where the time comes from instead of the database.

        Raises:
            DatabaseFaultError: With a plain sentence.
        """
        mailbox = cls(await Database.open(url, clock), timing or Timing())
        await mailbox._wake.start()
        return mailbox

    async def close(self) -> None:
        """Stop listening and disconnect."""
        await self._wake.stop()
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def lease_seconds(self) -> float:
        """Length of a lease; a heartbeat is due at a third of it."""
        return self._timing.lease.seconds

    async def put(self, delivery: Delivery) -> Receipt:
        """Store a delivery; once this returns, it is never lost.

        A delivery whose work is complete is a duplicate. One whose work is waiting joins it, and one whose work
        was parked sets it going again. Anything new restarts the count of attempts.
        """
        receipt = await incoming.put(self._database, delivery, self._timing.coalescing)
        if receipt in {Receipt.STORED, Receipt.COALESCED}:
            self.ring()
        return receipt

    async def claim(self, worker: str) -> Claimed | None:
        """Take the next piece of work, or return `None` when none may begin now.

        Args:
            worker: A name for the log.
        """
        for _ in range(_CLAIM_ROUNDS):
            match await leases.claim(self._database, worker, self._timing.lease):
                case Claimed() as claimed:
                    return claimed
                case Nothing.IDLE:
                    return None
                case Nothing.CONTENDED:
                    continue
        return None

    async def heartbeat(self, claimed: Claimed) -> None:
        """Extend the lease to its full length from now.

        Raises:
            LeaseLost: It had run out, or another worker holds the work.
        """
        await leases.heartbeat(self._database, claimed, self._timing.lease)

    def fence(self, claimed: Claimed) -> Fence:
        """Return what is to be awaited right before each write to the forge; it raises `LeaseLost`."""

        async def check() -> None:
            await leases.check(self._database, claimed)

        return check

    async def finish(self, claimed: Claimed, record: ReviewRecord | None = None) -> None:
        """Note that everything claimed is done, and what came of it.

        Raises:
            LeaseLost: Another worker holds the work; nothing was noted.
        """
        await leases.finish(self._database, claimed, record)

    async def retry_later(
        self,
        claimed: Claimed,
        seconds: float,
        reason: str,
        *,
        hold_installation: bool = False,
        blame: Blame = "work",
    ) -> None:
        """Give work back, to be begun again after some seconds.

        Args:
            claimed: The work.
            seconds: How long to wait. What was asked meanwhile keeps its own time.
            reason: A plain sentence for the status page.
            hold_installation: Whether nothing of the same installation may begin before that either.
            blame: What the attempt is put down to; only "work" counts as an attempt.

        Raises:
            LeaseLost: Another worker holds the work.
        """
        await leases.retry_later(
            self._database, claimed, seconds, reason, hold_installation=hold_installation, blame=blame
        )

    async def park(self, claimed: Claimed, reason: str) -> bool:
        """Put work aside until a person asks again, by a push, a redelivery or `retry_parked`.

        Returns:
            False when something newer was asked meanwhile: that runs, and nothing is parked.

        Raises:
            LeaseLost: Another worker holds the work.
        """
        return await leases.park(self._database, claimed, reason)

    async def release(self, claimed: Claimed) -> None:
        """Give work back as if it had not been claimed, for any worker to take at once.

        Raises:
            LeaseLost: Another worker holds the work.
        """
        await leases.retry_later(self._database, claimed, 0.0, "", hold_installation=False, blame="nobody")
        self.ring()

    async def due_in(self) -> float | None:
        """Return the seconds until work becomes runnable that is not yet; `None` when there is none."""
        return await leases.due_in(self._database)

    async def wait(self, seconds: float) -> None:
        """Return when there may be work, or after so many seconds."""
        await self._wake.wait(seconds)

    def ring(self) -> None:
        """Make `wait` return."""
        self._wake.ring()

    async def ping(self) -> None:
        """Return when the database takes what is written, else raise what its driver raises; a full disk is read."""
        await status.remember(self._database, "pinged", "")

    async def tally(self) -> Tally:
        """Count what waits, runs and is parked."""
        return await status.tally(self._database)

    async def parked(self) -> tuple[ParkedWork, ...]:
        """List parked work, longest parked first."""
        return await status.parked(self._database)

    async def retry_parked(self, key: PullRequestKey | None = None) -> int:
        """Let parked work run again, of one pull request or all, and return how many rows that were."""
        count = await status.retry_parked(self._database, key)
        if count:
            self.ring()
        return count

    async def history(self, limit: int = 50, key: PullRequestKey | None = None) -> tuple[HistoryEntry, ...]:
        """List finished reviews, newest first, of one pull request or all."""
        return await status.history(self._database, limit, key)

    async def callers(self, forge: ForgeName, instance: str, limit: int) -> tuple[Caller, ...]:
        """List the repositories whose hooks have called us, looked at longest ago first.

        One in which two looks found something missed is left out until its hook calls again: it may have been removed.
        """
        return await callers.listed(self._database, forge, instance, limit)

    async def looked(self, key: RepositoryKey, look: Look) -> None:
        """Note that a repository was looked at for what was missed."""
        await callers.looked(self._database, key, look)

    async def standing(self, key: PullRequestKey, head: str, base_branch: str) -> Standing:
        """Tell how a pull request that is open stands with us, by its head and its base branch."""
        return await callers.standing(self._database, key, head, base_branch)

    async def awaits(self, key: PullRequestKey, comment_id: int) -> bool:
        """Tell whether a comment's command is here and not done yet."""
        return await callers.awaits(self._database, key, comment_id)

    async def recall(self, name: str) -> str | None:
        """Return a small value that was remembered, such as a cursor."""
        return await status.recall(self._database, name)

    async def remember(self, name: str, value: str) -> None:
        """Keep a small value under a name."""
        await status.remember(self._database, name, value)

    async def prune(self, days: float) -> None:
        """Forget finished deliveries, idle pull requests, reviews, and callers that were silent, for some days."""
        await status.prune(self._database, days)
