"""A round of looking at GitLab ends: by its ration, by its time, by the faults of the forge; the next one goes on."""

from __future__ import annotations

import pytest

from bot.catch_up import Ration
from bot.forges.base import Denied, Unavailable
from tests.bot.missed_bench import Desk, asked, opened
from tests.forge import faults
from tests.forge.faults import Fault
from tests.forge.gitlab import mishaps


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

    desk.forge.faults.add(faults.crossing(delete, path=r"/versions$"))
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
