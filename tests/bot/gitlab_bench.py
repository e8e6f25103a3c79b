"""A merge request on the forge double and the adapter under test, for the tests of GitLab."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.forges.base import Check, Comment, ReviewPlan
from bot.forges.gitlab import Accounts, Door, Gate, GitLab
from bot.jobs import Command, Job, PullRequestKey
from bot.review.markers import Marker, Signer
from bot.secret import Secret
from tests.forge.gitlab.double import GitLabDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bot.forges.base import Published
    from bot.forges.gitlab.gate import Kind
    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import Note
    from tests.forge.gitlab.project import Project
    from tests.forge.repository import Content

KEY = b"the key that signs the marks"
BEFORE = 'FROM debian:12\nRUN true\nCMD ["serve"]\n'
AFTER = 'FROM debian:12\nRUN true\nRUN false\nRUN maybe\nCMD ["serve"]\n'
SUCCESS = Check("success", "No new findings", "Nothing to say.")


@dataclass
class Bench:
    """One merge request, and the adapter that is to work on it."""

    forge: GitLabDouble
    gitlab: GitLab
    project: Project
    change: MergeRequest

    @property
    def job(self) -> Job:
        """The job of a push, with the right hint."""
        key = PullRequestKey("gitlab", "gitlab.example.org", str(self.project.id), self.change.iid)
        return Job(key, key.instance, self.change.head, repository_id=self.project.id)

    @property
    def signer(self) -> Signer:
        return Signer("gitlab", KEY)

    def comment(
        self, name: str, line: int | None = 3, path: str = "Dockerfile", *, start: int | None = None, text: str = ""
    ) -> Comment:
        """A comment of a plan; `name` is hexadecimal and tells it from others."""
        mark = self.signer.write(Marker("comment", self.change.head, (name,)))
        return Comment(path, f"**Finding {name}.**\n\n{text}\n\n{mark}", line, start)

    def plan(self, *comments: Comment, summary: str | None = None, check: Check = SUCCESS) -> ReviewPlan:
        """A plan for the head as it is now; comments without a line are about files."""
        return ReviewPlan(
            self.change.head,
            check,
            comments=tuple(each for each in comments if each.line),
            file_comments=tuple(each for each in comments if not each.line),
            summary=summary,
        )

    def summary(self, text: str) -> str:
        return f"{text}\n\n{self.signer.write(Marker('summary', self.change.head))}"

    async def publish(self, plan: ReviewPlan) -> Published:
        return await self.gitlab.publish(self.job, plan, no_fence)

    def command(self, note: Note, name: str = "review", *, reason: str = "") -> Command:
        """The command that a note holds, as its hook says it."""
        thread = "" if note.kind is None else note.discussion.id
        return Command(name, note.id, note.author.username, note.author.id, thread, reason)  # type: ignore[arg-type]  # one of the three

    @property
    def notes(self) -> list[Note]:
        """What we said."""
        return [note for note in self.change.notes if note.author is self.forge.bot and not note.system]


async def no_fence() -> None:
    """Let every write pass."""


@asynccontextmanager
async def adapter(
    forge: GitLabDouble, *gates: Kind, seconds: float = 20, accounts: Accounts | None = None
) -> AsyncIterator[GitLab]:
    """An adapter that remembers nothing; it waits for GitLab by moving the double's clock."""

    async def wait(seconds: float) -> None:
        forge.clock.advance(seconds)

    door = Door(forge.web_url, Secret(forge.token), seconds=seconds)
    try:
        yield GitLab(door, gate=Gate(frozenset(gates)), accounts=accounts, wait=wait)
    finally:
        await door.close()


@asynccontextmanager
async def bench(
    before: Mapping[str, Content] | None = None,
    after: Mapping[str, Content] | None = None,
    *,
    fork: bool = False,
    gates: tuple[Kind, ...] = (),
) -> AsyncIterator[Bench]:
    """Open a merge request that changes `before` into `after`; one Dockerfile unless told otherwise."""
    async with GitLabDouble.start() as forge, adapter(forge, *gates) as gitlab:
        project = forge.create_project("group/sub/web", before or {"Dockerfile": BEFORE})
        change = project.open_merge_request(files=after or {"Dockerfile": AFTER}, fork=fork)
        yield Bench(forge, gitlab, project, change)
