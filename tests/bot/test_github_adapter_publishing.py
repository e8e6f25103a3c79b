from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from bot.forges.base import Check, Gone, Revision, Unavailable
from bot.forges.github.posting import MOST_ON_FILES
from bot.forges.github.writing import Pace
from tests.bot.github_bench import bench, many_annotations, no_fence
from tests.forge.faults import Fault

REVIEWS = r"/pulls/1/reviews$"


async def test_a_plan_becomes_one_review_pinned_to_the_head() -> None:
    async with bench() as b:
        done = await b.publish(b.plan(b.comment("a1"), b.comment("b2", 4, start=3)))
        [review] = b.pull.reviews
        assert (review.state, review.commit, len(review.comments)) == ("COMMENTED", b.pull.head, 2)
        assert [(each.line, each.start_line) for each in b.comments] == [(3, None), (4, 3)]
        assert (done.posted, done.found, done.refused, done.writes) == (2, 0, (), 2)


async def test_publishing_again_writes_nothing() -> None:
    async with bench() as b:
        plan = b.plan(b.comment("a1"), b.comment("f0", None), summary=b.summary("Two."))
        await b.publish(plan)
        again = await b.another().publish(b.job, plan, no_fence)
        assert (again.posted, again.found, again.writes) == (0, 2, 0)


@pytest.mark.parametrize("request_number", range(5))
@pytest.mark.parametrize("when", ["before", "after"])
async def test_wherever_the_connection_breaks_everything_stands_once_in_the_end(request_number: int, when: str) -> None:
    async with bench() as b:
        plan = b.plan(
            b.comment("a1"),
            b.comment("f0", None),
            b.comment("f1", None),
            summary=b.summary("Three."),
            check=Check("neutral", "3 new findings", "s", many_annotations(3)),
        )
        writes = r"/(reviews|comments|check-runs)$"
        b.forge.faults.add(Fault("POST", writes, when=when, drop=True, skip=request_number))  # type: ignore[arg-type]  # parametrized
        with pytest.raises(Unavailable):
            await b.publish(plan)
        await b.publish(plan)
        assert len(b.comments) == 3
        assert (len(b.pull.issue_comments), len(b.project.check_runs)) == (1, 1)
        assert len(b.project.check_runs[0].annotations) == 3


async def test_a_refused_comment_does_not_take_the_others_with_it() -> None:
    async with bench() as b:
        comments = [b.comment(f"a{number}", 3 + number % 2) for number in range(7)]
        wrong = b.comment("ff", 999)
        done = await b.publish(b.plan(*comments[:5], wrong, *comments[5:]))
        assert done.refused == (wrong,)
        assert len([each for each in b.comments if each.line]) == 7
        [moved] = [each for each in b.comments if each.subject_type == "file"]
        assert moved.body.startswith("Line 999: **Finding ff.**")


async def test_a_refused_suggestion_loses_its_button_on_the_file() -> None:
    async with bench() as b:
        wrong = b.comment("ff", 999)
        body = "Fix:\n\n```suggestion\nUSER 1\n```\n\n" + wrong.body
        await b.publish(b.plan(replace(wrong, body=body)))
        assert "```dockerfile\nUSER 1\n```" in b.comments[0].body


async def test_a_review_of_which_nothing_is_left_is_not_posted_empty() -> None:
    async with bench() as b:
        await b.publish(b.plan(b.comment("ff", 999)))
        assert [len(review.comments) for review in b.pull.reviews] == [1]  # the comment on the file


async def test_what_fits_nowhere_is_named_in_the_check() -> None:
    async with bench() as b:
        wrong = b.comment("ff", 3, path="not/in/the/diff")
        done = await b.publish(b.plan(wrong))
        assert (done.refused, b.comments) == ((wrong,), [])
        assert "**Finding ff.**" in (b.project.check_runs[0].summary or "")


async def test_a_refused_review_is_not_an_answer_when_the_head_has_moved() -> None:
    async with bench() as b:
        plan = b.plan(b.comment("a1", 999))
        push = partial(b.pull.force_push, {"Dockerfile": "FROM scratch\n"})
        b.forge.faults.add(Fault("POST", REVIEWS, then=push))
        with pytest.raises(Gone):
            await b.publish(plan)
        assert b.comments == []


async def test_only_so_many_comments_stand_on_files() -> None:
    async with bench() as b:
        await b.publish(b.plan(*(b.comment(f"f{number:x}", None) for number in range(MOST_ON_FILES + 2))))
        assert len(b.comments) == MOST_ON_FILES
        assert (b.project.check_runs[0].summary or "").count("**Finding") == 2


async def test_a_pending_review_of_ours_is_removed_first() -> None:
    async with bench() as b:
        await b.github.context(b.job)
        token = (await b.github._tokens.token(b.job)).reveal()
        url = f"{b.project.url}/pulls/1/reviews"
        headers = {"Authorization": f"token {token}", "User-Agent": "hullcheck"}
        async with b.session.post(url, json={"body": "left over"}, headers=headers) as answer:
            assert answer.status == 200
        await b.publish(b.plan(b.comment("a1")))
        assert [review.state for review in b.pull.reviews] == ["COMMENTED"]


async def test_writes_keep_the_pace_that_is_asked_of_them() -> None:
    pause = 0.2
    async with bench() as b:
        plan = b.plan(b.comment("a1"), summary=b.summary("One."))
        await b.github.context(b.job)
        began = asyncio.get_running_loop().time()
        await b.another(pause=pause).publish(b.job, plan, no_fence)
        started = [each.started - began for each in b.forge.requests.writes]
        # Each may arrive late on a busy machine, none before its turn.
        assert all(each >= turn * pause - 0.001 for turn, each in enumerate(started))
        assert len(started) == 3


async def test_turns_are_apart_although_they_are_asked_for_together() -> None:
    pace = Pace(0.05)
    clock = asyncio.get_running_loop().time
    taken = []

    async def take() -> None:
        await pace.turn("1")
        taken.append(clock())

    began = clock()
    await asyncio.gather(take(), take(), take())
    assert all(each - began >= turn * 0.05 - 0.001 for turn, each in enumerate(taken))


async def test_a_repaired_thread_is_edited_and_resolved_where_permitted() -> None:
    async with bench() as b:
        await b.publish(b.plan(b.comment("a1")))
        [thread] = (await b.github.context(b.job)).conversation.threads
        revision = Revision(thread, body=thread.body.replace("Finding", "Fixed"), resolve=True)
        await b.publish(replace(b.plan(), revisions=(revision,)))
        assert b.comments[0].body.startswith("**Fixed a1")
        assert b.comments[0].thread.resolved_by is None  # contents: write is not granted


async def test_a_thread_is_resolved_where_the_app_may_write_contents() -> None:
    async with bench() as b:
        grant = b.forge.grant(b.project)
        assert grant is not None
        grant.permissions["contents"] = "write"
        b.github = b.another(resolve=True)
        await b.publish(b.plan(b.comment("a1")))
        [thread] = (await b.github.context(b.job)).conversation.threads
        await b.publish(replace(b.plan(), revisions=(Revision(thread, resolve=True),)))
        [resolved] = (await b.github.context(b.job)).conversation.threads
        assert (resolved.resolved, resolved.resolved_by_us, resolved.dismissed) == (True, True, False)
