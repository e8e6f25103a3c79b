"""The routes of the pages. Text from outside reaches a page only through Jinja's autoescape."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import jinja2
from aiohttp import web

from bot.pages import manual
from rules import catalogue, policy_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.mailbox import Tally

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Sent with every page: nothing runs, nothing is loaded from elsewhere, nobody frames it."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the status page shows.

    Attributes:
        forges: The forges that reviews are given on, such as `GitHub at api.github.com`.
        tally: How much work there is; `None` when the database does not say.
        ready: Whether the database and the credentials answer.
        troubles: A sentence each about what somebody must see to, such as a hook that is disabled.
    """

    forges: tuple[str, ...]
    tally: Tally | None
    ready: bool
    troubles: tuple[str, ...] = ()


def routes(status: Callable[[], Awaitable[Status]]) -> list[web.AbstractRouteDef]:
    """Return the routes of the pages.

    Args:
        status: Asked each time the status page is shown.
    """
    pages = Pages(status)
    return [
        web.get("/", pages.status),
        web.get("/rules", pages.rules),
        web.get("/rules/{name}", pages.rule),
        web.get("/policy.schema.json", pages.policy_schema),
        web.get("/static/hullcheck.css", pages.style),
    ]


class Pages:
    """The handlers, with the templates they share."""

    def __init__(self, status: Callable[[], Awaitable[Status]]) -> None:
        self._status = status
        self._style = files("bot.pages").joinpath("static/hullcheck.css").read_text("utf-8")
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("bot.pages"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {"version": metadata.version("hullcheck"), "inline": manual.inline}

    async def status(self, _: web.Request) -> web.Response:
        """Show how the bot is doing."""
        return self._page("status.html", {"status": await self._status(), "rules": len(catalogue.load())})

    async def rules(self, _: web.Request) -> web.Response:
        """Show all rules, family by family."""
        known = sorted(catalogue.load(), key=attrgetter("family", "id"))
        families = [(family, list(rules)) for family, rules in groupby(known, key=attrgetter("family"))]
        return self._page("rules.html", {"families": families})

    async def rule(self, request: web.Request) -> web.Response:
        """Show one rule's page; another linter's name for it leads there."""
        name = request.match_info["name"]
        if rule := catalogue.by_id().get(name):
            return self._page("rule.html", {"rule": rule, "manual": manual.html(rule.page)})
        if ids := catalogue.by_alias().get(name.upper()):
            raise web.HTTPFound(f"/rules/{ids[0]}")
        return self._page("missing.html", {"name": name}, code=404)

    async def policy_schema(self, _: web.Request) -> web.Response:
        """Send the JSON Schema of `.hullcheck.yaml`, for editors."""
        return web.json_response(policy_file.schema(), content_type="application/schema+json", headers=HEADERS)

    async def style(self, _: web.Request) -> web.Response:
        """Send the style sheet."""
        return web.Response(text=self._style, content_type="text/css", headers=HEADERS)

    def _page(self, template: str, values: Mapping[str, object], code: int = 200) -> web.Response:
        text = self._templates.get_template(template).render(values)
        return web.Response(text=text, status=code, content_type="text/html", headers=HEADERS)
