"""Both forges in the same words, for what must be so on each of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bot.jobs import Command
from bot.obedience import obey
from bot.reviewer import review
from tests.bot import github_bench, gitlab_bench
from tests.bot.reviewing import desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.forges.base import Conversation, Forge, Published, ReviewPlan
    from bot.jobs import CommandName
    from bot.reviewer import Outcome

ROLES: Final = {"admin": 40, "write": 30, "read": 20}
"""What GitHub calls roles, as GitLab's access levels."""


class Side:
    """One forge's bench, in words that both have."""

    def __init__(self, forge: str, bench: Any) -> None:
        self.bench = bench
        self.adapter: Forge = getattr(bench, forge)
        self.on_github = forge == "github"
        self.change: Any = bench.pull if self.on_github else bench.change
        self.batch = r"/pulls/1/reviews$" if self.on_github else r"/draft_notes/bulk_publish$"
        self.comment = bench.comment
        self.plan = bench.plan

    @property
    def bodies(self) -> Sequence[str]:
        """Everything that we said, in any place."""
        if self.on_github:
            said = (*self.bench.comments, *self.bench.pull.issue_comments)
            return [each.body for each in said if each.author is self.bench.forge.app.bot]
        return [note.body for note in self.bench.notes]

    @property
    def inline(self) -> list[Any]:
        """Our comments on the diff, without answers."""
        if self.on_github:
            tops = [each for each in self.bench.comments if each.in_reply_to is None]
            return [each for each in tops if each.author is self.bench.forge.app.bot]
        return [note for note in self.bench.notes if note.position and note is note.discussion.notes[0]]

    @property
    def summaries(self) -> list[str]:
        """Our summaries."""
        return [body for body in self.bodies if "<!-- hullcheck:summary " in body]

    @property
    def failures(self) -> list[str]:
        """Where we said that nothing was reviewed."""
        if self.on_github:
            return [run.summary or "" for run in self.bench.project.check_runs]
        return [body for body in self.bodies if body.startswith("**Not reviewed")]

    @property
    def verdict(self) -> str:
        """What holds or lets a merge: the newest check's conclusion, or the commit status."""
        if self.on_github:
            return str(self.bench.project.check_runs[-1].conclusion)
        state: str = self.bench.project.statuses[-1].state
        return "failure" if state == "failed" else state

    async def publish(self, plan: ReviewPlan) -> Published:
        return await self.adapter.publish(self.bench.job, plan, gitlab_bench.no_fence)

    async def review(self) -> Outcome:
        """Review with two rules on."""
        return await review(self.bench.job, self.adapter, gitlab_bench.no_fence, desk())

    async def conversation(self) -> Conversation:
        return (await self.adapter.context(self.bench.job)).conversation

    def give(self, login: str, role: str) -> None:
        """Give somebody a role."""
        if self.on_github:
            self.bench.project.collaborators[login] = role
        else:
            self.bench.project.members[login] = ROLES[role]

    async def order(self, name: CommandName, text: str, by: str, answering: Any = None) -> tuple[Any, bool]:
        """Have somebody comment, or answer a comment of ours; return what they said and whether we review for it."""
        said = self.change.reply(answering, text, author=by) if answering else self.change.comment(text, author=by)
        thread = ""
        if answering:
            thread = str(answering.id) if self.on_github else answering.discussion.id
        reason = text.partition(name)[2].strip()
        command = Command(name, said.id, by, self.bench.forge.user(by).id, thread, reason)
        job = replace(self.bench.job, command=command)
        return said, await obey(job, command, self.adapter, gitlab_bench.no_fence)

    def reactions(self, said: Any) -> list[str]:
        """Our reactions to what somebody said."""
        return [each.content for each in said.reactions] if self.on_github else [each.name for each in said.awards]

    def remove(self, comment: Any) -> None:
        """Have somebody remove a comment of ours."""
        if self.on_github:
            self.change.threads.clear()
        else:
            self.change.delete_note(comment)

    def remove_summary(self) -> None:
        """Have somebody remove our summary."""
        if self.on_github:
            self.change.issue_comments.clear()
        else:
            self.change.delete_note(next(note for note in self.bench.notes if "hullcheck:summary" in note.body))

    async def leave_behind(self, text: str) -> None:
        """Leave something unpublished, as a crash does."""
        if self.on_github:
            client, _ = await self.adapter._enter(self.bench.job)  # type: ignore[attr-defined]  # GitHub's own
            await client.post("/pulls/1/reviews", {"body": text, "commit_id": self.change.head})
        else:
            door = self.adapter._door  # type: ignore[attr-defined]  # GitLab's own
            place = f"/projects/{self.bench.project.id}/merge_requests/1/draft_notes"
            await door.write("post", place, {"note": text})


@asynccontextmanager
async def on(forge: str, **how: Any) -> AsyncIterator[Side]:
    """Open a pull request on one of the forges."""
    opened: Any = github_bench.bench(**how) if forge == "github" else gitlab_bench.bench(**how, gates=("commit",))
    async with opened as bench:
        yield Side(forge, bench)
