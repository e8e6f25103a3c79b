"""HTTP: requests come in, disturbances happen, answers go out and are logged."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from aiohttp import web

from tests.forge.gitlab.answer import Answer, Refused
from tests.forge.gitlab.desk import Desk
from tests.forge.log import Exchange

if TYPE_CHECKING:
    from tests.forge.faults import Fault
    from tests.forge.gitlab.double import GitLabDouble

BODY_LIMIT = 60 * 1024 * 1024
ROOT = "/api/v4"


class Server:
    """Serves one double on 127.0.0.1."""

    def __init__(self, forge: GitLabDouble) -> None:
        self.forge = forge
        self.desk = Desk(forge)
        self.origin = ""
        self.runner: web.AppRunner | None = None

    async def start(self, port: int) -> None:
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
        path, _, query = request.raw_path.partition("?")  # undecoded: names hold encoded slashes
        exchange = Exchange(
            request.method, path.removeprefix(ROOT), query, "", self.forge.clock.now(), loop.time(), writes=False
        )
        exchange.writes = request.method not in {"GET", "HEAD"}
        self.forge.requests.append(exchange)
        answer = await self._attended(request, exchange)
        exchange.status, exchange.finished = answer.status, loop.time()
        if not answer.status and request.transport is not None:
            request.transport.abort()
        return response(answer)

    async def _attended(self, request: web.Request, exchange: Exchange) -> Answer:
        raw = await request.read()
        faults = self.forge.faults.take(exchange.method, exchange.path)
        answer = await self._disturbed([fault for fault in faults if fault.when == "before"])
        if answer is None:
            exchange.effective = True
            answer = self._answer(request, raw, exchange)
            answer = await answer.later() if answer.later else answer
            answer = await self._disturbed([fault for fault in faults if fault.when == "after"]) or answer
        if self.forge.latency:
            await asyncio.sleep(self.forge.latency)
        return answer

    def _answer(self, request: web.Request, raw: bytes, exchange: Exchange) -> Answer:
        if not request.raw_path.startswith(f"{ROOT}/"):
            return Answer(404, raw=b"<html>404: Page not found</html>", media="text/html")
        try:
            return self.desk.answer(request.headers, raw, request.content_type, exchange)
        except Refused as refused:
            return refused.answer
        except Exception as error:
            self.forge.note(f"{exchange.method} {exchange.path}", [f"the double itself failed: {error!r}"])
            raise

    async def _disturbed(self, faults: list[Fault]) -> Answer | None:
        """Commit faults; return the answer that they put in place of the right one, of status 0 for none at all."""
        replaced = None
        for fault in faults:
            if fault.then is not None:
                fault.then()
            if fault.gate is not None:
                await fault.gate.wait()
            if fault.delay:
                await asyncio.sleep(fault.delay)
            if fault.drop:
                replaced = Answer(0)
            elif fault.status:
                media = fault.headers.get("Content-Type", "application/json")
                replaced = Answer(fault.status, raw=fault.body, headers=fault.headers, media=media)
        return replaced


def response(answer: Answer) -> web.Response:
    """Turn an answer into HTTP."""
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type" and value != ""}
    headers |= {"X-Request-Id": "01JD0000000000000000000000"}
    status = answer.status or 500
    if answer.raw is not None:
        return web.Response(status=status, body=answer.raw, headers=headers | {"Content-Type": answer.media})
    if answer.body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(status=status, text=json.dumps(answer.body), headers=headers | {"Content-Type": answer.media})
