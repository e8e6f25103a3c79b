"""HTTP: requests come in, disturbances happen, answers go out and are logged."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

from aiohttp import web

from tests.forge.github.answer import Answer, Refused
from tests.forge.github.desk import Desk
from tests.forge.github.limits import secondary_refusal
from tests.forge.log import Exchange

if TYPE_CHECKING:
    from tests.forge.faults import Fault
    from tests.forge.github.double import GitHubDouble

BODY_LIMIT = 60 * 1024 * 1024


class Server:
    """Serves one double on 127.0.0.1."""

    def __init__(self, forge: GitHubDouble) -> None:
        self.forge = forge
        self.desk = Desk(forge)
        self.origin = ""
        self.root = ""
        self.under_way = 0
        self.runner: web.AppRunner | None = None

    async def start(self, port: int, root: str) -> None:
        """Listen; port 0 takes a free one, and all paths of the API begin with `root`."""
        self.root = root
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
        path, query = self._named(request.rel_url.raw_path), request.rel_url.raw_query_string
        exchange = Exchange(request.method, path, query, "", self.forge.clock.now(), loop.time())
        exchange.writes = request.method != "GET"
        self.forge.requests.append(exchange)
        self.under_way += 1
        try:
            answer = await self._attended(request, exchange)
        finally:
            self.under_way -= 1
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
            answer = await self._disturbed([fault for fault in faults if fault.when == "after"]) or answer
        if self.forge.latency:
            await asyncio.sleep(self.forge.latency)
        return answer

    def _answer(self, request: web.Request, raw: bytes, exchange: Exchange) -> Answer:
        if self.under_way > self.forge.limits.concurrent:
            return secondary_refusal(60)
        try:
            return self.desk.answer(request, raw, exchange)
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
                media = fault.headers.get("Content-Type", "application/json; charset=utf-8")
                replaced = Answer(fault.status, raw=fault.body, headers=fault.headers, media=media)
        return replaced

    def _named(self, raw_path: str) -> str:
        """Take the API's root off; put the name in for `/repositories/{id}`, where redirections lead."""
        path = raw_path.removeprefix(self.root)
        found = re.match(r"/repositories/(\d+)(.*)", path)
        project = self.forge.projects.get(int(found[1])) if found else None
        return f"/repos/{project.full_name}{found[2]}" if found and project else path


def response(answer: Answer) -> web.Response:
    """Turn an answer into HTTP."""
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    headers |= {"X-GitHub-Media-Type": "github.v3; format=json", "X-GitHub-Request-Id": "0001:0001"}
    status = answer.status or 500
    if answer.raw is not None:
        return web.Response(status=status, body=answer.raw, headers=headers | {"Content-Type": answer.media})
    if answer.body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(status=status, text=json.dumps(answer.body), headers=headers | {"Content-Type": answer.media})
