"""The desk: matches a request to its route, lets it through the door, checks its parameters, counts and pages."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from tests.forge.gitlab import door, params
from tests.forge.gitlab.answer import Answer, Call, Refused, Route
from tests.forge.gitlab.paging import paged
from tests.forge.gitlab.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.gitlab.double import GitLabDouble
    from tests.forge.gitlab.model import Token
    from tests.forge.log import Exchange

COMMON = re.compile(r"^/projects/:id(?:/merge_requests/:merge_request_iid)?(?=/)/")


class Match(NamedTuple):
    """A route and the values in the path."""

    route: Route
    name: str
    values: dict[str, str]
    tail: str


@cache
def patterns() -> list[tuple[str, str, re.Pattern[str]]]:
    """Return every route's key, its short name and its pattern; what is spelled out goes before what is not."""
    found = []
    for key in sorted(ROUTES, key=lambda key: re.sub(r":\w+", "~", key)):
        method, _, template = key.partition(" ")
        pattern = re.compile(re.sub(r":(\w+)", r"(?P<\1>[^/]+)", template))
        found.append((key, f"{method} {COMMON.sub('', template).removeprefix('/')}", pattern))
    return found


def match(method: str, path: str) -> Match | None:
    """Find the route of a request; slashes within names come encoded."""
    for key, name, pattern in patterns():
        if key.split(" ")[0] != ("GET" if method == "HEAD" else method):
            continue
        found = pattern.fullmatch(path)
        if found:
            values = {each: unquote(value) for each, value in found.groupdict().items()}
            tail = path[found.end("id") :] if "id" in values else ""
            return Match(ROUTES[key], name, values, tail)
    return None


class Desk:
    """Answers requests once they are read."""

    def __init__(self, forge: GitLabDouble) -> None:
        self.forge = forge

    def answer(self, headers: Mapping[str, str], raw: bytes, media: str, exchange: Exchange) -> Answer:
        """Answer one request.

        Raises:
            Refused: It is not answered as it was meant.
        """
        found = match(exchange.method, exchange.path)
        if found is None:
            self.forge.note(f"{exchange.method} {exchange.path}", ["the double knows no such route"])
            raise Refused.error(404, "404 Not Found")
        exchange.operation = found.name
        given = params.parsed(exchange.query, raw, media)
        exchange.body = given
        token = door.identify(self.forge, headers)
        self.forge.hooks.request_uuid = headers.get("X-Gitlab-Event-UUID", "")
        meter, now = self.forge.meter(token.user), self.forge.clock.seconds()
        refusal = meter.refuse(now, counted=found.route.counted)
        if refusal is not None:
            raise Refused.by(refusal)
        try:
            answer = self._admitted(found, token, given, exchange)
        except Refused as refused:
            answer = refused.answer
        finally:
            self.forge.hooks.request_uuid = ""
        return replace(answer, headers={**meter.headers(now), **answer.headers})

    def _admitted(self, found: Match, token: Token, given: dict[str, object], exchange: Exchange) -> Answer:
        """Answer a request by somebody known."""
        door.check_scope(token, exchange.method)
        target = None
        if exchange.path.startswith("/projects/"):
            rest = found.tail + (f"?{exchange.query}" if exchange.query else "")
            target = door.project(self.forge, token, found.values["id"], exchange.method, rest)
            door.enter(target, token, exchange.method, found.route)
        takes = f"{found.route.takes} {params.PAGING}" if exchange.method in door.READING else found.route.takes
        values, unknown = params.checked(given, takes)
        self.forge.note(f"{exchange.method} {exchange.path}", [f"GitLab ignores {name}" for name in unknown])
        answer = found.route.handler(Call(self.forge, found.values, values, token, target))
        query = {name: str(value) for name, value in given.items() if not isinstance(value, list | dict)}
        return paged(answer, f"{self.forge.api_url}{exchange.path}", query)
