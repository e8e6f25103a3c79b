"""Runs the server: opens the mailbox, starts the worker, listens, and stops in good order."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.app import make_app
from bot.forges.base import ForgeError
from bot.mailbox import DATABASE_FAULTS, Mailbox, Timing, reason
from bot.mailbox.leases import LeaseTerms
from bot.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

    from bot.app import Receiver
    from bot.readiness import Readiness
    from bot.settings import Settings
    from bot.spool import Spool
    from bot.worker import Handler, OnPark

_log = logging.getLogger(__name__)

CHORE_SECONDS = 3600.0
KEEP_DAYS = 90.0
_SHUTDOWN_SECONDS = 5.0


class StartError(Exception):
    """The server cannot start; the text is a plain sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the server runs; `bot.wiring` puts it together from the settings.

    Attributes:
        receivers: By forge, the readers of webhooks.
        handle: Does the work.
        on_park: Told when work is given up.
        readiness: What `/readyz` reports.
        chores: Done at the start and every hour, by what the log calls them.
        pages: Further routes.
        spools: By forge, where deliveries are kept that the database does not take.
    """

    receivers: Mapping[str, Receiver]
    handle: Handler
    on_park: OnPark
    readiness: Readiness
    chores: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    pages: tuple[web.AbstractRouteDef, ...] = ()
    spools: Mapping[str, Spool] = field(default_factory=dict)


async def serve(
    settings: Settings,
    wire: Callable[[Settings, Mailbox, AsyncExitStack], Awaitable[Parts]],
    listening: Callable[[int], None] = lambda _port: None,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: The operator's.
        wire: Puts the parts together; what it opens is closed through the stack.
        listening: Told the port once connections are accepted.

    Raises:
        StartError: The port is taken, or cannot be listened on.
        DatabaseFaultError: The database cannot be used.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # One installation never takes every place, so that the others are served while it is busy or its forge slow.
    in_flight = max(1, settings.concurrency - 1)
    timing = Timing(lease=LeaseTerms(in_flight=in_flight))
    async with AsyncExitStack() as stack:
        mailbox = await stack.enter_async_context(await Mailbox.open(settings.database_url.reveal(), timing))
        parts = await wire(settings, mailbox, stack)
        worker = Worker(
            mailbox,
            parts.handle,
            parts.on_park,
            name=f"{socket.gethostname()}:{os.getpid()}",
            concurrency=settings.concurrency,
        )
        app = make_app(mailbox, parts.receivers, parts.readiness, parts.pages, parts.spools)
        listening(await _listen(settings, app, stack))
        beside = [_hourly(_all_chores(mailbox, parts)), *(spool.run(mailbox) for spool in parts.spools.values())]
        await _run(worker, beside, stop)


async def _listen(settings: Settings, app: web.Application, stack: AsyncExitStack) -> int:
    """Accept connections and return the port."""
    # Decompressing would let a small body become a large one, and the signature covers the bytes that were sent.
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, settings.host, settings.port)
    try:
        await site.start()
    except (OSError, OverflowError) as fault:
        raise StartError(_listening_fault(settings, fault)) from fault
    port = int(runner.addresses[0][1])
    _log.info("listening", extra={"host": settings.host, "port": port})
    return port


def _listening_fault(settings: Settings, fault: Exception) -> str:
    match getattr(fault, "errno", None):
        case errno.EADDRINUSE:
            return f"Port {settings.port} is taken by another program. Stop it, or set HULLCHECK_PORT to a free one."
        case errno.EACCES:
            return f"Port {settings.port} may not be listened on. Set HULLCHECK_PORT to one above 1023."
        case _:
            return f"{settings.host} cannot be listened on. Set HULLCHECK_HOST to an address of this machine."


async def _run(worker: Worker, beside: Sequence[Coroutine[Any, Any, None]], stop: asyncio.Event) -> None:
    """Work until told to stop; a task that ends by itself does so by a fault, which ends the process."""
    working = asyncio.create_task(worker.run(), name="worker")
    others = [asyncio.create_task(each) for each in beside]
    stopped = asyncio.create_task(stop.wait(), name="stop")
    ended, _ = await asyncio.wait({working, stopped, *others}, return_when=asyncio.FIRST_COMPLETED)
    _log.info("stopping")
    worker.stop()
    for each in (*others, stopped):
        each.cancel()
    await asyncio.gather(*others, stopped, return_exceptions=True)
    await working
    for each in ended:
        each.result()
    _log.info("stopped")


def _all_chores(mailbox: Mailbox, parts: Parts) -> Callable[[], Awaitable[None]]:
    async def prune() -> None:
        await mailbox.prune(KEEP_DAYS)

    async def once() -> None:
        for name, chore in {**parts.chores, "forgetting what is old": prune}.items():
            try:
                await chore()
            except ForgeError as fault:
                _log.warning("%s failed and is tried again in an hour: %s", name, fault)
            except DATABASE_FAULTS as fault:
                _log.warning("%s failed and is tried again in an hour: %s", name, reason(fault))
            except Exception:  # noqa: BLE001 - a chore is no reason to stop serving
                _log.exception("%s failed and is tried again in an hour", name)

    return once


async def _hourly(chores: Callable[[], Awaitable[None]]) -> None:
    while True:
        await chores()
        await asyncio.sleep(CHORE_SECONDS)
