"""Faults before and after the write, limits, and the clock that lets them pass."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.forge import faults
from tests.forge.github import mishaps

if TYPE_CHECKING:
    from tests.forge.faults import Fault
    from tests.forge.scene import Scene


async def test_a_502_after_the_write_leaves_the_review_standing(scene: Scene) -> None:
    scene.forge.faults.add(mishaps.bad_gateway(method="POST", path="/reviews$", when="after"))
    assert (await scene.review({"line": 3})).status == 502
    assert len(scene.pull.reviews) == 1
    assert [each.effective for each in scene.forge.requests.of("pulls/create-review")] == [True]


@pytest.mark.parametrize("fault", [mishaps.server_error(method="POST"), mishaps.bad_gateway(method="POST")])
async def test_a_fault_before_the_write_writes_nothing(scene: Scene, fault: Fault) -> None:
    scene.forge.faults.add(fault)
    assert (await scene.review({"line": 3})).status == fault.status
    assert scene.pull.reviews == []
    assert (await scene.review({"line": 3})).status == 200


async def test_a_connection_can_drop_before_the_write_and_after_it(scene: Scene) -> None:
    scene.forge.faults.add(faults.connection_drop(method="POST"), faults.connection_drop(method="POST", when="after"))
    for standing in (0, 1):
        with pytest.raises(aiohttp.ClientError):
            await scene.review({"line": 3})
        assert len(scene.pull.reviews) == standing
    assert [each.status for each in scene.forge.requests.writes] == [0, 0]


async def test_a_fault_hits_what_it_names_and_as_often_as_it_says(scene: Scene) -> None:
    fault = mishaps.server_error(path="/files$", times=2)
    fault.skip = 1
    scene.forge.faults.add(fault)
    asked = [(await scene.get(path)).status for path in ("/pulls/1", *["/pulls/1/files"] * 4)]
    assert asked == [200, 200, 500, 500, 200]
    scene.forge.faults.add(mishaps.server_error(times=None))
    assert [(await scene.get("/pulls/1")).status for _ in range(3)] == [500, 500, 500]
    scene.forge.faults.clear()
    assert (await scene.get("/pulls/1")).status == 200


async def test_a_push_can_cross_a_review(scene: Scene) -> None:
    old = scene.pull.head
    scene.forge.faults.add(faults.crossing(lambda: scene.pull.push({"Dockerfile": "RUN new\n"}), path="/reviews$"))
    assert (await scene.review({"line": 3}, commit_id=old)).status == 200
    assert scene.pull.head != old
    assert scene.comment.outdated


async def test_an_answer_can_be_held_until_a_test_lets_it_go(scene: Scene) -> None:
    gate = asyncio.Event()
    scene.forge.faults.add(faults.held(gate, path="/reviews$"))
    asking = asyncio.create_task(scene.review({"line": 3}))
    await scene.get("/pulls/1")
    assert not asking.done()
    gate.set()
    assert (await asking).status == 200


async def test_a_slow_answer_outlasts_an_impatient_asker(scene: Scene) -> None:
    scene.forge.faults.add(faults.slow(5, path="/pulls/1$"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await scene.get("/pulls/1")


async def test_the_eighty_first_write_of_a_minute_waits(scene: Scene) -> None:
    scene.forge.limits.content_per_minute = 3
    statuses = [(await scene.post("/issues/1/comments", {"body": "x"})).status for _ in range(4)]
    assert statuses == [201, 201, 201, 403]
    reply = await scene.post("/issues/1/comments", {"body": "x"})
    assert (reply.headers["Retry-After"], int(reply.headers["X-RateLimit-Remaining"]) > 0) == ("60", True)
    assert (await scene.get("/pulls/1")).status == 200
    scene.forge.clock.advance(60)
    assert (await scene.post("/issues/1/comments", {"body": "x"})).status == 201
    assert len(scene.pull.issue_comments) == 4


async def test_the_limits_are_githubs_unless_lowered(scene: Scene) -> None:
    limits = scene.forge.limits
    assert (limits.primary, limits.content_per_minute, limits.content_per_hour) == (5000, 80, 500)
    assert (limits.points_per_minute, limits.concurrent, limits.annotations, limits.body) == (900, 100, 50, 65_536)


async def test_the_limit_of_an_hours_writes(scene: Scene) -> None:
    scene.forge.limits.content_per_hour = 2
    assert [(await scene.post("/issues/1/comments", {"body": "x"})).status for _ in range(3)] == [201, 201, 403]
    scene.forge.clock.advance(61)
    assert (await scene.post("/issues/1/comments", {"body": "x"})).status == 403


async def test_points_a_minute_count_writes_fivefold(scene: Scene) -> None:
    scene.forge.limits.points_per_minute = 7
    await scene.review({"line": 3})
    assert [(await scene.get("/pulls/1")).status for _ in range(3)] == [200, 200, 403]


async def test_primary_exhaustion_says_when_it_ends(scene: Scene) -> None:
    scene.forge.meter(scene.grant).exhaust(scene.forge.clock.seconds())
    reply = await scene.get("/pulls/1")
    assert (reply.status, reply.headers["X-RateLimit-Remaining"]) == (403, "0")
    wait = int(reply.headers["X-RateLimit-Reset"]) - scene.forge.clock.seconds()
    assert 0 < wait <= 3600
    assert (await scene.ask("GET", "/rate_limit")).body["rate"]["remaining"] == 0
    scene.forge.clock.advance(wait + 1)
    scene.token = (await scene.new_token()).body["token"]
    assert (await scene.get("/pulls/1")).status == 200


async def test_asking_for_the_limit_costs_nothing(scene: Scene) -> None:
    before = (await scene.ask("GET", "/rate_limit")).body["rate"]["used"]
    assert (await scene.ask("GET", "/rate_limit")).body["rate"]["used"] == before


async def test_too_many_at_once_are_refused(scene: Scene) -> None:
    scene.forge.limits.concurrent = 2
    scene.forge.latency = 0.05
    replies = await asyncio.gather(*(scene.get("/pulls/1") for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [200, 200, 403, 403]


@pytest.mark.parametrize(("status", "wait"), [(403, "7"), (429, "7"), (403, None)])
async def test_a_secondary_limit_may_be_met_at_any_time(scene: Scene, status: int, wait: str | None) -> None:
    scene.forge.faults.add(mishaps.secondary_limit(int(wait) if wait else None, status=status))
    reply = await scene.get("/pulls/1")
    assert (reply.status, reply.headers.get("Retry-After")) == (status, wait)
    assert int(reply.headers["X-RateLimit-Remaining"]) > 0


async def test_requests_side_by_side_are_one_round(scene: Scene) -> None:
    scene.forge.requests.clear()
    scene.forge.latency = 0.2
    await asyncio.gather(*(scene.get("/pulls/1") for _ in range(3)))
    await scene.get("/pulls/1/files")
    await scene.review({"line": 3})
    assert (len(scene.forge.requests), scene.forge.requests.rounds(), len(scene.forge.requests.writes)) == (5, 3, 1)


async def test_the_clock_stands_still_when_told_to(scene: Scene) -> None:
    scene.forge.clock.at = scene.forge.clock.now()
    await scene.say()
    scene.forge.clock.advance(90)
    await scene.say(line=29)
    first, second = scene.pull.comments
    assert (second.created - first.created).total_seconds() == 90
