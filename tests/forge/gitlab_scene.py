"""What the probes of GitLab's face look at: one merge request, and a plain HTTP client that shows everything."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from tests.forge.gitlab.double import GitLabDouble
from tests.forge.scene import AFTER, BEFORE, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import Discussion
    from tests.forge.gitlab.project import Project

CHANGE = "/merge_requests/1"


@dataclass
class Lab:
    """One merge request and the bot, who is a developer."""

    forge: GitLabDouble
    project: Project
    change: MergeRequest
    session: aiohttp.ClientSession
    token: str

    @classmethod
    @asynccontextmanager
    async def set(cls) -> AsyncIterator[Lab]:
        """Set the scene."""
        async with GitLabDouble.start() as forge, aiohttp.ClientSession() as session:
            project = forge.create_project("group/sub/shop", {"Dockerfile": BEFORE})
            change = project.open_merge_request(files={"Dockerfile": AFTER})
            yield cls(forge, project, change, session, forge.token)

    @property
    def thread(self) -> Discussion:
        """The newest thread or note."""
        return self.change.discussions[-1]

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send a request; keywords are headers, with `_` for `-`."""
        said = {"PRIVATE-TOKEN": self.token} | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            said |= {"Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        url = URL(f"{self.forge.api_url}{path}", encoded=True)
        async with self.session.request(method, url, data=data, headers=said, allow_redirects=False) as answer:
            raw = await answer.read()
            parsed = json.loads(raw) if raw and answer.content_type == "application/json" else raw
            return Reply(answer.status, answer.headers, parsed)

    async def get(self, path: str, **headers: str) -> Reply:
        """Read below the project."""
        return await self.ask("GET", f"/projects/{self.project.id}{path}", **headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        """Write below the project."""
        return await self.ask("POST", f"/projects/{self.project.id}{path}", body, **headers)

    async def put(self, path: str, body: Any = None) -> Reply:
        """Change below the project."""
        return await self.ask("PUT", f"/projects/{self.project.id}{path}", body)

    async def delete(self, path: str) -> Reply:
        """Delete below the project."""
        return await self.ask("DELETE", f"/projects/{self.project.id}{path}")

    def position(self, new: int | None = None, old: int | None = None, **more: Any) -> dict[str, Any]:
        """Name a line of the newest version; what is `None` is left out."""
        place = {"position_type": "text", "old_path": "Dockerfile", "new_path": "Dockerfile"}
        whole = place | self.change.version.refs | {"new_line": new, "old_line": old} | more
        return {name: value for name, value in whole.items() if value is not None}

    async def discuss(self, new: int | None = None, old: int | None = None, body: str = "Look.", **more: Any) -> Reply:
        """Start a thread on a line."""
        return await self.post(f"{CHANGE}/discussions", {"body": body, "position": self.position(new, old, **more)})

    async def draft(self, new: int | None = None, old: int | None = None, **body: Any) -> Reply:
        """Write a draft note, on a line when one is named."""
        place = {} if new is None and old is None else {"position": self.position(new, old)}
        return await self.post(f"{CHANGE}/draft_notes", {"note": "Look."} | place | body)

    async def publish(self) -> Reply:
        """Publish all drafts."""
        return await self.post(f"{CHANGE}/draft_notes/bulk_publish")

    def demote(self, level: int) -> None:
        """Give the bot another access level; 0 for none."""
        self.project.members[self.forge.bot.username] = level
