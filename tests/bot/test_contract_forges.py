"""What a review and its life ask of a forge, shown on both forges with their real clients."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.forges.base import Gone, Revision, Unavailable
from tests.bot import github_bench, gitlab_bench
from tests.forge.faults import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.forges.base import Conversation, Forge, Published, ReviewPlan

pytestmark = pytest.mark.parametrize("forge", ["github", "gitlab"])


class Side:
    """One forge's bench, in words that both have."""

    def __init__(self, forge: str, bench: Any) -> None:
        self.bench = bench
        self.adapter: Forge = getattr(bench, forge)
        self.change: Any = bench.pull if forge == "github" else bench.change
        self.batch = r"/pulls/1/reviews$" if forge == "github" else r"/draft_notes/bulk_publish$"
        self.comment = bench.comment
        self.plan = bench.plan

    @property
    def bodies(self) -> Sequence[str]:
        """Everything that we said, in any place."""
        if isinstance(self.bench, gitlab_bench.Bench):
            return [note.body for note in self.bench.notes]
        return [each.body for each in (*self.bench.comments, *self.bench.pull.issue_comments)]

    async def publish(self, plan: ReviewPlan) -> Published:
        return await self.adapter.publish(self.bench.job, plan, gitlab_bench.no_fence)

    async def conversation(self) -> Conversation:
        return (await self.adapter.context(self.bench.job)).conversation


@asynccontextmanager
async def on(forge: str, **how: Any) -> AsyncIterator[Side]:
    make = github_bench.bench if forge == "github" else gitlab_bench.bench
    async with make(**how) as bench:
        yield Side(forge, bench)


async def test_a_review_is_one_batch_of_comments(forge: str) -> None:
    async with on(forge) as s:
        done = await s.publish(s.plan(s.comment("a1"), s.comment("b2", 4, start=3)))
        assert (done.posted, done.found, done.refused) == (2, 0, ())
        assert len(s.bodies) == 2


async def test_publishing_again_writes_nothing(forge: str) -> None:
    async with on(forge) as s:
        plan = s.plan(s.comment("a1"), s.comment("f0", None), summary=s.bench.summary("Two."))
        await s.publish(plan)
        again = await s.publish(plan)
        assert (again.posted, again.found, again.writes) == (0, 2, 0)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_answer_does_not_post_twice(forge: str, when: Any) -> None:
    async with on(forge) as s:
        plan = s.plan(s.comment("a1"), s.comment("b2", 4))
        s.bench.forge.faults.add(Fault("POST", s.batch, when=when, drop=True))
        with pytest.raises(Unavailable):
            await s.publish(plan)
        await s.publish(plan)
        assert len(s.bodies) == 2


async def test_a_moved_head_is_not_spoken_of(forge: str) -> None:
    async with on(forge) as s:
        plan = s.plan(s.comment("a1"))
        s.change.push({"Dockerfile": gitlab_bench.AFTER + "USER 1\n"})
        with pytest.raises(Gone, match="moved on"):
            await s.publish(plan)
        assert s.bodies == []


async def test_what_is_closed_is_left_alone(forge: str) -> None:
    async with on(forge) as s:
        plan = s.plan(s.comment("a1"))
        s.change.close()
        with pytest.raises(Gone, match="no longer open"):
            await s.publish(plan)


async def test_the_summary_is_edited_in_place(forge: str) -> None:
    async with on(forge) as s:
        await s.publish(s.plan(summary=s.bench.summary("First.")))
        await s.publish(s.plan(summary=s.bench.summary("Second.")))
        [body] = s.bodies
        assert body.startswith("Second.")


async def test_a_place_outside_the_diff_costs_no_comment(forge: str) -> None:
    async with on(forge) as s:
        wrong = s.comment("ff", 999)
        done = await s.publish(s.plan(wrong, s.comment("a1")))
        assert done.refused == (wrong,)
        assert len(s.bodies) == 2


async def test_our_threads_are_found_with_their_lines(forge: str) -> None:
    async with on(forge) as s:
        await s.publish(s.plan(s.comment("a1")))
        [thread] = (await s.conversation()).threads
        assert (thread.path, thread.line, thread.resolved, thread.dismissed) == ("Dockerfile", 3, False, False)


async def test_a_repaired_thread_is_edited(forge: str) -> None:
    async with on(forge) as s:
        await s.publish(s.plan(s.comment("a1")))
        [thread] = (await s.conversation()).threads
        revision = Revision(thread, body=thread.body.replace("Finding", "Fixed"), resolve=True)
        await s.publish(replace(s.plan(), revisions=(revision,)))
        assert s.bodies[0].startswith("**Fixed a1")


async def test_a_reply_is_said_once(forge: str) -> None:
    async with on(forge) as s:
        await s.publish(s.plan(s.comment("a1")))
        [thread] = (await s.conversation()).threads
        plan = replace(s.plan(), revisions=(Revision(thread, reply="Back as of 1234567."),))
        await s.publish(plan)
        await s.publish(plan)
        assert len(s.bodies) == 2


async def test_an_outdated_thread_has_no_line(forge: str) -> None:
    async with on(forge) as s:
        await s.publish(s.plan(s.comment("a1")))
        s.change.push({"Dockerfile": "FROM scratch\n"})
        [thread] = (await s.conversation()).threads
        assert (thread.path, thread.line) == ("Dockerfile", None)


async def test_a_copy_of_a_mark_is_not_ours(forge: str) -> None:
    async with on(forge) as s:
        comment = s.comment("a1")
        s.change.comment(comment.body, author="mallory")
        assert (await s.publish(s.plan(comment))).posted == 1


async def test_the_reviewed_heads_are_remembered(forge: str) -> None:
    async with on(forge) as s:
        await s.publish(s.plan(s.comment("a1")))
        reviewed = s.change.head
        s.change.force_push({"Dockerfile": "FROM scratch\n"})
        assert (await s.conversation()).reviewed == {reviewed}


async def test_a_fork_is_read_and_reviewed(forge: str) -> None:
    async with on(forge, fork=True) as s:
        tree = await s.adapter.read(s.bench.job, s.change.head, ["Dockerfile", "missing"])
        assert tree.files == {"Dockerfile": gitlab_bench.AFTER.encode()}
        assert (await s.publish(s.plan(s.comment("a1")))).posted == 1
