"""What a review and its life ask of a forge, shown on both forges with their real clients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.forges.base import Denied, Gone, Revision, Unavailable
from bot.mailbox import LeaseLost
from tests.bot import gitlab_bench
from tests.bot.sides import on
from tests.forge.faults import Fault
from tests.forge.repository import Moved, Submodule, Symlink

pytestmark = pytest.mark.parametrize("forge", ["github", "gitlab"])


async def test_a_review_is_one_batch_of_comments(forge: str) -> None:
    async with on(forge) as s:
        done = await s.publish(s.plan(s.comment("a1"), s.comment("b2", 4, start=3)))
        assert (done.posted, done.found, done.refused) == (2, 0, ())
        assert len(s.bodies) == 2


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_answer_does_not_post_twice(forge: str, when: Any) -> None:
    async with on(forge) as s:
        plan = s.plan(s.comment("a1"), s.comment("b2", 4), summary=s.bench.summary("Two."))
        s.bench.forge.faults.add(Fault("POST", s.batch, when=when, drop=True))
        with pytest.raises(Unavailable):
            await s.publish(plan)
        await s.publish(plan)
        assert len(s.bodies) == 3


async def test_a_moved_head_is_not_spoken_of(forge: str) -> None:
    async with on(forge) as s:
        plan = s.plan(s.comment("a1"), summary=s.bench.summary("One."))
        s.change.push({"Dockerfile": gitlab_bench.AFTER + "USER 1\n"})
        with pytest.raises(Gone, match="moved on"):
            await s.publish(plan)
        assert (s.bench.forge.requests.writes, s.bodies) == ([], [])


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


async def test_a_summary_that_somebody_removes_meanwhile_is_posted_anew(forge: str) -> None:
    async with on(forge) as s:
        await s.publish(s.plan(summary=s.bench.summary("First.")))
        edit = ("PATCH", "/issues/comments/") if s.on_github else ("PUT", "/notes/")
        s.bench.forge.faults.add(Fault(*edit, then=s.remove_summary))
        await s.publish(s.plan(s.comment("a1"), summary=s.bench.summary("Second.")))
        assert [body.partition("\n")[0] for body in s.summaries] == ["Second."]
        assert s.verdict == "success"


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
        s.change.comment(s.bench.summary("A copy."), author="mallory")
        assert (await s.publish(s.plan(comment, summary=s.bench.summary("Ours.")))).posted == 1
        assert len(s.bodies) == 2


async def test_a_fork_is_read_and_reviewed(forge: str) -> None:
    async with on(forge, fork=True) as s:
        tree = await s.adapter.read(s.bench.job, s.change.head, ["Dockerfile", "missing"])
        assert tree.files == {"Dockerfile": gitlab_bench.AFTER.encode()}
        assert (await s.publish(s.plan(s.comment("a1")))).posted == 1


async def test_a_lost_lease_stops_before_the_next_write(forge: str) -> None:
    asked = 0

    async def lost() -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise LeaseLost

    async with on(forge) as s:
        with pytest.raises(LeaseLost):
            await s.adapter.publish(s.bench.job, s.plan(s.comment("a1"), s.comment("f0", None)), lost)
        assert len(s.bench.forge.requests.writes) == 1


async def test_a_limit_is_handed_on_with_its_seconds(forge: str) -> None:
    async with on(forge) as s:
        plan = s.plan(s.comment("a1"))
        s.bench.forge.faults.add(Fault("POST", s.batch, status=429, headers={"Retry-After": "77"}, body=b"{}"))
        with pytest.raises(Unavailable) as caught:
            await s.publish(plan)
        assert caught.value.retry_after == 77


async def test_what_an_attempt_left_unpublished_is_removed_first(forge: str) -> None:
    async with on(forge) as s:
        await s.leave_behind("An earlier attempt's words.")
        await s.publish(s.plan(s.comment("a1")))
        [body] = s.bodies
        assert body.startswith("**Finding a1.**")


async def test_what_was_left_unpublished_and_is_gone_by_then_holds_nothing_up(forge: str) -> None:
    async with on(forge) as s:
        await s.leave_behind("An earlier attempt's words.")
        s.bench.forge.faults.add(Fault("DELETE", when="after", status=404, body=b'{"message": "404 Not found"}'))
        await s.publish(s.plan(s.comment("a1")))
        assert s.verdict == "success"


async def test_files_are_listed_with_their_status_and_old_path(forge: str) -> None:
    before: dict[str, Any] = {"Dockerfile": gitlab_bench.BEFORE, "gone": "y\n", "old": "a\nb\nc\n"}
    after: dict[str, Any] = {"Dockerfile": gitlab_bench.AFTER, "gone": None, "new": Moved("old"), "more": "x\n"}
    async with on(forge, before=before, after=after) as s:
        pull_request = (await s.adapter.context(s.bench.job)).pull_request
        assert sorted((file.path, file.status, file.previous_path) for file in pull_request.files) == [
            ("Dockerfile", "modified", None),
            ("gone", "removed", None),
            ("more", "added", None),
            ("new", "renamed", "old"),
        ]


async def test_the_base_is_where_the_change_began(forge: str) -> None:
    async with on(forge) as s:
        began = s.change.merge_base
        tip = s.bench.project.push("main", {"LICENSE": "MIT\n"})
        pull_request = (await s.adapter.context(s.bench.job)).pull_request
        assert (pull_request.base, pull_request.base_tip, pull_request.head) == (began, tip, s.change.head)


async def test_more_files_than_a_page_holds_are_all_listed(forge: str) -> None:
    async with on(forge, after={f"{number}.txt": "x\n" for number in range(230)}) as s:
        context = await s.adapter.context(s.bench.job)
        assert len(context.pull_request.files) == 230
        assert context.listing is not None
        assert len(context.listing) == 231


async def test_links_submodules_and_binaries_are_named_and_not_read(forge: str) -> None:
    after: dict[str, Any] = {
        "Dockerfile": gitlab_bench.AFTER,
        "link": Symlink("Dockerfile"),
        "module": Submodule("a" * 40),
        "binary": b"\0x",
    }
    async with on(forge, after=after) as s:
        context = await s.adapter.context(s.bench.job)
        tree = await s.adapter.read(s.bench.job, context.pull_request.head, [*after, "missing"])
        assert list(tree.files) == ["Dockerfile"]
        assert {file.path: file.reason for file in tree.unread} == {
            "link": "a symbolic link",
            "module": "a submodule",
            "binary": "binary",
        }


async def test_a_missing_diff_is_not_read_as_empty(forge: str) -> None:
    async with on(forge) as s:
        s.bench.forge.limits.patch_bytes = 1
        [file] = (await s.adapter.context(s.bench.job)).pull_request.files
        assert (file.path, file.status, file.patch) == ("Dockerfile", "modified", None)


async def test_what_a_person_resolved_is_theirs(forge: str) -> None:
    async with on(forge) as s:
        await s.publish(s.plan(s.comment("a1")))
        s.change.resolve(s.inline[0], by="dana")
        [thread] = (await s.conversation()).threads
        assert (thread.dismissed, thread.dismissed_by, thread.resolved_by_us) == (True, "dana", False)


async def test_a_thread_that_somebody_removed_is_let_go(forge: str) -> None:
    async with on(forge) as s:
        await s.publish(s.plan(s.comment("a1")))
        [thread] = (await s.conversation()).threads
        s.remove(s.inline[0])
        await s.publish(
            replace(s.plan(summary=s.bench.summary("Still here.")), revisions=(Revision(thread, body="x"),))
        )
        [body] = s.bodies
        assert body.startswith("Still here.")


async def test_a_review_that_failed_for_good_is_said_once(forge: str) -> None:
    async with on(forge) as s:
        for _ in range(2):
            await s.adapter.fail(s.bench.job, "It took too long.")
        assert len(s.failures) == 1
        assert "It took too long." in s.failures[0]


async def test_dead_credentials_are_for_a_person_to_renew(forge: str) -> None:
    async with on(forge) as s:
        s.bench.forge.faults.add(Fault(status=401, body=b'{"message": "401 Unauthorized"}', times=None))
        with pytest.raises(Denied):
            await s.adapter.context(s.bench.job)
