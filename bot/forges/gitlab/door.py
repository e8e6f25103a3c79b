"""One GitLab instance behind one door: python-gitlab blocks, so it runs in a few threads that nobody else uses."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import gitlab
import requests
from requests.adapters import HTTPAdapter

from bot.forges.gitlab.faults import heed, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.secret import Secret

THREADS: Final = 8
"""Requests in flight at one instance."""
SECONDS: Final = 20.0
"""To connect, and between two bytes of an answer."""
PAGE: Final = 100
"""Items of a page, the most that GitLab gives."""
_REPEATS: Final = 2
"""Further attempts at a read after a passing fault; python-gitlab waits for a tenth of a second, then two."""

Answer = TypeVar("Answer")
Query = dict[str, str | int | bool]


class Door:
    """Asks one instance. Whatever fails is a `ForgeError`.

    A slow instance fills its own threads and nothing else. Reads are repeated after passing faults, writes never.
    Redirects are not followed: they would take the token elsewhere.

    Args:
        url: The instance, without a trailing slash.
        token: Access token of scope `api`.
        threads: Requests in flight.
        seconds: Patience with an answer.
    """

    def __init__(self, url: str, token: Secret, *, threads: int = THREADS, seconds: float = SECONDS) -> None:
        self.url = url
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="gitlab")
        self._session = requests.Session()
        self._session.max_redirects = 0
        self._session.hooks["response"] = [heed]
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=threads))
        self._gitlab = gitlab.Gitlab(
            url,
            private_token=token.reveal(),
            timeout=seconds,
            user_agent="hullcheck",
            session=self._session,
            keep_base_url=True,
        )

    async def close(self) -> None:
        """Take no more requests and let those under way end; a thread cannot be interrupted."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        self._session.close()

    async def get(self, path: str, query: Query | None = None, *, hop: str = "") -> Any:
        """Return one decoded answer."""
        read = partial(self._gitlab.http_get, path, query or {}, **_reading(hop))
        return await self._run(read)

    async def pages(
        self, path: str, query: Query | None = None, *, most: int | None = None, hop: str = ""
    ) -> list[Any]:
        """Return a whole list, to its last page, or its first `most` items."""
        return await self._run(partial(self._list, path, {"per_page": PAGE, **(query or {})}, most, hop))

    async def write(
        self, verb: Literal["post", "put", "delete"], path: str, data: Mapping[str, Any] | None = None, *, hop: str = ""
    ) -> Any:
        """Change something and return the decoded answer, if any."""
        return await self._run(partial(self._write, verb, path, data, hop))

    def _list(self, path: str, query: Query, most: int | None, hop: str) -> list[Any]:
        return list(islice(self._gitlab.http_list(path, query, iterator=True, **_reading(hop)), most))

    def _write(self, verb: str, path: str, data: Mapping[str, Any] | None, hop: str) -> Any:
        headers = _headers(hop)
        body = dict(data) if data is not None else None
        answer = self._gitlab.http_request(
            verb, path, post_data=body, obey_rate_limit=False, retry_transient_errors=False, extra_headers=headers
        )
        return answer.json() if answer.content else None

    async def _run(self, call: Callable[[], Answer]) -> Answer:
        with translated():
            return await asyncio.get_running_loop().run_in_executor(self._pool, call)


def _reading(hop: str) -> dict[str, Any]:
    return {
        "obey_rate_limit": False,
        "retry_transient_errors": True,
        "max_retries": _REPEATS,
        "extra_headers": _headers(hop),
    }


def _headers(hop: str) -> dict[str, str]:
    """Forward the event that a request answers: GitLab then does not call the same hook for what comes of it."""
    return {"X-Gitlab-Event-UUID": hop} if hop else {}
