from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.jobs import Command
from bot.obedience import obey
from tests.bot.github_bench import bench, no_fence

if TYPE_CHECKING:
    from bot.jobs import CommandName
    from tests.bot.github_bench import Bench


async def given(b: Bench, name: CommandName, by: str) -> bool:
    """Have somebody give a command where such commands are given, and return whether it asks for a review."""
    if name == "ignore":
        await b.publish(b.plan(b.comment("a1")))
        top = b.comments[0]
        comment, thread = b.pull.reply(top, "/hullcheck ignore", author=by).id, str(top.id)
    else:
        comment, thread = b.pull.comment(f"/hullcheck {name}", author=by).id, ""
    command = Command(name, comment, by, b.forge.user(by).id, thread_id=thread)
    return await obey(replace(b.job, command=command), command, b.github, no_fence)


def reaction(b: Bench) -> list[str]:
    """The reactions to the last thing that a person said."""
    said = [(each.author, each.reactions) for each in b.comments]
    said += [(each.author, each.reactions) for each in b.pull.issue_comments]
    *_, last = (reactions for author, reactions in said if author is not b.forge.app.bot)
    return [each.content for each in last]


@pytest.mark.parametrize(
    ("name", "who", "obeyed"),
    [
        ("review", "writer", True),
        ("review", "author", True),
        ("review", "reader", False),
        ("review", "stranger", False),
        ("ignore", "writer", True),
        ("ignore", "author", False),
        ("ignore", "reader", False),
        ("ignore", "stranger", False),
        ("help", "writer", True),
        ("help", "author", True),
        ("help", "reader", False),
        ("help", "stranger", False),
    ],
)
async def test_who_may_command_what(name: CommandName, who: str, obeyed: bool) -> None:  # noqa: FBT001 - a column
    async with bench(fork=True) as b:
        b.project.collaborators |= {"writer": "write", "reader": "triage"}
        wants_review = await given(b, name, "dev" if who == "author" else who)
        assert reaction(b) == (["eyes"] if obeyed else ["confused"])
        assert wants_review == (obeyed and name != "help")


async def test_help_is_answered_in_words_and_cannot_be_a_command_itself() -> None:
    async with bench() as b:
        await given(b, "help", "dev")
        body = b.pull.issue_comments[-1].body
        assert "`/hullcheck review`" in body
        assert not any(line.startswith("/") for line in body.splitlines())


async def test_a_refused_command_is_not_answered_in_words() -> None:
    async with bench() as b:
        b.project.private = False
        await given(b, "help", "stranger")
        assert len(b.pull.issue_comments) == 1


async def test_a_command_that_was_taken_back_is_let_go() -> None:
    async with bench() as b:
        command = Command("review", 424242, "dev", b.forge.user("dev").id)
        assert await obey(b.job, command, b.github, no_fence) is False
