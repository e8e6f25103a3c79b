from __future__ import annotations

from dataclasses import replace

import pytest

from bot.forges.base import Gone
from bot.obedience import obey
from tests.bot.gitlab_bench import bench, no_fence


@pytest.mark.parametrize(
    ("level", "permission"),
    [(0, "none"), (5, "none"), (10, "read"), (20, "read"), (30, "write"), (40, "admin"), (50, "admin")],
)
async def test_access_levels_are_permissions(level: int, permission: str) -> None:
    async with bench() as b:
        if level:
            b.project.members["dana"] = level
        note = b.change.comment("/hullcheck review", author="dana")
        assert await b.gitlab.permission(b.job, b.command(note)) == permission


async def test_who_has_access_by_a_group_above_has_it() -> None:
    async with bench() as b:
        b.forge.group("group").members["dana"] = 40
        note = b.change.comment("/hullcheck review", author="dana")
        assert await b.gitlab.permission(b.job, b.command(note)) == "admin"


async def test_a_command_is_acknowledged_once() -> None:
    async with bench() as b:
        note = b.change.comment("/hullcheck review")
        await b.gitlab.acknowledge(b.job, b.command(note))
        await b.gitlab.acknowledge(b.job, b.command(note))
        assert [award.name for award in note.awards] == ["eyes"]


async def test_a_command_that_was_taken_back_is_gone() -> None:
    async with bench() as b:
        note = b.change.comment("/hullcheck review")
        b.change.delete_note(note)
        with pytest.raises(Gone):
            await b.gitlab.acknowledge(b.job, b.command(note))


async def test_an_answer_stands_where_the_command_was_given_and_once() -> None:
    async with bench() as b:
        await b.publish(b.plan(b.comment("a1")))
        asked = b.change.reply(b.notes[0], "/hullcheck ignore on purpose")
        command = b.command(asked, "ignore")
        await b.gitlab.reply(b.job, command, "Put aside.")
        await b.gitlab.reply(b.job, command, "Put aside.")
        assert [note.body.split("\n")[0] for note in asked.discussion.notes[1:]] == [
            "/hullcheck ignore on purpose",
            "Put aside.",
        ]


async def test_what_was_ignored_is_put_aside_with_who_and_why() -> None:
    async with bench() as b:
        await b.publish(b.plan(b.comment("a1")))
        asked = b.change.reply(b.notes[0], "/hullcheck ignore on purpose", author="dana")
        await b.gitlab.reply(b.job, b.command(asked, "ignore"), "Put aside.")
        [thread] = (await b.gitlab.context(b.job)).conversation.threads
        assert (thread.dismissed, thread.dismissed_by, thread.reason) == (True, "dana", "on purpose")


async def test_somebody_elses_discussion_cannot_be_put_aside() -> None:
    async with bench() as b:
        b.project.members["dev"] = 30
        theirs = b.change.comment_on("Dockerfile", "Why?", new=3)
        asked = b.change.reply(theirs, "/hullcheck ignore it")
        assert not await obey(b.job, b.command(asked, "ignore"), b.gitlab, no_fence)
        assert b.notes == []


async def test_help_speaks_of_merge_requests() -> None:
    async with bench() as b:
        b.project.members["dev"] = 30
        asked = b.change.comment("/hullcheck help")
        await obey(b.job, b.command(asked, "help"), b.gitlab, no_fence)
        [answer] = b.notes
        assert "merge request" in answer.body
        assert b.forge.quick_actions == []


async def test_the_author_may_ask_for_a_review_without_being_a_member() -> None:
    async with bench(fork=True) as b:
        asked = b.change.comment("/hullcheck review", author=b.change.author.username)
        assert await obey(b.job, b.command(asked), b.gitlab, no_fence)


async def test_a_review_that_failed_for_good_is_said_once() -> None:
    async with bench(gates=("commit",)) as b:
        await b.gitlab.fail(b.job, "It took too long.")
        await b.gitlab.fail(b.job, "It took too long.")
        [note] = b.notes
        assert note.body.startswith(f"**Not reviewed: {b.change.head[:8]}.** It took too long.")
        assert [status.name for status in b.project.statuses] == ["hullcheck"]


async def test_the_event_that_we_answer_is_forwarded_with_every_request() -> None:
    async with bench() as b:
        hook = b.project.add_hook("http://127.0.0.1:9/", note_events=True)
        delivery = b.change.event("open")
        b.forge.hooks.seen[delivery.event_uuid] = (b.forge.clock.now(), {hook.id})
        await b.gitlab.publish(replace(b.job, hop=delivery.event_uuid), b.plan(b.comment("a1")), no_fence)
        assert b.forge.hooks.blocked == [hook]
        assert b.forge.deliveries == []
