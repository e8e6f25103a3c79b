"""Check runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.forge.scene import Reply, Scene


def notes(count: int) -> list[dict[str, Any]]:
    """Make annotations."""
    note = {"path": "Dockerfile", "annotation_level": "notice", "message": "Look."}
    return [note | {"start_line": line, "end_line": line} for line in range(1, count + 1)]


async def make(scene: Scene, **body: Any) -> Reply:
    """Make a check run on the head."""
    return await scene.post("/check-runs", {"name": "hullcheck", "head_sha": scene.pull.head} | body)


async def test_a_check_run_is_made_and_completed(scene: Scene) -> None:
    made = await make(scene, status="in_progress", external_id="7")
    assert (made.status, made.body["conclusion"], made.body["external_id"]) == (201, None, "7")
    await scene.patch(f"/check-runs/{made.body['id']}", {"conclusion": "success"})
    assert [(run.status, run.conclusion) for run in scene.repo.check_runs] == [("completed", "success")]


async def test_fifty_annotations_at_once_and_each_request_adds_its_own(scene: Scene) -> None:
    made = await make(scene, output={"title": "t", "summary": "s", "annotations": notes(50)})
    path = f"/check-runs/{made.body['id']}"
    more = await scene.patch(path, {"output": {"title": "t", "summary": "s", "annotations": notes(10)}})
    assert more.body["output"]["annotations_count"] == 60
    assert len((await scene.get(f"{path}/annotations")).body) == 30
    assert (await make(scene, output={"title": "t", "summary": "s", "annotations": notes(51)})).status == 422
    assert len(scene.repo.check_runs) == 1
    scene.forge.violations.clear()


@pytest.mark.parametrize(
    "body",
    [
        {"head_sha": "f" * 40},
        {"head_sha": "main"},
        {"status": "completed"},
        {"output": {"title": "t", "summary": "x" * 65_536}},
        {"output": {"title": "t", "summary": "s", "text": "x" * 65_536}},
        {"output": {"title": "t", "summary": "s", "annotations": [notes(1)[0] | {"end_line": 0}]}},
        {"output": {"title": "t", "summary": "s", "annotations": [notes(1)[0] | {"title": "x" * 256}]}},
        {"actions": [{"label": "x" * 21, "description": "d", "identifier": "i"}]},
        {"actions": [{"label": "l", "description": "d", "identifier": "i"}] * 4},
        {
            "output": {
                "title": "t",
                "summary": "s",
                "annotations": [notes(1)[0] | {"end_line": 2, "start_column": 1, "end_column": 2}],
            }
        },
    ],
)
async def test_what_is_too_long_too_many_or_nowhere_is_refused(scene: Scene, body: Any) -> None:
    reply = await make(scene, **body)
    assert (reply.status, scene.repo.check_runs) == (422, [])
    scene.forge.violations.clear()  # some of these the description refuses as well


async def test_the_longest_summary_is_taken(scene: Scene) -> None:
    assert (await make(scene, output={"title": "t", "summary": "x" * 65_535})).status == 201


async def test_runs_are_listed_by_commit_and_the_newest_of_a_name_stands(scene: Scene) -> None:
    ids = [(await make(scene)).body["id"] for _ in range(2)] + [(await make(scene, name="other")).body["id"]]
    path = f"/commits/{scene.pull.head}/check-runs"
    assert [run["id"] for run in (await scene.get(path)).body["check_runs"]] == [ids[2], ids[1]]
    assert (await scene.get(f"{path}?filter=all&check_name=hullcheck")).body["total_count"] == 2
    assert (await scene.get("/commits/main/check-runs")).body["check_runs"] == []


async def test_a_long_list_of_runs_is_paged_and_says_how_many_there_are(scene: Scene) -> None:
    for number in range(3):
        await make(scene, name=f"run {number}")
    reply = await scene.get(f"/commits/{scene.pull.head}/check-runs?per_page=2")
    assert (len(reply.body["check_runs"]), reply.body["total_count"]) == (2, 3)
    assert 'rel="next"' in reply.headers["Link"]


async def test_a_forks_check_run_names_no_pull_request(scene: Scene) -> None:
    fork = scene.repo.open_pull_request(files={"x": "1"}, branch="idea", author="guest", fork=True)
    assert [pull["number"] for pull in (await make(scene)).body["pull_requests"]] == [1]
    assert (await make(scene, head_sha=fork.head)).body["pull_requests"] == []


async def test_a_run_that_is_not_there_is_not_found(scene: Scene) -> None:
    assert (await scene.get("/check-runs/1")).status == 404
    assert (await scene.patch("/check-runs/1", {"conclusion": "success"})).status == 404
