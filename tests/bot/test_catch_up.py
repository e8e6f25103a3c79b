"""What GitLab's hooks told nobody is found: by a look at the forge double, into a real mailbox."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.catch_up import HORIZON
from bot.forges.gitlab import Door
from bot.secret import Secret
from tests.bot.missed_bench import HOUR, Desk, desk_at, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.forge.gitlab.merge_request import MergeRequest


async def test_a_push_that_no_call_told_of_is_reviewed_once(database_url: str) -> None:
    async with desk_at(database_url) as desk:
        _, change = await desk.known()
        assert await desk.look() == 0
        change.push({"more": "x\n"})
        assert await desk.look() == 1
        assert await desk.look() == 0
        [claimed] = await desk.work()
        assert (claimed.job.head, claimed.review, claimed.job.key.number) == (change.head, True, change.iid)
        desk.wait()
        assert await desk.look() == 0


async def test_a_new_merge_request_is_found_whether_draft_or_not(desk: Desk) -> None:
    project, _ = await desk.known()
    heads = {opened(project, "1").head, opened(project, "2", draft=True).head}
    assert await desk.look() == 2
    assert {each.job.head for each in await desk.work()} == heads


async def test_a_call_that_comes_late_after_all_joins_what_was_found(desk: Desk) -> None:
    _, change = await desk.known()
    old = change.head
    change.push({"more": "x\n"})
    assert await desk.look() == 1
    await desk.hear(desk.forge.hooks.unsent(change, "update", oldrev=old))
    assert len(await desk.work()) == 1


async def test_nothing_is_asked_before_any_hook_has_called(desk: Desk) -> None:
    opened(desk.forge.create_project("a/one", {"Dockerfile": "FROM debian:12\n"}), "1")
    assert await desk.look() == 0
    assert len(desk.forge.requests) == 0


async def test_a_project_that_the_token_sees_and_whose_hook_never_called_is_left_alone(desk: Desk) -> None:
    await desk.known()
    opened(desk.forge.create_project("a/other", {"Dockerfile": "FROM debian:12\n"}), "1")
    assert await desk.look() == 0


async def test_a_call_that_asks_for_nothing_makes_a_project_known_and_a_test_of_the_hook_does(desk: Desk) -> None:
    project = desk.forge.create_project("a/one", {"Dockerfile": "FROM debian:12\n"})
    old = opened(project, "1")
    test = desk.forge.hooks.unsent(old, "open")
    del test.payload["object_attributes"]["action"]
    again = desk.forge.hooks.make(test.hook, test.kind, test.payload)
    desk.wait()
    await desk.hear(again)
    change = opened(project, "2")
    assert await desk.look() == 1
    assert [each.job.head for each in await desk.work()] == [change.head]


async def test_what_was_pushed_before_the_last_look_is_no_news_whatever_is_said_of_it_now(desk: Desk) -> None:
    project = desk.forge.create_project("a/one", {"Dockerfile": "FROM debian:12\n"})
    old = opened(project, "1")
    desk.wait()
    await desk.hear_of(opened(project, "2"))
    desk.wait()
    old.comment("Still needed?")
    old.label("docker")
    assert await desk.look() == 0
    old.push({"more": "x\n"})
    desk.wait(1)
    assert await desk.look() == 1


async def test_a_new_target_branch_that_no_call_told_of_is_reviewed_each_time(desk: Desk) -> None:
    project, change = await desk.known()
    project.push("release", {"other": "x\n"})
    for branch in ("release", project.default_branch, "release"):
        change.retarget(branch)
        assert await desk.look() == 1
        assert await desk.look() == 0
        [claimed] = await desk.work()
        assert (claimed.review, claimed.job.head) == (True, change.head)
        await desk.hear_of(change, "approved")
        desk.wait()
        assert await desk.look() == 0


async def test_a_new_target_branch_that_was_told_of_is_no_news(desk: Desk) -> None:
    project, change = await desk.known()
    project.push("release", {"other": "x\n"})
    change.retarget("release")
    call = desk.forge.hooks.unsent(change, "update")
    call.payload["changes"] = {"target_branch": {"previous": project.default_branch, "current": "release"}}
    await desk.hear(desk.forge.hooks.make(call.hook, call.kind, call.payload))
    assert await desk.look() == 0
    assert len(await desk.work()) == 1
    assert await desk.look() == 0


async def test_what_was_closed_when_its_turn_came_is_reviewed_once_it_is_open_again(desk: Desk) -> None:
    project, _ = await desk.known()
    change = opened(project, "1")
    await desk.hear(desk.forge.hooks.unsent(change, "open"))
    change.close()
    await desk.work()
    desk.wait()
    assert await desk.look() == 0
    change.reopen()
    assert await desk.look() == 1
    assert [each.job.head for each in await desk.work()] == [change.head]
    desk.wait()
    change.label("docker")
    assert await desk.look() == 0


async def test_a_head_that_comes_back_is_reviewed_again(desk: Desk) -> None:
    _, change = await desk.known()
    first = change.head
    change.push({"more": "x\n"})
    assert await desk.look() == 1
    await desk.work()
    desk.wait()
    change.reset(first)
    assert await desk.look() == 1
    assert [each.job.head for each in await desk.work()] == [first]
    assert await desk.look() == 0


async def test_what_changes_nothing_about_a_review_asks_for_none(desk: Desk) -> None:
    project, _ = await desk.known()
    change = opened(project, "1", draft=True)
    await desk.hear_of(change)
    desk.wait()
    change.mark_ready()
    assert await desk.look() == 0
    change.close()
    change.reopen()
    assert await desk.look() == 0


async def test_closed_ones_are_left_alone(desk: Desk) -> None:
    project, change = await desk.known()
    change.push({"more": "x\n"})
    change.close()
    opened(project, "1").merge()
    assert await desk.look() == 0


async def test_what_lies_further_back_than_the_horizon_is_left_alone(desk: Desk) -> None:
    project, _ = await desk.known()
    opened(project, "1")
    desk.wait(HORIZON + HOUR)
    change = opened(project, "2")
    assert await desk.look() == 1
    assert [each.job.head for each in await desk.work()] == [change.head]


async def test_two_looks_may_find_something_while_the_hook_is_silent_and_its_next_call_brings_the_rest(
    desk: Desk,
) -> None:
    project, first = await desk.known()
    found = []
    for number in range(4):
        opened(project, f"{number}")
        found.append(await desk.look())
        await desk.work()
        desk.wait()
    assert found == [1, 1, 0, 0]
    await desk.hear_of(first, "approved")
    assert await desk.look() == 2


async def test_a_command_that_no_call_told_of_is_obeyed_once(desk: Desk) -> None:
    _, change = await desk.known()
    note = change.comment("/hullcheck review", author="dev")
    assert await desk.look() == 1
    assert await desk.look() == 0
    [claimed] = await desk.work()
    [job] = claimed.commands
    assert job.command is not None
    assert (claimed.review, job.command.name, job.command.comment_id) == (False, "review", note.id)
    assert (job.command.author, job.command.author_id) == ("dev", note.author.id)
    assert await desk.look() == 0


async def test_an_ignore_names_its_discussion(desk: Desk) -> None:
    _, change = await desk.known()
    note = change.comment_on("Dockerfile", "Look.", new=1)
    change.reply(note, "/hullcheck ignore on purpose")
    change.comment("/hullcheck ignore nothing to speak of")
    assert await desk.look() == 1
    [claimed] = await desk.work()
    command = claimed.commands[0].command
    assert command is not None
    assert (command.name, command.reason, command.thread_id) == ("ignore", "on purpose", note.discussion.id)


async def test_commands_that_were_heard_are_not_found_again(desk: Desk) -> None:
    _, change = await desk.known()
    waiting = change.comment("/hullcheck review")
    await desk.hear(desk.forge.hooks.unsent_note(change, waiting, "create"))
    answered = change.comment("/hullcheck help")
    async with desk_of(desk) as session:
        await session.write("post", f"{path_of(change)}/notes/{answered.id}/award_emoji", {"name": "eyes"})
    assert await desk.look() == 0


@asynccontextmanager
async def desk_of(desk: Desk) -> AsyncIterator[Door]:
    """Open another door, for what we did before."""
    door = Door(desk.forge.web_url, Secret(desk.forge.token))
    yield door
    await door.close()


def path_of(change: MergeRequest) -> str:
    return f"/projects/{change.project.id}/merge_requests/{change.iid}"


async def test_old_commands_bots_internal_notes_and_talk_are_no_commands(desk: Desk) -> None:
    _, change = await desk.known()
    change.comment("/hullcheck review")
    desk.wait()
    await desk.hear_of(change, "approved")
    assert await desk.look() == 1
    await desk.work()
    desk.wait()
    change.comment("Looks fine. /hullcheck review")
    change.comment("/hullcheck review", author="project_7_bot_0a1b")
    change.comment("/hullcheck review", author=desk.forge.bot.username)
    change.comment("/hullcheck review", internal=True)
    desk.forge.requests.clear()
    assert await desk.look() == 0
    # One of them could have been a person's: a user and a list of projects, notes and reactions.
    assert len(desk.forge.requests) == 4


async def test_silent_projects_are_forgotten_with_everything_else(desk: Desk) -> None:
    await desk.known()
    await desk.mailbox.prune(90)
    assert len(await desk.mailbox.callers("gitlab", desk.host, 9)) == 1
    desk.wait(91 * 86_400)
    await desk.mailbox.prune(90)
    assert await desk.mailbox.callers("gitlab", desk.host, 9) == ()
