"""One project of a GitLab instance: addresses relative to it, and the writes of one job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.forges.base import Gone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.forges.base import Fence
    from bot.forges.gitlab.door import Door, Query
    from bot.jobs import Job


class Client:
    """A project's door.

    Args:
        door: Of the instance.
        job: Which project and merge request; its hop goes along with each request.

    Attributes:
        project: Numeric id, as text: a renamed or moved project keeps it.
        merge_request: Address of the merge request below the project.
    """

    def __init__(self, door: Door, job: Job) -> None:
        if not (job.key.repository.isascii() and job.key.repository.isdecimal()):
            raise Gone(f"{job.key.repository!r} cannot be the number of a project")
        self.project = job.key.repository
        self.merge_request = f"/merge_requests/{job.key.number}"
        self._door = door
        self._root = f"/projects/{self.project}"
        self._hop = job.hop

    async def get(self, path: str, query: Query | None = None) -> Any:
        """Return one decoded answer."""
        return await self._door.get(self._root + path, query, hop=self._hop)

    async def pages(self, path: str, query: Query | None = None, *, most: int | None = None) -> list[Any]:
        """Return a whole list, or its first `most` items."""
        return await self._door.pages(self._root + path, query, most=most, hop=self._hop)

    async def post(self, path: str, data: Mapping[str, Any] | None = None) -> Any:
        """Create something and return the answer."""
        return await self._door.write("post", self._root + path, data, hop=self._hop)

    async def put(self, path: str, data: Mapping[str, Any]) -> Any:
        """Change something and return the answer."""
        return await self._door.write("put", self._root + path, data, hop=self._hop)

    async def delete(self, path: str) -> None:
        """Remove something."""
        await self._door.write("delete", self._root + path, hop=self._hop)


class Writer:
    """Writes for one job, each write behind the fence.

    Args:
        client: The project.
        fence: Asked right before each write.

    Attributes:
        writes: Requests that GitLab confirmed.
    """

    def __init__(self, client: Client, fence: Fence) -> None:
        self.writes = 0
        self._client = client
        self._fence = fence

    async def post(self, path: str, data: Mapping[str, Any] | None = None) -> Any:
        """Create something."""
        await self._fence()
        return self._done(await self._client.post(path, data))

    async def put(self, path: str, data: Mapping[str, Any]) -> Any:
        """Change something."""
        await self._fence()
        return self._done(await self._client.put(path, data))

    async def delete(self, path: str) -> None:
        """Remove something."""
        await self._fence()
        await self._client.delete(path)
        self.writes += 1

    def _done(self, answer: Any) -> Any:
        self.writes += 1
        return answer


def path_in_url(path: str) -> str:
    """Return a file's path as GitLab wants it in an address, where it is one segment.

    >>> path_in_url("build/a b.Dockerfile")
    'build%2Fa%20b.Dockerfile'
    """
    return quote(path, safe="")
