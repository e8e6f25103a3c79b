"""gidgethub over aiohttp, with what it leaves to its user: timeouts, one host, no redirects, bounded memory."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import aiohttp
import gidgethub.aiohttp
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gidgethub.abc import CACHE_TYPE

API_VERSION = "2022-11-28"
AT_ONCE = 80
"""Requests in flight; the forge's own ceiling is 100 (GitHub, "Rate limits for the REST API")."""

_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)
_LINK = re.compile(r'<([^>]+)>\s*;\s*rel="(next|last)"')
_log = logging.getLogger(__name__)

_NEVER_CHANGES = re.compile(r"/(?:git/|compare/|contents/)")
"""What is asked for by commit or object id; it is remembered where it is read (`bot.forges.github.objects`)."""

Kept = TypeVar("Kept")


class Recent(MutableMapping[str, Kept]):
    """A mapping that forgets what was used longest ago.

    Attributes:
        size: Entries kept at most.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def __getitem__(self, key: str) -> Kept:
        self._kept.move_to_end(key)
        return self._kept[key]

    def __setitem__(self, key: str, value: Kept) -> None:
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self.size:
            self._kept.popitem(last=False)

    def __delitem__(self, key: str) -> None:
        del self._kept[key]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)


class Answers(Recent[Any]):
    """gidgethub's cache of answers with their ETags."""

    def __setitem__(self, key: str, value: Any) -> None:
        if not _NEVER_CHANGES.search(key):
            super().__setitem__(key, value)


class Links(NamedTuple):
    """Where a page says that the others are; empty text when it does not say."""

    next: str
    last: str


class Memory:
    """What outlives one review: answers with their ETags, their links, and the places for requests in flight.

    Attributes:
        answers: By address.
        links: The `Link` header of each list, by address; an answer of 304 need not repeat it.
        places: Bounds the requests in flight.
    """

    def __init__(self, size: int = 256) -> None:
        self.answers: CACHE_TYPE = Answers(size)
        self.links: Recent[Links] = Recent(size)
        self.places = asyncio.Semaphore(AT_ONCE)


class OtherHost(aiohttp.ClientError):
    """An address that does not belong to the configured API; never asked."""


class Wire(gidgethub.aiohttp.GitHubAPI):
    """gidgethub's client for one credential.

    Args:
        session: Shared by all credentials.
        memory: Shared by all credentials; the forge checks each request's own before it answers 304.
        api_url: The REST root, such as `https://api.github.com`; nothing else is ever asked.
        token: An installation token; `None` when each call brings the App's own.
    """

    def __init__(self, session: aiohttp.ClientSession, memory: Memory, api_url: str, token: str | None = None) -> None:
        super().__init__(session, "hullcheck", oauth_token=token, cache=memory.answers, base_url=api_url)
        self.memory = memory
        self.graphql_url = graphql_url(api_url)
        self._root = api_url.rstrip("/") + "/"

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request; called by gidgethub alone."""
        if url != self.graphql_url and not url.startswith(self._root):
            raise OtherHost(f"{url} is not below {self._root}")
        async with (
            self.memory.places,
            self._session.request(
                method,
                URL(url, encoded=True),
                headers={**headers, "x-github-api-version": API_VERSION},
                data=body,
                allow_redirects=False,
                timeout=_TIMEOUT,
            ) as response,
        ):
            _log.debug("%s %s: %d", method, url, response.status)
            if method == "GET" and "link" in response.headers:
                self.memory.links[url] = _links(response.headers["link"])
            elif method == "GET" and response.status == HTTPStatus.OK:
                self.memory.links.pop(url, None)
            return response.status, response.headers, await response.read()


def graphql_url(api_url: str) -> str:
    """Return where GraphQL is spoken: beside the REST root, and on GitHub Enterprise Server beside its version.

    >>> graphql_url("https://api.github.com"), graphql_url("https://git.example.org/api/v3/")
    ('https://api.github.com/graphql', 'https://git.example.org/api/graphql')
    """
    return api_url.rstrip("/").removesuffix("/v3") + "/graphql"


def _links(header: str) -> Links:
    found = {rel: url for url, rel in _LINK.findall(header)}
    return Links(found.get("next", ""), found.get("last", ""))
