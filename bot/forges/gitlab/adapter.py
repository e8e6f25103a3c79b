"""GitLab as a `Forge`: what `bot.reviewer` asks, handed to the module that knows the answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.forges.base import Capabilities, Check, Gone, Rejected, Terms
from bot.forges.gitlab.accounts import Accounts, Own
from bot.forges.gitlab.client import Client, Writer
from bot.forges.gitlab.conversation import discussions, is_ours, own_notes
from bot.forges.gitlab.gate import Gate
from bot.forges.gitlab.objects import Objects
from bot.forges.gitlab.publishing import publish
from bot.forges.gitlab.quick_actions import harmless
from bot.forges.gitlab.reading import context
from bot.forges.gitlab.roles import DEVELOPER, GUEST, MAINTAINER
from bot.forges.gitlab.versions import FILE_DISCUSSIONS, older_than
from bot.forges.marks import answer_mark
from bot.forges.together import at_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bot.forges.base import Context, Fence, Permission, Published, ReviewPlan, Tree
    from bot.forges.gitlab.door import Door
    from bot.jobs import Command, Job


def _suggestion(further: int) -> str:
    """Return the info string of a suggestion: it is anchored at the last line that it replaces."""
    return f"suggestion:-{further}+0"


class GitLab:
    """One GitLab instance.

    Args:
        door: The instance, by the access token's account.
        gate: Where verdicts are set besides the notes.
        accounts: Those that we had before.
        wait: Sleeps while GitLab makes the diff of a new merge request.
    """

    terms = Terms(pull_request="merge request", suggestion=_suggestion)

    def __init__(
        self,
        door: Door,
        *,
        gate: Gate | None = None,
        accounts: Accounts | None = None,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.capabilities = Capabilities(file_comments=True, context_comments=True)
        self._door = door
        self._gate = gate or Gate()
        self._accounts = accounts or Accounts()
        self._wait = wait
        self._objects = Objects()
        self._ourselves: Own | None = None

    async def check(self) -> None:
        """Return when GitLab takes the token.

        Raises:
            ForgeError: It does not, or cannot be reached.
        """
        await self._door.get("/user")

    async def context(self, job: Job) -> Context:
        """Read the merge request, its diff, our earlier words and the tree listing."""
        client = Client(self._door, job)
        return await context(client, self._objects, job, await self._own(), self._wait)

    async def read(self, job: Job, commit: str, paths: Iterable[str]) -> Tree:
        """Read whole files at a commit; what cannot be read is named with the reason."""
        return await self._objects.read(Client(self._door, job), commit, paths)

    async def permission(self, job: Job, command: Command) -> Permission:
        """Say what a command's author may do, by the project or by a group above it."""
        try:
            member = await Client(self._door, job).get(f"/members/all/{command.author_id}")
        except Gone:
            return "none"
        level = member["access_level"]
        if level >= MAINTAINER:
            return "admin"
        return "write" if level >= DEVELOPER else "read" if level >= GUEST else "none"

    async def acknowledge(self, job: Job, command: Command, *, refused: bool = False) -> None:
        """React to a command's note; GitLab refuses the same emoji twice, which is as good."""
        client = Client(self._door, job)
        place = f"{client.merge_request}/notes/{command.comment_id}/award_emoji"
        try:
            await client.post(place, {"name": "confused" if refused else "eyes"})
        except (Gone, Rejected) as fault:
            if "already been taken" not in str(fault):
                raise

    async def reply(self, job: Job, command: Command, body: str) -> None:
        """Answer a command where it was given, once; only our own discussions can be put aside."""
        client, own = Client(self._door, job), await self._own()
        everything, mark = await discussions(client), answer_mark(command)
        if any(mark in note["body"] for note in own_notes(everything, own)):
            return
        place = f"{client.merge_request}/notes"
        if command.thread_id:
            asked = next((each for each in everything if each["id"] == command.thread_id), None)
            if asked is None:
                raise Gone(f"the discussion {command.thread_id} is no longer there")
            if command.name == "ignore" and not is_ours(asked, own):
                raise Gone(f"the discussion {command.thread_id} is not ours")
            place = f"{client.merge_request}/discussions/{command.thread_id}/notes"
        await client.post(place, {"body": f"{harmless(body)}\n\n{mark}"})

    async def publish(self, job: Job, plan: ReviewPlan, fence: Fence) -> Published:
        """Write a review; see `bot.forges.base.Forge.publish`."""
        client = Client(self._door, job)
        return await publish(client, self._objects, Writer(client, fence), plan, await self._own(), self._gate)

    async def fail(self, job: Job, sentence: str) -> None:
        """Say below the merge request that its newest head was not reviewed, once; and in the status where wanted."""
        client, own = Client(self._door, job), await self._own()
        change = await client.get(client.merge_request)
        head = change.get("sha") or ""
        mark = f"<!-- hullcheck:failed head={head} -->"
        if not any(mark in note["body"] for note in own_notes(await discussions(client), own)):
            body = f"**Not reviewed: {head[:8]}.** {sentence}"
            await client.post(f"{client.merge_request}/notes", {"body": f"{harmless(body)}\n\n{mark}"})
        if head:
            check = Check("neutral", "Not reviewed", sentence)
            await self._gate.set(client, Writer(client, _no_fence), change, head, check)

    async def _own(self) -> Own:
        """Return our accounts, and learn with them what the instance can do."""
        if self._ourselves is None:
            async with at_once() as group:
                user = group.create_task(self._door.get("/user"))
                version = group.create_task(self._door.get("/version"))
            files = older_than(version.result(), FILE_DISCUSSIONS)
            self.capabilities = Capabilities(file_comments=not files, context_comments=True)
            self._ourselves = await self._accounts.joined_by(user.result()["id"])
        return self._ourselves


async def _no_fence() -> None:
    """Let a write pass: the job is at its end and nobody else has it."""
