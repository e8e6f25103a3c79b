"""A worker in a process of its own, to be killed: see `tests.bot.template`.

It prints a line when a piece of work begins and when it is published. After so many pieces the next ones never end.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import TYPE_CHECKING

from bot.mailbox import Claimed, Mailbox, Timing
from bot.mailbox.incoming import Coalescing
from bot.mailbox.leases import LeaseTerms
from bot.worker import Patience, Worker

if TYPE_CHECKING:
    from bot.forges.base import Fence


def timing(lease: float) -> Timing:
    """Return terms under which a delivery may begin at once."""
    return Timing(Coalescing(delay=0), LeaseTerms(seconds=lease, in_flight=4))


def say(word: str, claimed: Claimed) -> None:
    sys.stdout.write(f"{word} {claimed.job.key.number} {time.monotonic()}\n")
    sys.stdout.flush()


class Handler:
    def __init__(self, hang_after: int) -> None:
        self._left = hang_after

    async def __call__(self, claimed: Claimed, fence: Fence) -> None:
        say("begin", claimed)
        self._left -= 1
        if self._left < 0:
            await asyncio.Event().wait()
        await asyncio.sleep(0.02)
        await fence()
        say("publish", claimed)


async def give_up(claimed: Claimed, sentence: str) -> None:
    raise AssertionError(claimed, sentence)


async def work(url: str, lease: float, hang_after: int) -> None:
    async with await Mailbox.open(url, timing(lease)) as mailbox:
        worker = Worker(mailbox, Handler(hang_after), give_up, patience=Patience(poll=0.1))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.run()


def main(url: str, lease: str, hang_after: str) -> None:
    asyncio.run(work(url, float(lease), int(hang_after)))
