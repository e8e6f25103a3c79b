"""The web application: webhooks in, health out. It stores and answers; the work is done by `bot.worker`."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from bot.inbound.faults import Malformed, Unauthenticated
from bot.mailbox import DATABASE_FAULTS, reason
from bot.problems import problem, problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.jobs import Delivery
    from bot.mailbox import Mailbox
    from bot.readiness import Readiness
    from bot.spool import Spool

BODY_LIMIT = 25 * 1024 * 1024
"""GitHub and GitLab send no larger deliveries."""
READ_SECONDS = 20.0
STORE_SECONDS = 8.0
"""A forge gives up on us after ten seconds; better to say 503 while it listens."""

_log = logging.getLogger(__name__)


class Receiver(Protocol):
    """Verifies and reads one webhook call of one forge; pure."""

    def __call__(self, headers: Mapping[str, str], body: bytes, /) -> Delivery:
        """Return the delivery.

        Raises:
            Unauthenticated: The call proves nothing.
            Malformed: The call cannot be read.
        """


def make_app(
    mailbox: Mailbox,
    receivers: Mapping[str, Receiver],
    readiness: Readiness,
    pages: Iterable[web.AbstractRouteDef] = (),
    spools: Mapping[str, Spool] | None = None,
) -> web.Application:
    """Build the application.

    Args:
        mailbox: Where deliveries are stored.
        receivers: By forge: `github` is served at `/webhooks/github`.
        readiness: What `/readyz` reports.
        pages: Further routes.
        spools: By forge, where deliveries are kept that the database does not take; without one the answer is 503.
    """
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[problems])
    for forge, receiver in receivers.items():
        app.router.add_post(f"/webhooks/{forge}", Webhook(mailbox, receiver, (spools or {}).get(forge)).receive)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _Readyz(readiness).answer)
    app.add_routes(pages)
    return app


class Webhook:
    """The handler of one forge's webhook.

    Args:
        mailbox: Where deliveries are stored.
        receiver: Verifies and reads.
        spool: Keeps what the database does not take.
    """

    def __init__(self, mailbox: Mailbox, receiver: Receiver, spool: Spool | None = None) -> None:
        self._mailbox = mailbox
        self._receiver = receiver
        self._spool = spool

    async def receive(self, request: web.Request) -> web.Response:
        """Verify, store, answer."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await request.read()
        except TimeoutError:
            return problem(HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive in time.")
        try:
            delivery = self._receiver(request.headers, body)
        except Unauthenticated as fault:
            _log.warning("delivery refused: %s", fault, extra={"remote": request.remote})
            return problem(HTTPStatus.UNAUTHORIZED, f"{fault}.")
        except Malformed as fault:
            _log.warning("delivery cannot be read: %s", fault)
            return problem(HTTPStatus.BAD_REQUEST, f"{fault}.")
        return await self._store(delivery, began)

    async def _store(self, delivery: Delivery, began: float) -> web.Response:
        extra: dict[str, object] = {"delivery": delivery.id, "event": delivery.event}
        outcome = await self._outcome(delivery, extra)
        if not outcome:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The delivery could not be stored; send it again later.")
        extra["ms"] = round((time.perf_counter() - began) * 1000, 1)
        if delivery.job is not None:
            extra["pull_request"] = str(delivery.job.key)
        _log.info("delivery %s", outcome, extra=extra)
        status = HTTPStatus.OK if delivery.event == "ping" else HTTPStatus.ACCEPTED
        return web.json_response({"delivery": delivery.id, "outcome": outcome}, status=status)

    async def _outcome(self, delivery: Delivery, extra: dict[str, object]) -> str:
        """Store a delivery, or keep it for later, and return the word for it; empty when neither was possible."""
        # What comes goes behind what waits already; what asks for nothing need not be kept.
        if self._spool is not None and self._spool.waiting and delivery.job is None:
            return "ignored"
        if self._spool is None or not self._spool.waiting:
            try:
                async with asyncio.timeout(STORE_SECONDS):
                    return (await self._mailbox.put(delivery)).value
            except DATABASE_FAULTS as fault:
                if delivery.job is None:
                    return "ignored"
                _log.error("delivery not stored: %s", reason(fault), extra=extra)
        if self._spool is None:
            return ""
        try:
            await self._spool.keep(delivery)
        except OSError as fault:
            _log.error("delivery not kept either: %s", fault, extra=extra)
            return ""
        return "kept"


async def _healthz(_: web.Request) -> web.Response:
    """Say that the process answers."""
    return web.json_response({"status": "ok"})


class _Readyz:
    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def answer(self, _: web.Request) -> web.Response:
        """Say whether everything it depends on answers, and what does not."""
        checks = await self._readiness.report()
        ready = all(answer == "ok" for answer in checks.values())
        return web.json_response(
            {"status": "ready" if ready else "not ready", "checks": checks},
            status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
            dumps=lambda value: json.dumps(value, indent=2),
        )
