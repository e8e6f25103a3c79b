from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from bot.forges.base import Revision, Unavailable
from tests.bot.gitlab_bench import AFTER, adapter, bench, no_fence
from tests.forge import faults
from tests.forge.gitlab import mishaps

PUBLISH = r"/draft_notes/bulk_publish$"
DRAFTS = r"/draft_notes$"


async def test_a_plan_becomes_one_batch_with_one_mail() -> None:
    async with bench() as b:
        done = await b.publish(b.plan(b.comment("a1"), b.comment("b2", 4, start=3)))
        assert [note.position and note.position["new_line"] for note in b.notes] == [3, 4]
        assert (done.posted, done.found, done.refused, done.writes) == (2, 0, (), 3)
        assert [mail.about for mail in b.forge.mails] == ["review"]
        assert b.change.drafts == []


async def test_an_unchanged_line_is_named_by_both_numbers() -> None:
    async with bench() as b:
        await b.publish(b.plan(b.comment("a1", 5, start=3), b.comment("b2", 1)))
        places = [(note.position["old_line"], note.position["new_line"]) for note in b.notes if note.position]
        assert places == [(3, 5), (1, 1)]


async def test_an_unchanged_line_outside_the_hunks_is_named_too() -> None:
    lines = [f"ENV N{number}=1" for number in range(40)]
    before = {"Dockerfile": "\n".join(["FROM a", *lines]) + "\n"}
    after = {"Dockerfile": "\n".join(["FROM a", "RUN b", *lines]) + "\n"}
    async with bench(before, after) as b:
        await b.publish(b.plan(b.comment("a1", 30)))
        [note] = b.notes
        assert note.position is not None
        assert (note.position["old_line"], note.position["new_line"]) == (29, 30)


@pytest.mark.parametrize("before", [{"README": "x\n"}, {"Dockerfile": ""}])
async def test_a_range_in_a_file_that_had_no_lines_is_named_as_gitlab_counts(before: dict[str, str]) -> None:
    async with bench(before, {"Dockerfile": AFTER}) as b:
        await b.publish(b.plan(b.comment("a1", 4, start=3)))
        [note] = b.notes
        assert note.position is not None
        codes = [note.position["line_range"][end]["line_code"] for end in ("start", "end")]
        assert [code.partition("_")[2] for code in codes] == ["0_3", "0_4"]


async def test_publishing_again_writes_nothing() -> None:
    async with bench() as b:
        plan = b.plan(b.comment("a1"), b.comment("f0", None), summary=b.summary("Two."))
        await b.publish(plan)
        async with adapter(b.forge) as another:
            again = await another.publish(b.job, plan, no_fence)
        assert (again.posted, again.found, again.writes) == (0, 2, 0)


async def test_a_comment_on_a_file_stands_on_the_file() -> None:
    async with bench() as b:
        await b.publish(b.plan(b.comment("f0", None)))
        [note] = b.notes
        assert note.position is not None
        assert note.position["position_type"] == "file"


async def test_what_has_no_place_in_the_diff_stands_beside_it() -> None:
    async with bench() as b:
        wrong = b.comment("ff", 999, text="```suggestion:-0+0\nUSER 1\n```")
        done = await b.publish(b.plan(wrong, b.comment("a1")))
        assert (done.refused, done.posted) == ((wrong,), 2)
        [moved] = [note for note in b.notes if note.position is None]
        assert moved.body.startswith("`Dockerfile`, line 999: **Finding ff.**")
        assert "```dockerfile\nUSER 1\n```" in moved.body


@pytest.mark.parametrize("request_number", range(5))
@pytest.mark.parametrize("when", ["before", "after"])
async def test_wherever_the_connection_breaks_everything_stands_once_in_the_end(request_number: int, when: str) -> None:
    async with bench() as b:
        plan = b.plan(b.comment("a1"), b.comment("b2", 4), b.comment("f0", None), summary=b.summary("Three."))
        fault = faults.connection_drop(method="POST", path="", when=when)  # type: ignore[arg-type]  # parametrized
        fault.skip = request_number
        b.forge.faults.add(fault)
        with pytest.raises(Unavailable):
            await b.publish(plan)
        await b.publish(plan)
        assert (len(b.notes), b.change.drafts) == (4, [])


