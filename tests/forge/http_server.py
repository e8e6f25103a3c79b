"""HTTP: requests come in, disturbances happen, answers go out and are logged."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from aiohttp import web

from tests.forge.log import Exchange, Log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.clock import Clock
    from tests.forge.faults import Fault, Faults

BODY_LIMIT = 60 * 1024 * 1024


class Forge(Protocol):
    """What every double has that a server needs."""

    clock: Clock
    requests: Log
    faults: Faults
    latency: float

    def note(self, where: str, misuses: list[str], /) -> None:
        """Remember what was asked for wrongly."""


class Replied(Protocol):
    """An answer of any forge: JSON unless `raw` holds other bytes; of status 0 for none at all."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> Any: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def raw(self) -> bytes | None: ...
    @property
    def media(self) -> str: ...


Reply = TypeVar("Reply", bound=Replied)


class HttpServer(ABC, Generic[Reply]):
    """Serves one double on 127.0.0.1; what is the forge's own is in its subclass.

    Attributes:
        forge: The double.
        origin: Where it listens, once it does: `http://127.0.0.1:4711`.
        under_way: Requests that are being answered now.
    """

    def __init__(self, forge: Forge) -> None:
        self.forge = forge
        self.origin = ""
        self.under_way = 0
        self.runner: web.AppRunner | None = None

    async def listen(self, port: int) -> None:
        """Listen; port 0 takes a free one."""
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_route("*", "/{tail:.*}", self.serve)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", port).start()
        self.origin = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        if self.runner is not None:
            await self.runner.cleanup()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, with what is to go wrong about it."""
        loop = asyncio.get_running_loop()
        path, query = self.named(request)
        exchange = Exchange(request.method, path, query, "", self.forge.clock.now(), loop.time())
        exchange.writes = request.method not in {"GET", "HEAD"}
        self.forge.requests.append(exchange)
        self.under_way += 1
        try:
            answer = await self._attended(request, exchange)
        finally:
            self.under_way -= 1
        exchange.status, exchange.finished = answer.status, loop.time()
        if not answer.status and request.transport is not None:
            request.transport.abort()
        return self._response(answer)

    @abstractmethod
    def named(self, request: web.Request) -> tuple[str, str]:
        """Return the path below the API's root, as the log and the faults name it, and the query."""

    @abstractmethod
    async def answer(self, request: web.Request, raw: bytes, exchange: Exchange) -> Reply:
        """Answer a request to which nothing happens on the way."""

    @abstractmethod
    def made(self, fault: Fault) -> Reply:
        """Make the answer that a fault puts in place of the right one; of status 0 where it drops the connection."""

    @abstractmethod
    def headers(self, answer: Reply) -> Mapping[str, str]:
        """Return an answer's headers, but for the type of its body."""

    async def _attended(self, request: web.Request, exchange: Exchange) -> Reply:
        raw = await request.read()
        faults = self.forge.faults.take(exchange.method, exchange.path)
        answer = await self._disturbed([fault for fault in faults if fault.when == "before"])
        if answer is None:
            exchange.effective = True
            answer = await self._answered(request, raw, exchange)
            answer = await self._disturbed([fault for fault in faults if fault.when == "after"]) or answer
        if self.forge.latency:
            await asyncio.sleep(self.forge.latency)
        return answer

    async def _answered(self, request: web.Request, raw: bytes, exchange: Exchange) -> Reply:
        try:
            return await self.answer(request, raw, exchange)
        except Exception as error:
            self.forge.note(f"{exchange.method} {exchange.path}", [f"the double itself failed: {error!r}"])
            raise

    async def _disturbed(self, faults: list[Fault]) -> Reply | None:
        """Commit faults; return the answer that they put in place of the right one."""
        replaced = None
        for fault in faults:
            if fault.then is not None:
                fault.then()
            if fault.gate is not None:
                await fault.gate.wait()
            if fault.delay:
                await asyncio.sleep(fault.delay)
            if fault.drop or fault.status:
                replaced = self.made(fault)
        return replaced

    def _response(self, answer: Reply) -> web.Response:
        headers = dict(self.headers(answer))
        status = answer.status or 500
        if answer.raw is None and answer.body is None:
            return web.Response(status=status, headers=headers)
        headers["Content-Type"] = answer.media
        if answer.raw is not None:
            return web.Response(status=status, body=answer.raw, headers=headers)
        return web.Response(status=status, text=json.dumps(answer.body), headers=headers)
