"""GitLab's own part of serving it over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.forge.gitlab.answer import Answer, Refused
from tests.forge.gitlab.desk import Desk
from tests.forge.http_server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from tests.forge.faults import Fault
    from tests.forge.gitlab.double import GitLabDouble
    from tests.forge.log import Exchange

ROOT = "/api/v4"


class Server(HttpServer[Answer]):
    """Serves one double on 127.0.0.1."""

    def __init__(self, forge: GitLabDouble) -> None:
        super().__init__(forge)
        self.desk = Desk(forge)

    def named(self, request: web.Request) -> tuple[str, str]:
        """Leave the path undecoded: names hold encoded slashes."""
        path, _, query = request.raw_path.partition("?")
        return path.removeprefix(ROOT), query

    async def answer(self, request: web.Request, raw: bytes, exchange: Exchange) -> Answer:
        """Answer it, now or when whom GitLab waits for is done."""
        if not request.raw_path.startswith(f"{ROOT}/"):
            return Answer(404, raw=b"<html>404: Page not found</html>", media="text/html")
        try:
            answer = self.desk.answer(request.headers, raw, request.content_type, exchange)
        except Refused as refused:
            answer = refused.answer
        return await answer.later() if answer.later else answer

    def made(self, fault: Fault) -> Answer:
        """Make a fault's answer, JSON unless it says otherwise."""
        if fault.drop:
            return Answer(0)
        media = fault.headers.get("Content-Type", "application/json")
        return Answer(fault.status, raw=fault.body, headers=fault.headers, media=media)

    def headers(self, answer: Answer) -> Mapping[str, str]:
        """Add what GitLab says in every answer; it leaves empty headers out."""
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Type" and value != ""}
        return headers | {"X-Request-Id": "01JD0000000000000000000000"}
