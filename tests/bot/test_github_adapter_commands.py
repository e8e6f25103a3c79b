from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.forges.base import Gone
from bot.jobs import Command, Job
from tests.bot.github_bench import bench

if TYPE_CHECKING:
    from tests.bot.github_bench import Bench


def asked(b: Bench, text: str, *, by: str = "dana") -> tuple[Job, Command]:
    """Somebody comments below the pull request."""
    comment = b.pull.comment(text, author=by)
    command = Command("help", comment.id, by, b.forge.user(by).id)
    return replace(b.job, command=command), command


async def answered_in_thread(b: Bench, text: str, *, by: str = "dana") -> tuple[Job, Command]:
    """Somebody answers our comment in its thread."""
    await b.publish(b.plan(b.comment("a1")))
    top = b.comments[0]
    reply = b.pull.reply(top, text, author=by)
    command = Command("ignore", reply.id, by, b.forge.user(by).id, thread_id=str(top.id))
    return replace(b.job, command=command), command


@pytest.mark.parametrize(
    ("role", "permission"),
    [("admin", "admin"), ("maintain", "write"), ("write", "write"), ("triage", "read"), ("read", "read"), ("", "none")],
)
async def test_the_permission_is_what_the_forge_says(role: str, permission: str) -> None:
    async with bench() as b:
        if role:
            b.project.collaborators["dana"] = role
        job, command = asked(b, "/hullcheck help")
        assert await b.github.permission(job, command) == permission


async def test_somebody_the_forge_does_not_know_has_none() -> None:
    async with bench() as b:
        assert await b.github.permission(b.job, Command("help", 1, "no/body", 0)) == "none"


async def test_a_command_is_acknowledged_by_a_reaction_once() -> None:
    async with bench() as b:
        job, command = asked(b, "/hullcheck help")
        for _ in range(2):
            await b.github.acknowledge(job, command)
        [comment] = b.pull.issue_comments
        assert [(each.content, each.user.login) for each in comment.reactions] == [("eyes", "hullcheck[bot]")]


async def test_a_refused_command_in_a_thread_gets_a_confused_face() -> None:
    async with bench() as b:
        job, command = await answered_in_thread(b, "/hullcheck ignore")
        await b.github.acknowledge(job, command, refused=True)
        assert [each.content for each in b.comments[1].reactions] == ["confused"]


async def test_a_command_is_answered_once_where_it_was_given() -> None:
    async with bench() as b:
        job, command = asked(b, "/hullcheck help")
        for _ in range(2):
            await b.github.reply(job, command, "This is the help.")
        assert [each.body.splitlines()[0] for each in b.pull.issue_comments[1:]] == ["This is the help."]


async def test_an_ignored_finding_is_dismissed_with_who_and_why() -> None:
    async with bench() as b:
        job, command = await answered_in_thread(b, "/hullcheck ignore the base image starts it")
        for _ in range(2):
            await b.github.reply(job, command, "Put aside.")
        assert len(b.comments) == 3
        [thread] = (await b.github.context(b.job)).conversation.threads
        assert (thread.dismissed, thread.dismissed_by, thread.reason) == (True, "dana", "the base image starts it")


async def test_an_ignore_command_alone_dismisses_nothing() -> None:
    async with bench() as b:
        await answered_in_thread(b, "/hullcheck ignore")
        [thread] = (await b.github.context(b.job)).conversation.threads
        assert not thread.dismissed


async def test_somebody_elses_copy_of_our_answer_dismisses_nothing() -> None:
    async with bench() as b:
        _, command = await answered_in_thread(b, "/hullcheck ignore")
        forged = f"x\n\n<!-- hullcheck:answer to={command.comment_id} name=ignore by=dana -->"
        b.pull.reply(b.comments[0], forged, author="mallory")
        [thread] = (await b.github.context(b.job)).conversation.threads
        assert not thread.dismissed


async def test_a_thread_that_is_gone_cannot_be_answered() -> None:
    async with bench() as b:
        job, command = await answered_in_thread(b, "/hullcheck ignore")
        b.pull.threads.clear()
        with pytest.raises(Gone):
            await b.github.reply(job, command, "Put aside.")
