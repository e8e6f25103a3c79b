"""Limits, faults, statuses and checks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.forge import faults
from tests.forge.gitlab import mishaps
from tests.forge.gitlab.double import GitLabDouble, Misused
from tests.forge.gitlab_scene import CHANGE

if TYPE_CHECKING:
    from tests.forge.gitlab_scene import Lab

NOTES = f"{CHANGE}/notes"


async def test_a_500_after_the_write_leaves_the_note_standing(lab: Lab) -> None:
    lab.forge.faults.add(mishaps.server_error(method="POST", path="/notes$", when="after"))
    assert (await lab.post(NOTES, {"body": "x"})).status == 500
    assert len(lab.change.notes) == 1


async def test_a_502_before_the_write_writes_nothing(lab: Lab) -> None:
    lab.forge.faults.add(mishaps.bad_gateway(path="/notes$"))
    reply = await lab.post(NOTES, {"body": "x"})
    assert (reply.status, reply.headers["Content-Type"], lab.change.notes) == (502, "text/html", [])
    assert (await lab.post(NOTES, {"body": "x"})).status == 201


@pytest.mark.parametrize("wait", [60, None])
async def test_too_many_requests_are_told_in_plain_text(lab: Lab, wait: int | None) -> None:
    lab.forge.faults.add(mishaps.throttled(wait))
    reply = await lab.get(CHANGE)
    assert (reply.status, reply.body, reply.headers.get("Retry-After")) == (429, b"Retry later\n", wait and str(wait))


async def test_a_conflict_is_a_409(lab: Lab) -> None:
    lab.forge.faults.add(mishaps.conflict(method="POST"))
    assert (await lab.post(NOTES, {"body": "x"})).body == {"message": "409 Conflict"}


async def test_a_connection_can_break_after_the_write(lab: Lab) -> None:
    lab.forge.faults.add(faults.connection_drop(method="POST", when="after"))
    with pytest.raises(aiohttp.ClientError):
        await lab.post(NOTES, {"body": "x"})
    assert len(lab.change.notes) == 1


async def test_an_answer_can_be_held_back_while_something_crosses_it(lab: Lab) -> None:
    gate = asyncio.Event()
    lab.forge.faults.add(faults.held(gate, method="POST", when="after"))
    lab.forge.faults.add(faults.crossing(lambda: lab.change.push({"other": "x\n"}), method="POST"))
    asked = asyncio.create_task(lab.discuss(3))
    gate.set()
    assert ((await asked).status, len(lab.change.versions)) == (201, 2)


async def test_a_slow_answer_comes_late(lab: Lab) -> None:
    lab.forge.faults.add(faults.slow(0.05))
    await lab.get(CHANGE)
    exchange = lab.forge.requests[-1]
    assert exchange.finished - exchange.started >= 0.05


async def test_the_sixty_first_note_of_a_minute_waits(lab: Lab) -> None:
    lab.forge.clock.at = lab.forge.clock.now()
    lab.forge.limits.notes_per_minute = 2
    replies = [await lab.post(NOTES, {"body": str(number)}) for number in range(3)]
    assert [reply.status for reply in replies] == [201, 201, 429]
    assert int(replies[2].headers["Retry-After"]) >= 60
    assert (await lab.draft(3)).status == 201
    lab.forge.clock.advance(61)
    assert (await lab.post(NOTES, {"body": "x"})).status == 201


async def test_requests_are_counted_and_refused_before_the_application(lab: Lab) -> None:
    lab.forge.limits.requests_per_minute = 2
    replies = [await lab.get(CHANGE) for _ in range(3)]
    assert [reply.headers["RateLimit-Remaining"] for reply in replies] == ["1", "0", "0"]
    assert (replies[2].status, replies[2].body) == (429, b"Retry later\n")


async def test_a_status_makes_a_pipeline_where_there_is_none(lab: Lab) -> None:
    path = f"/statuses/{lab.change.head}"
    first = (await lab.post(path, {"state": "pending", "name": "hullcheck"})).body
    second = (await lab.post(path, {"state": "success", "name": "hullcheck", "description": "Fine"})).body
    assert (first["id"], first["pipeline_id"]) == (second["id"], second["pipeline_id"])
    assert lab.project.pipelines == {(lab.change.head, "change"): first["pipeline_id"]}
    assert [status.state for status in lab.project.statuses] == ["success"]
    assert len((await lab.get(f"/repository/commits/{lab.change.head}/statuses")).body) == 1


async def test_a_status_joins_the_pipeline_that_is_there(lab: Lab) -> None:
    lab.project.pipelines[lab.change.head, "change"] = 77
    body = {"state": "failed", "ref": "change", "name": "hullcheck"}
    assert (await lab.get(CHANGE)).body["head_pipeline"]["id"] == 77
    assert (await lab.post(f"/statuses/{lab.change.head}", body)).body["pipeline_id"] == 77
    assert [each["id"] for each in (await lab.get(f"{CHANGE}/pipelines")).body] == [77]


async def test_a_status_repeated_is_refused(lab: Lab) -> None:
    replies = [await lab.post(f"/statuses/{lab.change.head}", {"state": "success"}) for _ in range(2)]
    assert [reply.status for reply in replies] == [201, 400]
    assert "Cannot transition status" in replies[1].body["message"]


async def test_a_forks_commit_takes_no_status_in_the_target(lab: Lab) -> None:
    theirs = lab.project.open_merge_request(files={"fork": "x\n"}, branch="theirs", author="guest", fork=True)
    reply = await lab.post(f"/statuses/{theirs.head}", {"state": "success"})
    assert (reply.status, reply.body["message"]) == (404, "404 References for commit Not Found")
    assert (await lab.post(f"/statuses/{'0' * 40}", {"state": "success"})).status == 404


async def test_a_state_that_is_none_is_refused(lab: Lab) -> None:
    reply = await lab.post(f"/statuses/{lab.change.head}", {"state": "neutral"})
    assert reply.body == {"error": "state does not have a valid value"}


async def test_an_external_check_is_answered_for_the_head_alone(lab: Lab) -> None:
    check = lab.project.add_status_check("hullcheck")
    old = lab.change.head
    head = lab.change.push({"other": "x\n"})
    body = {"external_status_check_id": check.id, "status": "passed"}
    assert (await lab.post(f"{CHANGE}/status_check_responses", body | {"sha": old})).status == 409
    assert (await lab.post(f"{CHANGE}/status_check_responses", body | {"sha": head})).status == 201
    assert [each["status"] for each in (await lab.get(f"{CHANGE}/status_checks")).body] == ["passed"]
    assert [each["name"] for each in (await lab.get("/external_status_checks")).body] == ["hullcheck"]


async def test_without_a_licence_there_are_no_external_checks(lab: Lab) -> None:
    lab.forge.licensed = False
    assert (await lab.get(f"{CHANGE}/status_checks")).status == 404


async def test_misuse_fails_whoever_leaves() -> None:
    with pytest.raises(Misused, match="colour"):
        async with GitLabDouble.start() as forge:
            forge.note("a request", ["GitLab ignores colour"])


async def test_requests_are_named_and_counted(lab: Lab) -> None:
    await lab.draft(3)
    await lab.publish()
    assert [each.operation for each in lab.forge.requests.writes] == [
        "POST draft_notes",
        "POST draft_notes/bulk_publish",
    ]
    assert lab.forge.requests.of("POST draft_notes")[0].body["note"] == "Look."
