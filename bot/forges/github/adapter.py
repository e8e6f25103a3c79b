"""GitHub as a `Forge`: what `bot.reviewer` asks, handed to the module that knows the answer."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

from bot.forges.base import Capabilities, Check, Gone, Terms
from bot.forges.github.checks import complete_check, standing_run
from bot.forges.github.client import Client
from bot.forges.github.conversation import author
from bot.forges.github.objects import Objects
from bot.forges.github.publishing import publish
from bot.forges.github.reading import context
from bot.forges.github.tokens import PERMISSIONS, Tokens
from bot.forges.github.wire import Memory, Wire
from bot.forges.github.writing import Pace, Writer
from bot.forges.marks import answer_mark
from bot.forges.together import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import aiohttp

    from bot.forges.base import Context, Fence, Permission, Published, ReviewPlan, Tree
    from bot.forges.github.tokens import App
    from bot.jobs import Command, Job

DEFAULT_API: Final = "https://api.github.com"


def _suggestion(_further: int) -> str:
    """Return the info string of a suggestion: the comment's own lines say what is replaced."""
    return "suggestion"


class GitHub:
    """GitHub and GitHub Enterprise Server, as an App.

    Args:
        session: For all requests; it must not follow the environment's proxies unless that is wanted.
        app: The App's number and key.
        api_url: The REST root; nothing outside it is ever asked.
        now: Seconds since the epoch.
        pause: Seconds between two writes of an installation.
        resolve: Whether repaired threads are resolved too; GitHub wants write access to contents for that, so the
            App must have been granted it.
    """

    terms = Terms(pull_request="pull request", suggestion=_suggestion)
    capabilities = Capabilities(file_comments=True, context_comments=False)

    def __init__(
        self,
        session: aiohttp.ClientSession,
        app: App,
        *,
        api_url: str = DEFAULT_API,
        now: Callable[[], float] = time.time,
        pause: float = 1.0,
        resolve: bool = False,
    ) -> None:
        self._session = session
        self._api_url = api_url
        self._now = now
        self._memory = Memory()
        self._objects = Objects()
        self._pace = Pace(pause)
        permissions = PERMISSIONS | ({"contents": "write"} if resolve else {})
        self._tokens = Tokens(Wire(session, self._memory, api_url), app, now, permissions)

    async def context(self, job: Job) -> Context:
        """Read the pull request, its diff, our earlier words and the tree listing."""
        client, login = await self._enter(job)
        return await context(client, self._objects, job, login)

    async def read(self, job: Job, commit: str, paths: Iterable[str]) -> Tree:
        """Read whole files at a commit; what cannot be read is named with the reason."""
        client, _ = await self._enter(job)
        return await self._objects.read(client, commit, paths)

    async def permission(self, job: Job, command: Command) -> Permission:
        """Say what a command's author may do, as the collaborators' list says it."""
        client, _ = await self._enter(job)
        try:
            answer = await client.get(f"/collaborators/{quote(command.author, safe='')}/permission")
        except Gone:
            return "none"
        return cast("Permission", answer["permission"])

    async def acknowledge(self, job: Job, command: Command, *, refused: bool = False) -> None:
        """React to a command's comment; GitHub keeps one reaction of a kind."""
        client, _ = await self._enter(job)
        place = "pulls" if command.thread_id else "issues"
        content = "confused" if refused else "eyes"
        await client.post(f"/{place}/comments/{command.comment_id}/reactions", {"content": content})

    async def reply(self, job: Job, command: Command, body: str) -> None:
        """Answer a command where it was given, once; only our own threads can be put aside."""
        client, login = await self._enter(job)
        number, mark = job.key.number, answer_mark(command)
        place = f"/pulls/{number}/comments" if command.thread_id else f"/issues/{number}/comments"
        said = await client.pages(place)
        if any(mark in (item.get("body") or "") and author(item) == login for item in said):
            return
        answer: dict[str, str | int] = {"body": f"{body}\n\n{mark}"}
        if command.thread_id:
            top = next((item for item in said if str(item["id"]) == command.thread_id), None)
            if top is None:
                raise Gone(f"the thread {command.thread_id} is no longer there")
            if command.name == "ignore" and author(top) != login:
                raise Gone(f"the thread {command.thread_id} is not ours")
            answer |= {"in_reply_to": top["id"], "path": top["path"], "commit_id": top["commit_id"]}
        await client.post(place, answer)

    async def publish(self, job: Job, plan: ReviewPlan, fence: Fence) -> Published:
        """Write a review; see `bot.forges.base.Forge.publish`."""
        client, login = await self._enter(job)
        writer = Writer(client, self._pace, job.installation, fence)
        return await publish(client, writer, job, plan, login)

    async def fail(self, job: Job, sentence: str) -> None:
        """Complete the check of the newest head with a neutral conclusion and a sentence of Markdown."""
        client, login = await self._enter(job)
        pull = await client.get(f"/pulls/{job.key.number}")
        head = pull["head"]["sha"]
        standing = await standing_run(client, head, str(job.key), login)
        writer = Writer(client, self._pace, job.installation, _no_fence)
        await complete_check(writer, job, head, Check("neutral", "Not reviewed", sentence), standing)

    async def _enter(self, job: Job) -> tuple[Client, str]:
        """Return the repository's client, and the login under which our texts stand."""
        async with at_once() as group:
            token = group.create_task(self._tokens.token(job))
            login = group.create_task(self._tokens.login())
        wire = Wire(self._session, self._memory, self._api_url, token.result().reveal())
        client = Client(wire, job.key.repository, self._now, partial(self._tokens.forget, job))
        return client, login.result()


async def _no_fence() -> None:
    """Let a write pass: the job is at its end and nobody else has it."""
