"""Deliveries that the database could not take: kept as files until it can.

GitLab disables a hook whose calls fail and does not send them again, so a delivery is answered by 202 as soon as it is
durable anywhere: in the mailbox, else here. As long as something lies here, what comes goes behind it, so that the
order stays and nobody waits for a database that hangs. See `bot/decisions/0007-gitlab-is-answered-from-a-spool.md`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from bot.jobs import Command, Delivery, Job, PullRequestKey, RepositoryKey
from bot.mailbox import DATABASE_FAULTS, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from bot.mailbox import Mailbox

MOST: Final = 10_000
"""Deliveries that are kept; each is less than a kilobyte or two."""
STORE_SECONDS: Final = 8.0
"""A database that takes longer is taken for one that is away."""
FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 30.0

_ODD: Final = (ValueError, TypeError, LookupError, AttributeError)
"""What a file that was torn or changed by hand raises, when it is read or stored."""

_log = logging.getLogger(__name__)


class Spool:
    """A folder of deliveries, the oldest first. Several processes may share it.

    Args:
        folder: Made when it is needed.
        most: Deliveries that are kept at most.
    """

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self._folder = folder
        self._most = most
        self._count = len(self._files())
        self._kept = asyncio.Event()
        if self._count:
            self._kept.set()

    @property
    def waiting(self) -> int:
        """Deliveries that lie here, as far as this process knows."""
        return self._count

    async def keep(self, delivery: Delivery) -> None:
        """Keep a delivery; once this returns, it survives the process and the machine.

        Raises:
            OSError: It could not be written, or there are too many.
        """
        if self._count >= self._most:
            raise OSError(f"{self._count} deliveries wait already")
        await asyncio.to_thread(self._write, delivery)
        self._count += 1
        self._kept.set()

    async def run(self, mailbox: Mailbox, sleep: Callable[[float], Any] = asyncio.sleep) -> None:
        """Hand over what lies here whenever the database takes it, for ever."""
        wait = FIRST_WAIT
        while True:
            await self._kept.wait()
            try:
                await self.drain(mailbox)
                wait = FIRST_WAIT
            except DATABASE_FAULTS as fault:
                _log.warning("%s deliveries wait for the database: %s", self._count, reason(fault))
                await sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)

    async def drain(self, mailbox: Mailbox) -> int:
        """Hand over everything that lies here, the oldest first, and return how much that was.

        Raises:
            One of `bot.mailbox.DATABASE_FAULTS`: The rest stays.
        """
        drained = 0
        try:
            while True:
                # Cleared before the look: what comes meanwhile sets it again.
                self._kept.clear()
                files = await asyncio.to_thread(self._files)
                if not files and not self._kept.is_set():
                    self._count = 0
                    return drained
                drained += await self._hand_over(files, mailbox)
        except BaseException:
            self._kept.set()
            raise

    async def _hand_over(self, files: Iterable[Path], mailbox: Mailbox) -> int:
        """Hand over some files and return how many; one that alone is refused, twice, is put aside."""
        done, refused, fault = 0, None, None
        for file in files:
            try:
                done += await _put(file, mailbox)
            except DATABASE_FAULTS as error:
                if refused is not None:
                    raise
                refused, fault = file, error
                continue
            if refused is not None:
                done += await _put_again(refused, mailbox)
                refused = fault = None
        if fault is not None:
            raise fault
        return done

    def _files(self) -> list[Path]:
        try:
            return sorted(self._folder.glob("*.json"))
        except OSError:
            return []

    def _write(self, delivery: Delivery) -> None:
        """Write a file under another name, put it in its place, and see to it that both are on the disk."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{time.time_ns():020d}-{hashlib.sha256(delivery.id.encode()).hexdigest()[:16]}"
        beside = self._folder / f"{name}.part"
        try:
            with beside.open("w", encoding="utf-8") as file:
                json.dump(asdict(delivery), file)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(self._folder / f"{name}.json")
        except OSError:
            # A disk that is full would be filled further by what nobody reads.
            beside.unlink(missing_ok=True)
            raise
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


async def _put(file: Path, mailbox: Mailbox) -> bool:
    """Hand one file over; `False` when there was nothing to hand over."""
    delivery = await asyncio.to_thread(_read, file)
    if delivery is None:
        return False
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await mailbox.put(delivery)
    except _ODD:
        _put_aside(file)
        return False
    await asyncio.to_thread(file.unlink, missing_ok=True)
    _log.info("delivery stored late", extra={"delivery": delivery.id, "event": delivery.event})
    return True


async def _put_again(file: Path, mailbox: Mailbox) -> bool:
    """Try a file once more of which the database took the next one; it must not stand in the way of all others."""
    try:
        return await _put(file, mailbox)
    except DATABASE_FAULTS as fault:
        _log.error("a delivery that was kept is refused by the database (%s): %s", reason(fault), file.name)
        await asyncio.to_thread(file.rename, file.with_suffix(".refused"))
        return False


def _read(file: Path) -> Delivery | None:
    """Return a delivery, `None` when another process has handed it over, or when it cannot be read and is put aside."""
    try:
        return _delivery(json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except _ODD:
        _put_aside(file)
        return None


def _put_aside(file: Path) -> None:
    _log.error("a delivery that was kept cannot be read: %s", file.name)
    file.rename(file.with_suffix(".unreadable"))


def _delivery(kept: dict[str, Any]) -> Delivery:
    job = kept["job"]
    if job is not None:
        command = job["command"]
        key = PullRequestKey(*job["key"])
        job = Job(**{**job, "key": key, "command": Command(**command) if command else None})
    caller = RepositoryKey(*kept["caller"]) if kept.get("caller") else None
    return Delivery(kept["id"], kept["forge"], kept["event"], job, caller)
