"""The App as a whole: whether its credentials work, and which deliveries never reached us."""

from __future__ import annotations

import time
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from bot.forges.github.faults import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.forges.github.tokens import App
    from bot.forges.github.wire import Wire

PAGE = 100


class Attempt(NamedTuple):
    """One attempt of GitHub to deliver an event.

    Attributes:
        id: Names the attempt.
        guid: Names the event: the same in every attempt, as in `X-GitHub-Delivery`.
        delivered_at: Seconds since 1970.
        arrived: Whether we answered with success.
        event: Such as `pull_request`.
    """

    id: int
    guid: str
    delivered_at: float
    arrived: bool
    event: str


class AttemptPage(NamedTuple):
    """Attempts, newest first.

    Attributes:
        attempts: Of this page.
        cursor: Asks for the next page; empty after the last.
    """

    attempts: tuple[Attempt, ...]
    cursor: str


class Hook:
    """The App's own webhook, asked with the App's own token.

    Args:
        wire: gidgethub's client without a token.
        app: Whose webhook it is.
        now: Seconds since the epoch, for faults that name the moment of their end.
    """

    def __init__(self, wire: Wire, app: App, now: Callable[[], float] = time.time) -> None:
        self._wire = wire
        self._app = app
        self._now = now

    async def check(self) -> None:
        """Return when GitHub takes the App's credentials.

        Raises:
            ForgeError: It does not, or cannot be reached.
        """
        with translated(self._now):
            await self._wire.getitem("/app", jwt=self._app.jwt())

    async def attempts(self, cursor: str = "") -> AttemptPage:
        """List attempts to deliver, newest first.

        Args:
            cursor: Of the page before; empty for the first page.

        Raises:
            ForgeError: The list cannot be read.
        """
        query = {"per_page": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        address = f"{self._wire.base_url.rstrip('/')}/app/hook/deliveries?{urlencode(query)}"
        with translated(self._now):
            items = await self._wire.getitem(address, jwt=self._app.jwt())
            return AttemptPage(tuple(_attempt(item) for item in items), self._next(address))

    async def redeliver(self, attempt: Attempt) -> None:
        """Ask GitHub to deliver an event once more; it keeps its guid.

        Raises:
            ForgeError: GitHub refuses, such as for an event that is too old.
        """
        with translated(self._now):
            await self._wire.post(f"/app/hook/deliveries/{attempt.id}/attempts", data=b"", jwt=self._app.jwt())

    def _next(self, address: str) -> str:
        links = self._wire.memory.links.get(address)
        return parse_qs(urlsplit(links.next).query).get("cursor", [""])[0] if links and links.next else ""


def _attempt(item: Mapping[str, Any]) -> Attempt:
    return Attempt(
        id=item["id"],
        guid=item["guid"],
        delivered_at=datetime.fromisoformat(item["delivered_at"]).timestamp(),
        arrived=HTTPStatus.OK <= item["status_code"] < HTTPStatus.MULTIPLE_CHOICES,
        event=item["event"],
    )