@pytest.mark.parametrize("when", ["before", "after"])
async def test_after_a_bare_500_what_was_published_is_listed_before_anything_is_repeated(when: str) -> None:
    async with bench() as b:
        b.forge.faults.add(mishaps.server_error(method="POST", path=PUBLISH, when=when))  # type: ignore[arg-type]  # parametrized
        done = await b.publish(b.plan(b.comment("a1"), b.comment("b2", 4)))
        assert (len(b.notes), done.posted, b.change.drafts) == (2, 2, [])


async def test_a_batch_that_breaks_in_the_middle_is_completed_one_by_one() -> None:
    async with bench() as b:
        names = [b.comment("a1"), b.comment("b2", 4)]
        push = partial(b.change.force_push, {"Dockerfile": "FROM scratch\n"})
        b.forge.faults.add(faults.crossing(push, method="POST", path=PUBLISH))
        await b.publish(b.plan(*names))
        assert len(b.notes) == 2


async def test_leftovers_of_a_crash_are_removed_first() -> None:
    async with bench() as b:
        plan = b.plan(b.comment("a1"))
        b.forge.faults.add(faults.connection_drop(method="POST", path=PUBLISH))
        with pytest.raises(Unavailable):
            await b.publish(plan)
        assert len(b.change.drafts) == 1
        b.change.push({"Dockerfile": AFTER + "USER 1\n"})
        await b.publish(b.plan(b.comment("b2", 4)))
        assert ["b2" in note.body for note in b.notes] == [True]


async def test_the_summary_is_edited_where_it_stands() -> None:
    async with bench() as b:
        await b.publish(b.plan(summary=b.summary("First.")))
        await b.publish(b.plan(summary=b.summary("Second.")))
        [summary] = b.notes
        assert summary.body.startswith("Second.")
        assert not summary.resolvable


async def test_a_repaired_discussion_is_edited_and_resolved() -> None:
    async with bench() as b:
        await b.publish(b.plan(b.comment("a1")))
        [thread] = (await b.gitlab.context(b.job)).conversation.threads
        revision = Revision(thread, body=thread.body.replace("Finding", "Fixed"), resolve=True)
        await b.publish(replace(b.plan(), revisions=(revision,)))
        [note] = b.notes
        assert note.body.startswith("**Fixed a1")
        assert note.resolved_by is b.forge.bot
        [again] = (await b.gitlab.context(b.job)).conversation.threads
        assert (again.resolved, again.resolved_by_us, again.dismissed) == (True, True, False)


async def test_below_developer_a_repaired_discussion_is_edited_only() -> None:
    async with bench() as b:
        b.project.members[b.forge.bot.username] = 20
        await b.publish(b.plan(b.comment("a1")))
        [thread] = (await b.gitlab.context(b.job)).conversation.threads
        revision = Revision(thread, body=thread.body.replace("Finding", "Fixed"), resolve=True)
        await b.publish(replace(b.plan(), revisions=(revision,)))
        [note] = b.notes
        assert (note.body.startswith("**Fixed a1"), note.resolved_by) == (True, None)


async def test_what_a_person_resolved_is_theirs_and_stays_so() -> None:
    async with bench() as b:
        await b.publish(b.plan(b.comment("a1")))
        b.change.resolve(b.notes[0], by="dana")
        [thread] = (await b.gitlab.context(b.job)).conversation.threads
        assert (thread.dismissed, thread.dismissed_by, thread.resolved_by_us) == (True, "dana", False)
        await b.publish(replace(b.plan(), revisions=(Revision(thread, reply="Back.", resolve=False),)))
        assert b.notes[0].resolved_by is b.forge.user("dana")


async def test_what_we_resolved_is_opened_again_and_answered_once() -> None:
    async with bench() as b:
        await b.publish(b.plan(b.comment("a1")))
        [thread] = (await b.gitlab.context(b.job)).conversation.threads
        await b.publish(replace(b.plan(), revisions=(Revision(thread, resolve=True),)))
        plan = replace(b.plan(), revisions=(Revision(thread, reply="Back as of 1234567.", resolve=False),))
        await b.publish(plan)
        await b.publish(plan)
        assert [note.body for note in b.notes[1:]] == ["Back as of 1234567."]
        assert b.notes[0].resolved_by is None
