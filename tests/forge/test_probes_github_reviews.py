"""Reviews: which are taken, which are refused, and that a refusal takes all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.forge.scene import Scene

OUTSIDE = "Line could not be resolved"
START = "Pull request review thread start line"


async def test_a_review_stands_with_all_its_comments(scene: Scene) -> None:
    reply = await scene.review({"line": 3}, {"line": 29}, body="Two things.")
    assert (reply.status, reply.body["state"]) == (200, "COMMENTED")
    assert [(each.line, each.review.body) for each in scene.pull.comments] == [(3, "Two things."), (29, "Two things.")]


@pytest.mark.parametrize("line", [1, 6, 9, 11, 26, 31])
async def test_context_and_changed_lines_of_a_hunk_may_be_named(scene: Scene, line: int) -> None:
    assert (await scene.review({"line": line})).status == 200


@pytest.mark.parametrize("line", [7, 8, 15, 24, 40, 4000])
async def test_a_line_outside_the_hunks_is_refused(scene: Scene, line: int) -> None:
    reply = await scene.review({"line": line})
    assert (reply.status, reply.errors) == (422, [OUTSIDE])


async def test_one_bad_comment_takes_the_whole_review_down_and_is_not_named(scene: Scene) -> None:
    reply = await scene.review({"line": 3}, {"line": 20, "body": "culprit"}, {"line": 29}, body="Three things.")
    assert (reply.status, reply.errors) == (422, [OUTSIDE])
    assert "culprit" not in str(reply.body)
    assert scene.pull.reviews == []
    assert scene.pull.comments == []


async def test_deleted_lines_are_on_the_left(scene: Scene) -> None:
    assert (await scene.review({"line": 12, "side": "LEFT"})).status == 200
    assert scene.comment.diff_hunk.endswith("-RUN step 12")


async def test_an_added_line_is_not_on_the_left(scene: Scene) -> None:
    scene.pull.push({"new": "one\n"})
    assert (await scene.review({"path": "new", "line": 1, "side": "LEFT"})).errors == [OUTSIDE]


async def test_a_range_inside_one_hunk_is_taken(scene: Scene) -> None:
    assert (await scene.review({"start_line": 2, "start_side": "RIGHT", "line": 5})).status == 200
    assert (scene.comment.start_line, scene.comment.line) == (2, 5)


@pytest.mark.parametrize(
    ("first", "last", "problem"),
    [
        (3, 29, "must be part of the same hunk as the line."),
        (3, 3, "must precede the end line."),
        (5, 3, "must precede the end line."),
        (20, 29, "must be part of the diff"),
    ],
)
async def test_a_range_must_be_one_within_a_hunk(scene: Scene, first: int, last: int, problem: str) -> None:
    reply = await scene.review({"start_line": first, "start_side": "RIGHT", "line": last})
    assert (reply.status, reply.errors) == (422, [f"{START} {problem}"])


@pytest.mark.parametrize("path", ["dockerfile", "README.md", "nowhere/Dockerfile"])
async def test_a_path_outside_the_diff_is_refused(scene: Scene, path: str) -> None:
    assert (await scene.review({"path": path, "line": 3})).errors == ["Path could not be resolved"]


async def test_a_review_without_an_event_is_pending_and_seen_by_its_author_only(scene: Scene) -> None:
    assert (await scene.review({"line": 3}, event=None)).body["state"] == "PENDING"
    assert (await scene.get("/pulls/1/comments")).body == []
    assert len((await scene.get("/pulls/1/reviews")).body) == 1


@pytest.mark.parametrize("event", [None, "COMMENT"])
async def test_a_pending_review_blocks_every_other(scene: Scene, event: str | None) -> None:
    await scene.review({"line": 3}, event=None)
    reply = await scene.review({"line": 29}, event=event)
    assert (reply.status, reply.errors) == (422, ["User can only have one pending review per pull request"])


async def test_a_pending_review_can_be_deleted_with_its_comments(scene: Scene) -> None:
    number = (await scene.review({"line": 3}, event=None)).body["id"]
    assert (await scene.ask("DELETE", f"/repos/acme/shop/pulls/1/reviews/{number}")).status == 200
    assert (scene.pull.reviews, scene.pull.comments) == ([], [])
    assert (await scene.review({"line": 3})).status == 200


async def test_a_submitted_review_cannot_be_deleted(scene: Scene) -> None:
    number = (await scene.review({"line": 3})).body["id"]
    assert (await scene.ask("DELETE", f"/repos/acme/shop/pulls/1/reviews/{number}")).status == 422
    assert len(scene.pull.reviews) == 1


async def test_a_pending_review_can_be_submitted(scene: Scene) -> None:
    number = (await scene.review({"line": 3}, event=None)).body["id"]
    reply = await scene.post(f"/pulls/1/reviews/{number}/events", {"event": "COMMENT", "body": "Now."})
    assert (reply.body["state"], len(scene.pull.visible_comments())) == ("COMMENTED", 1)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"body": "x" * 65_537}, "Body is too long (maximum is 65536 characters)"),
        ({"comments": [{"path": "Dockerfile", "line": 3, "body": "x" * 65_537}]}, "Body is too long"),
        ({"comments": [{"path": "Dockerfile", "line": 3, "body": " \n"}]}, "Body can't be blank"),
        ({"comments": []}, "Body can't be blank"),
        ({"event": "REQUEST_CHANGES"}, "Body can't be blank"),
        ({"comments": [{"path": "Dockerfile", "position": 3, "body": "x"}]}, "closing down"),
        ({"comments": [{"path": "Dockerfile", "body": "x"}]}, OUTSIDE),
        ({"comments": [{"path": "Dockerfile", "line": 3, "side": "MIDDLE", "body": "x"}]}, "side"),
    ],
)
async def test_what_is_empty_too_long_or_placed_nowhere_is_refused(scene: Scene, body: Any, text: str) -> None:
    reply = await scene.review({"line": 3}, **body)
    assert reply.status == 422
    assert text in reply.errors[0]
    assert scene.pull.reviews == []


async def test_the_longest_body_is_taken(scene: Scene) -> None:
    assert (await scene.review({"line": 3, "body": "x" * 65_536}, body="y" * 65_536)).status == 200


async def test_a_review_belongs_to_a_commit_of_the_pull_request(scene: Scene) -> None:
    assert (await scene.review({"line": 3}, commit_id=scene.repo.tip("main"))).status == 422
    assert (await scene.review({"line": 3}, commit_id="f" * 40)).status == 422


async def test_a_commit_that_was_forced_away_takes_no_review(scene: Scene) -> None:
    old = scene.pull.head
    scene.pull.force_push({"Dockerfile": AFTER_FORCE})
    assert (await scene.review({"line": 3}, commit_id=old)).status == 422


AFTER_FORCE = "RUN another\n"


async def test_a_review_of_an_older_commit_is_placed_in_that_commits_diff(scene: Scene) -> None:
    old = scene.pull.head
    scene.pull.push({"Dockerfile": AFTER_FORCE})
    assert (await scene.review({"line": 29}, commit_id=old)).status == 200
    assert scene.comment.outdated


async def test_nobody_judges_their_own_pull_request(scene: Scene) -> None:
    scene.pull.author = scene.forge.app.bot
    assert (await scene.review(event="APPROVE")).status == 422


async def test_a_reviews_body_can_be_edited(scene: Scene) -> None:
    number = (await scene.review({"line": 3}, body="Old.")).body["id"]
    path = f"/repos/acme/shop/pulls/1/reviews/{number}"
    assert (await scene.ask("PUT", path, {"body": "New."})).body["body"] == "New."
    assert (await scene.ask("PUT", path, {"body": ""})).status == 422
    assert scene.pull.reviews[0].body == "New."


async def test_only_judgements_can_be_dismissed(scene: Scene) -> None:
    await scene.review({"line": 3})
    await scene.review(event="REQUEST_CHANGES", body="No.")
    paths = [f"/repos/acme/shop/pulls/1/reviews/{each.id}/dismissals" for each in scene.pull.reviews]
    assert [(await scene.ask("PUT", path, {"message": "Old."})).status for path in paths] == [422, 200]
    assert scene.pull.reviews[1].state == "DISMISSED"


async def test_a_review_that_is_not_there_is_not_found(scene: Scene) -> None:
    assert (await scene.get("/pulls/1/reviews/1")).status == 404
    assert (await scene.get("/pulls/2/reviews")).status == 404
