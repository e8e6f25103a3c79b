"""The desk: matches a request to its operation, lets it through the door, checks both directions, pages and tags."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.forge.github import door, graphql
from tests.forge.github.answer import Answer, Call, Refused, Route
from tests.forge.github.paging import paged
from tests.forge.github.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.model import Token
    from tests.forge.log import Exchange
    from tests.forge.openapi import Operation

OK = 200


class Desk:
    """Answers requests once they are read."""

    def __init__(self, forge: GitHubDouble) -> None:
        self.forge = forge

    def answer(self, request: web.Request, raw: bytes, exchange: Exchange) -> Answer:
        """Answer one request.

        Raises:
            Refused: Before it came to an operation.
        """
        door.polite(request.headers)
        if exchange.path in {"/graphql", "/api/graphql"}:
            return graphql.answer(self.forge, request.headers, raw, exchange)
        match = self.forge.description.match(request.method, exchange.path)
        if match is None:
            self.forge.note(f"{request.method} {exchange.path}", ["the double knows no such operation"])
            raise Refused(404, "Not Found")
        operation, values = match
        exchange.operation, exchange.body = operation.id, parsed(raw)
        exchange.writes &= operation.id != "apps/create-installation-access-token"
        route = ROUTES[operation.id]
        token = door.identify(self.forge, request.headers, as_app=route.needs == "app")
        headers: dict[str, str] = {}
        call = Call(self.forge, operation, values, dict(request.query), request.headers, exchange.body, token)
        try:
            if token is not None:
                headers = self._counted(operation, token, writes=route.writes)
            answer = self._admitted(call, route, exchange)
        except Refused as refused:
            answer = refused.answer
        if answer.raw is None:
            faults = self.forge.description.response_faults(operation, answer.status, answer.body)
            self.forge.note(f"{request.method} {exchange.path} answered {answer.status}", faults)
        answer = paged(answer, f"{self.forge.api_url}{exchange.path}", request.query)
        if request.method == "GET" and answer.status == OK:
            return self._tagged(request.headers, answer, headers, token)
        return replace(answer, headers={**headers, **answer.headers})

    def _admitted(self, call: Call, route: Route, exchange: Exchange) -> Answer:
        """Answer a request by somebody known, when the door lets it through and the description knows it."""
        if call.token is not None and "owner" in call.path:
            name = f"{call.path['owner']}/{call.path['repo']}"
            moved = door.redirected(self.forge, name, exchange)
            if moved is not None:
                return moved
            door.enter(self.forge, call.token, name, route)
            if not call.operation.for_apps:
                raise Refused(403, "Resource not accessible by integration")
        faults = self.forge.description.request_faults(call.operation, call.query, call.body)
        self.forge.note(f"request {call.operation.id}", faults)
        refused = [fault for fault in faults if not fault.startswith("query")]
        if refused:
            raise Refused(422, f"Invalid request.\n\n{refused[0]}")
        return route.handler(call)

    def _counted(self, operation: Operation, token: Token, *, writes: bool) -> dict[str, str]:
        """Count a request and return the headers that say how many remain."""
        meter, now = self.forge.meter(token.installation), self.forge.clock.seconds()
        refusal = None if operation.id == "rate-limit/get" else meter.refuse(now, writes=writes)
        headers = meter.headers(now)
        if refusal is not None:
            raise Refused.by(Answer(refusal.status, refusal.body, headers | dict(refusal.headers)))
        return headers

    def _tagged(
        self, asked: Mapping[str, str], answer: Answer, limits: Mapping[str, str], token: Token | None
    ) -> Answer:
        """Add a tag, and answer 304 to somebody who has this already."""
        headers = {**limits, **answer.headers}
        content = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
        tag = hashlib.sha256(content + headers.get("Link", "").encode()).hexdigest()
        headers["ETag"] = f'W/"{tag}"'
        if asked.get("If-None-Match") != headers["ETag"]:
            return replace(answer, headers=headers)
        if token is not None:
            self.forge.meter(token.installation).spare()
        return Answer(304, headers=headers)


def parsed(raw: bytes) -> Any:
    """Parse a body; `None` for an empty one."""
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError as error:
        raise Refused(400, "Problems parsing JSON") from error
