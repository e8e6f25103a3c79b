"""What the probes look at: one pull request, and a plain HTTP client that shows everything that comes back."""

from __future__ import annotations

import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.forge.github.double import GitHubDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tests.forge.github.model import Installation, ReviewComment
    from tests.forge.github.project import Project
    from tests.forge.github.pulls import PullRequest

REPO = "/repos/acme/shop"
LINES = [f"RUN step {number}\n" for number in range(1, 41)]
BEFORE = "".join(LINES)
# Three hunks, by new lines: 1 to 6 with line 3 changed, 9 to 14 with old line 12 gone, 26 to 32 with line 29 changed.
AFTER = "".join([*LINES[:2], "RUN changed three\n", *LINES[3:11], *LINES[12:29], "RUN changed thirty\n", *LINES[30:]])


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers, and the body, parsed when it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def errors(self) -> Any:
        """The errors of a refusal."""
        return self.body.get("errors")


@dataclass
class Scene:
    """One pull request and somebody with an installation token."""

    forge: GitHubDouble
    repo: Project
    pull: PullRequest
    session: aiohttp.ClientSession
    token: str = ""

    @classmethod
    @asynccontextmanager
    async def set(cls) -> AsyncIterator[Scene]:
        """Set the scene."""
        async with GitHubDouble.start() as forge, aiohttp.ClientSession() as session:
            repo = forge.create_repository("acme/shop", {"Dockerfile": BEFORE})
            pull = repo.open_pull_request(files={"Dockerfile": AFTER})
            scene = cls(forge, repo, pull, session)
            scene.token = (await scene.new_token()).body["token"]
            yield scene

    @property
    def grant(self) -> Installation:
        """The installation that covers the repository."""
        grant = self.forge.grant(self.repo)
        assert grant is not None
        return grant

    @property
    def comment(self) -> ReviewComment:
        """The newest review comment."""
        return self.pull.comments[-1]

    async def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> Reply:
        """Send a request; keywords are headers, with `_` for `-`."""
        said = {"Authorization": f"token {self.token if token is None else token}", "User-Agent": "probe"}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        url = f"{self.forge.api_url}{path}"
        async with self.session.request(method, url, data=data, headers=said, allow_redirects=False) as answer:
            raw = await answer.read()
            parsed = json.loads(raw) if raw and answer.content_type == "application/json" else raw
            return Reply(answer.status, answer.headers, parsed)

    async def get(self, path: str, **headers: str) -> Reply:
        """Read below the repository."""
        return await self.ask("GET", REPO + path, **headers)

    async def post(self, path: str, body: Any) -> Reply:
        """Write below the repository."""
        return await self.ask("POST", REPO + path, body)

    async def patch(self, path: str, body: Any) -> Reply:
        """Change below the repository."""
        return await self.ask("PATCH", REPO + path, body)

    async def review(self, *comments: Mapping[str, Any], **body: Any) -> Reply:
        """Post a review of line comments, as a COMMENT on the head unless told otherwise."""
        written = [{"path": "Dockerfile", "side": "RIGHT", "body": "Look."} | dict(each) for each in comments]
        whole = {"commit_id": self.pull.head, "event": "COMMENT", "comments": written} | body
        return await self.post("/pulls/1/reviews", {name: value for name, value in whole.items() if value is not None})

    async def say(self, **body: Any) -> Reply:
        """Post a single comment, on line 3 unless told otherwise; `None` leaves a key out."""
        whole = {"commit_id": self.pull.head, "path": "Dockerfile", "line": 3, "body": "Look."} | body
        return await self.post("/pulls/1/comments", {name: value for name, value in whole.items() if value is not None})

    async def new_token(self, body: Any = None, *, signed: str | None = None) -> Reply:
        """Ask for an installation token."""
        path = f"/app/installations/{self.grant.id}/access_tokens"
        return await self.ask("POST", path, body, token=signed or self.signed())

    def signed(self, *, issued: int = -60, ends: int = 500, issuer: object = None, key: str = "") -> str:
        """Make the App's JSON web token; times in seconds from now."""
        now = int(time.time())
        claims = {"iat": now + issued, "exp": now + ends, "iss": str(issuer or self.forge.app.id)}
        return jwt.encode(claims, loaded(key or self.forge.app.private_key), algorithm="RS256")

    async def graphql(self, query: str, **variables: Any) -> Any:
        """Ask by GraphQL."""
        return (await self.ask("POST", "/graphql", {"query": query, "variables": variables})).body


@cache
def loaded(key: str) -> RSAPrivateKey:
    """Read a private key once: it takes longer than most probes."""
    found = load_pem_private_key(key.encode(), None)
    assert isinstance(found, RSAPrivateKey)
    return found


@dataclass
class Listener:
    """An App that keeps what is delivered to it and answers as told."""

    url: str
    received: list[tuple[Mapping[str, str], bytes]]
    status: int = 202


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """Listen for deliveries on 127.0.0.1."""
    listener = Listener("", [])

    async def take(request: web.Request) -> web.Response:
        listener.received.append((request.headers.copy(), await request.read()))
        return web.Response(status=listener.status)

    app = web.Application(client_max_size=30 * 1024 * 1024)
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield listener
    finally:
        await runner.cleanup()
