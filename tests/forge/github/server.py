"""GitHub's own part of serving it over HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.forge.github.answer import Answer, Refused
from tests.forge.github.desk import Desk
from tests.forge.github.limits import secondary_refusal
from tests.forge.http_server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from tests.forge.faults import Fault
    from tests.forge.github.double import GitHubDouble
    from tests.forge.log import Exchange


class Server(HttpServer[Answer]):
    """Serves one double on 127.0.0.1."""

    forge: GitHubDouble

    def __init__(self, forge: GitHubDouble) -> None:
        super().__init__(forge)
        self.desk = Desk(forge)
        self.root = ""

    async def start(self, port: int, root: str) -> None:
        """Listen; port 0 takes a free one, and all paths of the API begin with `root`."""
        self.root = root
        await self.listen(port)

    def named(self, request: web.Request) -> tuple[str, str]:
        """Put the name in for `/repositories/{id}`, where redirections lead."""
        path = request.rel_url.raw_path.removeprefix(self.root)
        found = re.match(r"/repositories/(\d+)(.*)", path)
        project = self.forge.projects.get(int(found[1])) if found else None
        named = f"/repos/{project.full_name}{found[2]}" if found and project else path
        return named, request.rel_url.raw_query_string

    async def answer(self, request: web.Request, raw: bytes, exchange: Exchange) -> Answer:
        """Answer it, unless too many come at once."""
        if self.under_way > self.forge.limits.concurrent:
            return secondary_refusal(60)
        try:
            return self.desk.answer(request, raw, exchange)
        except Refused as refused:
            return refused.answer

    def made(self, fault: Fault) -> Answer:
        """Make a fault's answer, JSON unless it says otherwise."""
        if fault.drop:
            return Answer(0)
        media = fault.headers.get("Content-Type", "application/json; charset=utf-8")
        return Answer(fault.status, raw=fault.body, headers=fault.headers, media=media)

    def headers(self, answer: Answer) -> Mapping[str, str]:
        """Add what GitHub says in every answer."""
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
        return headers | {"X-GitHub-Media-Type": "github.v3; format=json", "X-GitHub-Request-Id": "0001:0001"}
