"""One repository of GitHub, asked through gidgethub: single answers, whole lists, writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import gidgethub

from bot.forges.base import Gone
from bot.forges.github.faults import graphql_fault, translated
from bot.forges.together import together

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.forges.github.wire import Links, Wire

PAGE = 100
"""Items of a page, the most that GitHub gives."""

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")

Answer = TypeVar("Answer")


class Client:
    """A repository's door. Addresses are relative to the repository; whatever fails is a `ForgeError`.

    Args:
        wire: gidgethub's client with the installation's token.
        repository: `owner/name`.
        now: Seconds since the epoch.
        forget: Called when the forge no longer takes the token.
    """

    def __init__(self, wire: Wire, repository: str, now: Callable[[], float], forget: Callable[[], None]) -> None:
        if not _REPOSITORY.fullmatch(repository):
            raise Gone(f"{repository!r} cannot be the name of a repository")
        self.repository = repository
        self._wire = wire
        self._root = f"/repos/{repository}"
        self._now = now
        self._forget = forget

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """Return one decoded answer."""
        return await self._ask(self._wire.getitem(self._address(path, query)))

    async def pages(self, path: str, query: Mapping[str, str | int] | None = None, *, key: str = "items") -> list[Any]:
        """Return a whole list, to its last page; when the first page names the last one, the rest come at once.

        Args:
            path: Below the repository.
            query: Further parameters.
            key: Where an answer that is an object keeps its list.
        """
        first = self._address(path, {**(query or {}), "per_page": PAGE})
        answers = [await self._ask(self._wire.getitem(first))]
        links = self._links(first)
        if links is None:
            return _items(answers, key)
        rest = _numbered(links.next, links.last)
        answers += await together(self._ask(self._wire.getitem(url)) for url in rest)
        following = self._links(rest[-1]) if rest else links
        while following is not None and following.next:
            answers.append(await self._ask(self._wire.getitem(following.next)))
            following = self._links(following.next)
        return _items(answers, key)

    async def post(self, path: str, data: Mapping[str, Any]) -> Any:
        """Create something and return the answer."""
        return await self._ask(self._wire.post(self._address(path), data=data))

    async def patch(self, path: str, data: Mapping[str, Any]) -> Any:
        """Edit something and return the answer."""
        return await self._ask(self._wire.patch(self._address(path), data=data))

    async def delete(self, path: str) -> None:
        """Remove something."""
        await self._ask(self._wire.delete(self._address(path)))

    async def graphql(self, query: str, variables: Mapping[str, Any]) -> Any:
        """Return the `data` of a GraphQL answer that has no errors.

        It goes the way of REST's POST, since gidgethub's own GraphQL call drops the headers that name a limit's end.
        """
        payload = {"query": query, "variables": variables}
        answer = await self._ask(self._wire.post(self._wire.graphql_url, data=payload))
        if fault := graphql_fault(answer):
            raise fault
        return answer["data"]

    async def _ask(self, request: Awaitable[Answer]) -> Answer:
        with translated(self._now):
            try:
                return await request
            except gidgethub.HTTPException as error:
                if error.status_code == 401:  # noqa: PLR2004 - the one status that names the token itself
                    self._forget()
                raise

    def _address(self, path: str, query: Mapping[str, str | int] | None = None) -> str:
        return f"{self._root}{path}" + (f"?{urlencode(query)}" if query else "")

    def _links(self, address: str) -> Links | None:
        url = address if "://" in address else self._wire.base_url.rstrip("/") + address
        return self._wire.memory.links.get(url)


def _items(answers: list[Any], key: str) -> list[Any]:
    return [item for answer in answers for item in (answer if isinstance(answer, list) else answer[key])]


def _numbered(following: str, last: str) -> list[str]:
    """Return the addresses from the second page to the last one, when both only differ in their page number."""
    numbers = [dict(parse_qsl(urlsplit(url).query)).get("page", "") for url in (following, last)]
    if not all(number.isdecimal() for number in numbers):
        return []
    low, high = map(int, numbers)
    pages = [re.sub(r"([?&]page=)\d+", rf"\g<1>{number}", last) for number in range(low, high + 1)]
    return pages if pages and pages[0] == following else []


def path_in_url(path: str) -> str:
    """Return a file's path as it stands in an address.

    >>> path_in_url("build/{dev} #1/Dockerfile")
    'build/%7Bdev%7D%20%231/Dockerfile'
    """
    return quote(path, safe="/")
