"""A pull request on the forge double and the adapter under test, for the tests of GitHub."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from bot.forges.base import Annotation, Check, Comment, ReviewPlan
from bot.forges.github import App, GitHub
from bot.jobs import Job, PullRequestKey
from bot.review.markers import Marker, Signer
from bot.secret import Secret
from tests.forge.github.double import GitHubDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bot.forges.base import Published
    from tests.forge.github.model import ReviewComment
    from tests.forge.github.project import Project
    from tests.forge.github.pulls import PullRequest
    from tests.forge.repository import Content

KEY = b"the key that signs the marks"
BEFORE = 'FROM debian:12\nRUN true\nCMD ["serve"]\n'
AFTER = 'FROM debian:12\nRUN true\nRUN false\nRUN maybe\nCMD ["serve"]\n'
SUCCESS = Check("success", "No new findings", "Nothing to say.")


@dataclass
class Bench:
    """One pull request, and the adapter that is to work on it."""

    forge: GitHubDouble
    github: GitHub
    project: Project
    pull: PullRequest
    session: aiohttp.ClientSession

    @property
    def job(self) -> Job:
        """The job of a push, with the right hints."""
        grant = self.forge.grant(self.project)
        assert grant is not None
        key = PullRequestKey("github", self.forge.api_url, self.project.full_name, self.pull.number)
        return Job(key, str(grant.id), self.pull.head, self.pull.base_tip, self.project.id)

    @property
    def signer(self) -> Signer:
        return Signer("github", KEY)

    def comment(
        self, name: str, line: int | None = 3, path: str = "Dockerfile", *, start: int | None = None
    ) -> Comment:
        """A comment of a plan; `name` is hexadecimal and tells it from others."""
        mark = self.signer.write(Marker("comment", self.pull.head, (name,)))
        return Comment(path, f"**Finding {name}.**\n\n{mark}", line, start)

    def plan(self, *comments: Comment, check: Check = SUCCESS, summary: str | None = None) -> ReviewPlan:
        """A plan for the head as it is now; comments without a line are about files."""
        body = self.signer.write(Marker("review", self.pull.head)) if comments else ""
        return ReviewPlan(
            self.pull.head,
            check,
            comments=tuple(each for each in comments if each.line),
            file_comments=tuple(each for each in comments if not each.line),
            body=body,
            summary=summary,
        )

    def summary(self, text: str) -> str:
        return f"{text}\n\n{self.signer.write(Marker('summary', self.pull.head))}"

    async def publish(self, plan: ReviewPlan) -> Published:
        return await self.github.publish(self.job, plan, no_fence)

    def another(self, *, pause: float = 0, resolve: bool = False) -> GitHub:
        """An adapter that remembers nothing, as after a restart."""
        return adapter(self.forge, self.session, pause=pause, resolve=resolve)

    @property
    def comments(self) -> list[ReviewComment]:
        """What stands in the review threads."""
        return self.pull.visible_comments()


async def no_fence() -> None:
    """Let every write pass."""


def adapter(forge: GitHubDouble, session: aiohttp.ClientSession, *, pause: float = 0, resolve: bool = False) -> GitHub:
    app = App(str(forge.app.id), Secret(forge.app.private_key))
    return GitHub(session, app, api_url=forge.api_url, now=forge.clock.seconds, pause=pause, resolve=resolve)


@asynccontextmanager
async def bench(
    before: Mapping[str, Content] | None = None, after: Mapping[str, Content] | None = None, *, fork: bool = False
) -> AsyncIterator[Bench]:
    """Open a pull request that changes `before` into `after`; one Dockerfile unless told otherwise."""
    connector = aiohttp.TCPConnector(limit=0)
    async with GitHubDouble.start() as forge, aiohttp.ClientSession(connector=connector) as session:
        project = forge.create_repository("acme/web", before or {"Dockerfile": BEFORE})
        pull = project.open_pull_request(files=after or {"Dockerfile": AFTER}, fork=fork)
        yield Bench(forge, adapter(forge, session), project, pull, session)


def many_annotations(count: int) -> tuple[Annotation, ...]:
    return tuple(Annotation("Dockerfile", n, n, "warning", f"rule {n}", "message") for n in range(1, count + 1))
