"""What GitLab's hooks told nobody is found: by a look at the forge double, into a real mailbox."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from bot.catch_up import HORIZON, Ration, catch_up
from bot.forges.base import Denied, Unavailable
from bot.forges.gitlab import Door
from bot.inbound.gitlab import Instance, gitlab_delivery
from bot.mailbox import Mailbox, ReviewRecord
from bot.secret import Secret
from tests.bot.databases import MovableClock
from tests.forge.faults import Fault
from tests.forge.gitlab import mishaps
from tests.forge.gitlab.double import GitLabDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.mailbox import Claimed
    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.project import Project
    from tests.forge.gitlab.webhooks import Delivery

HOUR = 3600.0


@dataclass
class Desk:
    """A mailbox, GitLab, and the time of both."""

    forge: GitLabDouble
    door: Door
    mailbox: Mailbox
    clock: MovableClock
    done: list[Claimed] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.forge.web_url.partition("://")[2]

    async def hear(self, delivery: Delivery) -> None:
        """Take a call in, as the server does."""
        caller = Instance(self.host, Secret(self.forge.hook_token))
        read = gitlab_delivery(delivery.headers, delivery.body, (caller,), self.forge.clock.seconds())
        await self.mailbox.put(read)

    async def hear_of(self, change: MergeRequest, action: str = "open") -> None:
        """Take in that something happened to a merge request, and do what is asked."""
        await self.hear(self.forge.hooks.unsent(change, action))
        await self.work()

    def wait(self, seconds: float = HOUR) -> None:
        """Let time pass."""
        self.forge.clock.advance(seconds)
        self.clock.ahead += seconds

    async def look(self, ration: Ration | None = None) -> int:
        return await catch_up(self.mailbox, self.door, self.host, ration)

    async def work(self) -> list[Claimed]:
        """Do everything that waits, and return it."""
        self.wait(20)
        found = []
        while (claimed := await self.mailbox.claim("test")) is not None:
            change = self.forge.projects[int(claimed.job.key.repository)].merge_requests[claimed.job.key.number]
            record = ReviewRecord(change.head, "success") if claimed.review else None
            await self.mailbox.finish(claimed, record)
            found.append(claimed)
        return found

    async def known(self, path: str = "a/one") -> tuple[Project, MergeRequest]:
        """Make a project whose hook has called about its first merge request, an hour ago."""
        project = self.forge.create_project(path, {"Dockerfile": "FROM debian:12\n"})
        change = project.open_merge_request(files={"Dockerfile": "FROM debian:13\n"})
        await self.hear_of(change)
        self.wait()
        return project, change


@asynccontextmanager
async def desk_at(url: str) -> AsyncIterator[Desk]:
    clock = MovableClock(url)
    async with GitLabDouble.start() as forge, await Mailbox.open(url, clock=clock) as mailbox:
        door = Door(forge.web_url, Secret(forge.token))
        yield Desk(forge, door, mailbox, clock)
        await door.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_at(f"sqlite+aiosqlite:///{tmp_path}/hullcheck.db") as made:
        yield made


def opened(project: Project, branch: str, *, draft: bool = False) -> MergeRequest:
    return project.open_merge_request(files={"Dockerfile": f"FROM debian:{branch}\n"}, branch=branch, draft=draft)


def asked(desk: Desk, part: str) -> int:
    """Count the requests whose path ends so."""
    return sum(each.path.endswith(part) for each in desk.forge.requests)


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


async def test_a_quiet_hour_costs_one_request_a_project_and_one_more(desk: Desk) -> None:
    for name in ("a/one", "a/two", "b/three"):
        await desk.known(name)
    await desk.look()
    desk.wait()
    desk.forge.requests.clear()
    assert await desk.look() == 0
    assert len(desk.forge.requests) == 4
    assert desk.forge.requests.writes == []


async def test_more_than_a_page_is_read_to_its_end(desk: Desk) -> None:
    project, _ = await desk.known()
    for number in range(120):
        opened(project, f"{number}")
        desk.forge.clock.advance(1)
    assert await desk.look() == 120
    assert asked(desk, "/merge_requests") == 2


async def test_what_exceeds_the_ration_follows_in_the_next_round(desk: Desk) -> None:
    for name in ("a/one", "a/two", "b/three"):
        project, _ = await desk.known(name)
        opened(project, "1")
    assert await desk.look(Ration(requests=3)) == 2
    assert await desk.look(Ration(requests=3)) == 1


async def test_a_look_that_is_broken_off_goes_on_where_it_was(desk: Desk) -> None:
    project, _ = await desk.known()
    changes = [opened(project, f"{number}") for number in range(4)]
    for change in changes:
        desk.forge.clock.advance(1)
        change.comment("Please look.")
    # The user, the list, and the notes of two.
    assert await desk.look(Ration(requests=4)) == 3
    assert await desk.look() == 1
    assert {each.job.head for each in await desk.work()} == {change.head for change in changes}


async def test_a_round_ends_after_its_time(desk: Desk) -> None:
    project, _ = await desk.known()
    opened(project, "1")
    moments = iter([0.0, 0.0, 901.0, 902.0])
    assert await desk.look(Ration(clock=lambda: next(moments))) == 0
    assert await desk.look() == 1


async def test_a_forge_that_is_away_is_a_fault_of_the_round_and_nothing_is_lost(desk: Desk) -> None:
    _, change = await desk.known()
    change.push({"more": "x\n"})
    desk.forge.faults.add(mishaps.bad_gateway(times=None))
    with pytest.raises(Unavailable):
        await desk.look()
    desk.forge.faults.clear()
    desk.forge.tokens[desk.forge.token].revoked = True
    with pytest.raises(Denied):
        await desk.look()
    desk.forge.tokens[desk.forge.token].revoked = False
    assert await desk.look() == 1


async def test_a_project_that_cannot_be_read_does_not_stand_in_the_way(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    closed, _ = await desk.known("a/closed")
    deleted, _ = await desk.known("a/deleted")
    project, _ = await desk.known("a/open")
    opened(project, "1")
    closed.members[desk.forge.bot.username] = 10
    desk.forge.delete_project(deleted)
    assert await desk.look() == 1
    assert sum("cannot be looked at" in each.message for each in caplog.records) == 2
    caplog.clear()
    assert await desk.look() == 0
    assert [each.message.split(":")[0] for each in caplog.records if each.levelname == "WARNING"] == [
        f"project {closed.id} cannot be looked at for what was missed"
    ]
    opened(closed, "1")
    closed.members[desk.forge.bot.username] = 30
    assert await desk.look() == 1


async def test_who_asks_us_to_wait_is_left_alone_for_the_round(desk: Desk) -> None:
    for name in ("a/one", "a/two", "b/three"):
        project, _ = await desk.known(name)
        opened(project, "1")
    limit = mishaps.throttled(60, path="/merge_requests", times=None)
    desk.forge.faults.add(limit)
    assert await desk.look() == 0
    assert limit.hits == 1
    desk.forge.faults.clear()
    assert await desk.look() == 3


async def test_faults_of_the_forge_end_a_round_after_three_projects(desk: Desk) -> None:
    for number in range(5):
        await desk.known(f"a/{number}")
    fault = mishaps.server_error(path=r"/merge_requests$", times=None)
    desk.forge.faults.add(fault)
    assert await desk.look() == 0
    assert {each.path for each in desk.forge.requests if each.status == 500} == {
        f"/projects/{number}/merge_requests" for number in sorted(desk.forge.projects)[:3]
    }


async def test_what_is_deleted_while_it_is_looked_at_is_no_fault(desk: Desk) -> None:
    _, change = await desk.known()
    await desk.look()
    change.push({"more": "x\n"})

    def delete() -> None:
        del change.project.merge_requests[change.iid]

    desk.forge.faults.add(mishaps.crossing(delete, path=r"/versions$"))
    assert await desk.look() == 0
    await desk.hear_of(opened(change.project, "1"))
    assert len(await desk.mailbox.callers("gitlab", desk.host, 9)) == 1


async def test_a_merge_request_that_gitlab_refuses_to_show_does_not_hold_up_its_project(desk: Desk) -> None:
    project, _ = await desk.known()
    odd = opened(project, "1")
    odd.comment("Please look.")
    desk.forge.clock.advance(1)
    opened(project, "2")
    desk.forge.faults.add(Fault("GET", rf"/merge_requests/{odd.iid}/notes$", status=400, body=b"{}", times=None))
    assert await desk.look() == 2
    [caller] = await desk.mailbox.callers("gitlab", desk.host, 9)
    assert caller.resume_at == 0


async def test_silent_projects_are_forgotten_with_everything_else(desk: Desk) -> None:
    await desk.known()
    await desk.mailbox.prune(90)
    assert len(await desk.mailbox.callers("gitlab", desk.host, 9)) == 1
    desk.wait(91 * 86_400)
    await desk.mailbox.prune(90)
    assert await desk.mailbox.callers("gitlab", desk.host, 9) == ()
