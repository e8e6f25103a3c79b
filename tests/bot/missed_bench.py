"""A mailbox and the forge double, an hour apart, for the tests of what GitLab's hooks told nobody."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.catch_up import Ration, catch_up
from bot.forges.gitlab import Door
from bot.inbound.gitlab import Instance, gitlab_delivery
from bot.mailbox import Mailbox, ReviewRecord
from bot.secret import Secret
from tests.bot.databases import MovableClock
from tests.forge.gitlab.double import GitLabDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.mailbox import Claimed
    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.project import Project
    from tests.forge.gitlab.webhooks import Delivery


HOUR = 3600.0


@dataclass
class Desk:
    """A mailbox, GitLab, and the time of both."""

    forge: GitLabDouble
    door: Door
    mailbox: Mailbox
    clock: MovableClock
    done: list[Claimed] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.forge.web_url.partition("://")[2]

    async def hear(self, delivery: Delivery) -> None:
        """Take a call in, as the server does."""
        caller = Instance(self.host, Secret(self.forge.hook_token))
        read = gitlab_delivery(delivery.headers, delivery.body, (caller,), self.forge.clock.seconds())
        await self.mailbox.put(read)

    async def hear_of(self, change: MergeRequest, action: str = "open") -> None:
        """Take in that something happened to a merge request, and do what is asked."""
        await self.hear(self.forge.hooks.unsent(change, action))
        await self.work()

    def wait(self, seconds: float = HOUR) -> None:
        """Let time pass."""
        self.forge.clock.advance(seconds)
        self.clock.ahead += seconds

    async def look(self, ration: Ration | None = None) -> int:
        return await catch_up(self.mailbox, self.door, self.host, ration)

    async def work(self) -> list[Claimed]:
        """Do everything that waits, and return it."""
        self.wait(20)
        found = []
        while (claimed := await self.mailbox.claim("test")) is not None:
            change = self.forge.projects[int(claimed.job.key.repository)].merge_requests[claimed.job.key.number]
            reviewed = claimed.review and change.state == "opened"
            record = ReviewRecord(change.head, "success", base_branch=change.target_branch) if reviewed else None
            await self.mailbox.finish(claimed, record)
            found.append(claimed)
        return found

    async def known(self, path: str = "a/one") -> tuple[Project, MergeRequest]:
        """Make a project whose hook has called about its first merge request, an hour ago."""
        project = self.forge.create_project(path, {"Dockerfile": "FROM debian:12\n"})
        change = project.open_merge_request(files={"Dockerfile": "FROM debian:13\n"})
        await self.hear_of(change)
        self.wait()
        return project, change


@asynccontextmanager
async def desk_at(url: str) -> AsyncIterator[Desk]:
    clock = MovableClock(url)
    async with GitLabDouble.start() as forge, await Mailbox.open(url, clock=clock) as mailbox:
        door = Door(forge.web_url, Secret(forge.token))
        yield Desk(forge, door, mailbox, clock)
        await door.close()


def opened(project: Project, branch: str, *, draft: bool = False) -> MergeRequest:
    return project.open_merge_request(files={"Dockerfile": f"FROM debian:{branch}\n"}, branch=branch, draft=draft)


def asked(desk: Desk, part: str) -> int:
    """Count the requests whose path ends so."""
    return sum(each.path.endswith(part) for each in desk.forge.requests)
