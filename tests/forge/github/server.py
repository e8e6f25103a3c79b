"""HTTP: matches requests to operations, lets them through the door, checks both directions, pages and tags answers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.forge.github import door, graphql
from tests.forge.github.answer import Answer, Call, Refused
from tests.forge.github.paging import paged
from tests.forge.github.routes import ROUTES
from tests.forge.log import Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.faults import Fault
    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.model import Token
    from tests.forge.openapi import Operation

BODY_LIMIT = 60 * 1024 * 1024


class Server:
    """Serves one double."""

    def __init__(self, forge: GitHubDouble) -> None:
        self.forge = forge
        self.url = ""
        self.runner: web.AppRunner | None = None

    async def start(self, port: int) -> None:
        """Listen on 127.0.0.1."""
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_route("*", "/{tail:.*}", self.serve)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", port)
        await site.start()
        assert site._server is not None
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]  # asyncio's

    async def stop(self) -> None:
        """Stop listening."""
        if self.runner is not None:
            await self.runner.cleanup()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, with what is to go wrong about it."""
        loop = asyncio.get_running_loop()
        path = self._named(request.rel_url.raw_path)
        exchange = Exchange(
            request.method, path, request.rel_url.raw_query_string, "", self.forge.clock.now(), loop.time()
        )
        self.forge.requests.append(exchange)
        raw = await request.read()
        faults = self.forge.faults.take(request.method, path)
        answer = await self._disturbed([fault for fault in faults if fault.when == "before"])
        if answer is None:
            answer = self._answer(request, path, raw, exchange)
            exchange.effective = True
            answer = await self._disturbed([fault for fault in faults if fault.when == "after"]) or answer
        if self.forge.latency:
            await asyncio.sleep(self.forge.latency)
        exchange.status, exchange.finished = answer.status, loop.time()
        if not answer.status:
            assert request.transport is not None
            request.transport.abort()
        return response(request, answer)

    async def _disturbed(self, faults: list[Fault]) -> Answer | None:
        """Commit faults; the answer that they put in place of the right one, of status 0 for none at all."""
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
        """Replace `/repositories/{id}`, where renamed repositories redirect to, by the repository's name."""
        found = re.match(r"/repositories/(\d+)(.*)", raw_path)
        project = self.forge.projects.get(int(found[1])) if found else None
        return f"/repos/{project.full_name}{found[2]}" if found and project else raw_path

    def _answer(self, request: web.Request, path: str, raw: bytes, exchange: Exchange) -> Answer:
        """Answer as GitHub does, whatever is asked."""
        try:
            door.polite(request.headers)
            if path == "/graphql":
                return graphql.answer(self.forge, request.headers, raw, exchange)
            return self._matched(request, path, raw, exchange)
        except Refused as refused:
            return refused.answer

    def _matched(self, request: web.Request, path: str, raw: bytes, exchange: Exchange) -> Answer:
        moved = door.redirected(self.forge, path, request.rel_url.raw_query_string)
        if moved is not None:
            return moved
        match = self.forge.description.match(request.method, path)
        if match is None or match[0].id not in ROUTES:
            self.forge.note(f"{request.method} {path}", ["the double knows no such operation"])
            raise Refused(404, "Not Found")
        operation, values = match
        exchange.operation = operation.id
        exchange.body = body = parsed(raw)
        route = ROUTES[operation.id]
        token = door.identify(self.forge, request.headers, as_app=route.needs == "app")
        headers: dict[str, str] = {}
        try:
            if token is not None:
                headers = self._counted(operation, token, writes=route.writes)
                if "owner" in values:
                    door.enter(self.forge, token, f"{values['owner']}/{values['repo']}", route)
            self._judge_request(operation, dict(request.query), body)
            call = Call(self.forge, operation, values, dict(request.query), request.headers, body, token)
            answer = route.handler(call)
        except Refused as refused:
            answer = refused.answer
        self.forge.note(
            f"{request.method} {path} answered {answer.status}",
            []
            if answer.raw is not None
            else self.forge.description.response_faults(operation, answer.status, answer.body),
        )
        answer = paged(answer, f"{self.forge.api_url}{path}", request.query)
        return self._tagged(request.headers, answer, headers, token)

    def _counted(self, operation: Operation, token: Token, *, writes: bool) -> dict[str, str]:
        meter, now = self.forge.meter(token.installation), self.forge.clock.seconds()
        refusal = None if operation.id == "rate-limit/get" else meter.refuse(now, writes=writes)
        if refusal is not None:
            error = Refused(refusal.status, refusal.body["message"])
            error.answer = Answer(refusal.status, refusal.body, meter.headers(now) | dict(refusal.headers))
            raise error
        return meter.headers(now)

    def _judge_request(self, operation: Operation, query: Mapping[str, str], body: Any) -> None:
        """Refuse a body that the description does not know; note a query that GitHub would silently ignore."""
        faults = self.forge.description.request_faults(operation, query, body)
        self.forge.note(f"request {operation.id}", faults)
        if any(fault.startswith("body") for fault in faults):
            raise Refused(422, f"Invalid request.\n\n{faults[0]}")

    def _tagged(
        self, asked: Mapping[str, str], answer: Answer, headers: Mapping[str, str], token: Token | None
    ) -> Answer:
        """Add the limits' headers and a tag, and answer 304 to somebody who has this already."""
        headers = {**headers, **answer.headers}
        if answer.status != 200 or asked.get("If-None-Match") is None and answer.raw is None and answer.body is None:  # noqa: RUF021
            return Answer(answer.status, answer.body, headers, answer.raw, answer.media)
        content = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
        tag = f'W/"{hashlib.sha256(content + headers.get("Link", "").encode()).hexdigest()}"'
        headers["ETag"] = tag
        if asked.get("If-None-Match") == tag:
            if token is not None:
                self.forge.meter(token.installation).spare()
            return Answer(304, headers=headers)
        return Answer(200, answer.body, headers, answer.raw, answer.media)


def parsed(raw: bytes) -> Any:
    """Parse a body; `None` for an empty one."""
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError as error:
        raise Refused(400, "Problems parsing JSON") from error


def response(request: web.Request, answer: Answer) -> web.Response:
    """Turn an answer into HTTP."""
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    headers |= {"X-GitHub-Media-Type": "github.v3; format=json", "X-GitHub-Request-Id": "0001:0001"}
    status = answer.status or 500
    if answer.raw is not None:
        return web.Response(status=status, body=answer.raw, headers=headers | {"Content-Type": answer.media})
    if answer.body is None:
        return web.Response(status=status, headers=headers)
    text = json.dumps(answer.body)
    return web.Response(status=status, text=text, headers=headers | {"Content-Type": answer.media})
