"""Single comments, replies, reactions and the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.forge.scene import Scene

LINE = "pull_request_review_thread.line"
FIRST = "pull_request_review_thread.start_line"


async def test_a_single_comment_makes_a_review_of_its_own(scene: Scene) -> None:
    reply = await scene.say(line=5)
    assert (reply.status, reply.body["line"]) == (201, 5)
    assert [(each.id, each.state) for each in scene.pull.reviews] == [
        (reply.body["pull_request_review_id"], "COMMENTED")
    ]


async def test_a_comment_on_a_file_names_no_line(scene: Scene) -> None:
    reply = await scene.say(line=None, subject_type="file")
    assert (reply.status, reply.body["line"], reply.body["subject_type"]) == (201, None, "file")


async def test_a_file_outside_the_diff_takes_no_comment(scene: Scene) -> None:
    assert (await scene.say(line=None, subject_type="file", path="README.md")).status == 422


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"line": 20}, LINE),
        ({"line": 3, "start_line": 3}, FIRST),
        ({"line": 29, "start_line": 3}, FIRST),
        ({"line": None}, "line"),
        ({"path": "README.md"}, "path"),
        ({"body": "   "}, "body"),
        ({"body": "x" * 65_537}, "body"),
        ({"position": 3, "line": None}, "position"),
    ],
)
async def test_a_comment_that_cannot_stand_is_refused_by_field(scene: Scene, place: Any, field: str) -> None:
    reply = await scene.say(**place)
    assert (reply.status, [error["field"] for error in reply.errors]) == (422, [field])
    assert scene.pull.comments == []


async def test_a_comment_is_blocked_by_a_pending_review(scene: Scene) -> None:
    await scene.review({"line": 3}, event=None)
    assert (await scene.say()).status == 422


async def test_a_reply_stands_in_the_thread_it_answers(scene: Scene) -> None:
    top = (await scene.say()).body["id"]
    reply = await scene.say(in_reply_to=top, body="So?")
    assert (reply.status, reply.body["in_reply_to_id"]) == (201, top)
    assert [len(thread.comments) for thread in scene.pull.threads] == [2]


async def test_only_the_first_comment_of_a_thread_can_be_answered(scene: Scene) -> None:
    top = (await scene.say()).body["id"]
    answer = (await scene.say(in_reply_to=top)).body["id"]
    assert (await scene.say(in_reply_to=answer)).status == 422
    assert (await scene.say(in_reply_to=999_999)).status == 422


async def test_the_reply_endpoint_is_closed_to_apps(scene: Scene) -> None:
    top = (await scene.say()).body["id"]
    assert (await scene.post(f"/pulls/1/comments/{top}/replies", {"body": "So?"})).status == 403


async def test_a_comment_of_ones_own_can_be_edited_and_deleted(scene: Scene) -> None:
    path = f"/pulls/comments/{(await scene.say()).body['id']}"
    assert (await scene.patch(path, {"body": "Better."})).body["body"] == "Better."
    assert (await scene.patch(path, {"body": ""})).status == 422
    assert (await scene.ask("DELETE", f"/repos/acme/shop{path}")).status == 204
    assert (scene.pull.threads, (await scene.get(path)).status) == ([], 404)


async def test_somebody_elses_comment_is_not_ours_to_change(scene: Scene) -> None:
    await scene.say()
    theirs = scene.pull.reply(scene.comment, "Mine.", author="dev")
    spoken = scene.pull.comment("Mine too.", author="dev")
    assert (await scene.patch(f"/pulls/comments/{theirs.id}", {"body": "Ours."})).status == 403
    assert (await scene.patch(f"/issues/comments/{spoken.id}", {"body": "Ours."})).status == 403
    assert (theirs.body, spoken.body) == ("Mine.", "Mine too.")


async def test_the_conversation_is_written_edited_and_deleted(scene: Scene) -> None:
    made = await scene.post("/issues/1/comments", {"body": "Summary."})
    path = f"/issues/comments/{made.body['id']}"
    assert (made.status, made.body["performed_via_github_app"]["slug"]) == (201, "hullcheck")
    assert (await scene.patch(path, {"body": "Better."})).status == 200
    assert [each.body for each in scene.pull.issue_comments] == ["Better."]
    assert (await scene.ask("DELETE", f"/repos/acme/shop{path}")).status == 204
    assert (await scene.get("/issues/1/comments")).body == []


@pytest.mark.parametrize("body", ["", "x" * 65_537])
async def test_the_conversation_takes_neither_nothing_nor_too_much(scene: Scene, body: str) -> None:
    assert (await scene.post("/issues/1/comments", {"body": body})).status == 422


async def test_a_reaction_given_twice_is_there_once(scene: Scene) -> None:
    comment = scene.pull.comment("/hullcheck review")
    path = f"/issues/comments/{comment.id}/reactions"
    replies = [await scene.post(path, {"content": "eyes"}) for _ in range(2)]
    assert [reply.status for reply in replies] == [201, 200]
    assert [each.content for each in comment.reactions] == ["eyes"]
    assert len((await scene.get(path)).body) == 1


async def test_review_comments_and_pull_requests_take_reactions_too(scene: Scene) -> None:
    number = (await scene.say()).body["id"]
    assert (await scene.post(f"/pulls/comments/{number}/reactions", {"content": "+1"})).status == 201
    assert (await scene.post("/issues/1/reactions", {"content": "rocket"})).status == 201
    assert (await scene.get(f"/pulls/comments/{number}")).body["reactions"]["+1"] == 1


async def test_comments_are_chosen_and_ordered_as_asked(scene: Scene) -> None:
    scene.forge.clock.at = scene.forge.clock.now()
    for line in (3, 29):
        await scene.say(line=line)
        scene.pull.comment(f"At {line}.")
        scene.forge.clock.advance(60)
    since = f"since={scene.pull.comments[1].updated.strftime('%Y-%m-%dT%H:%M:%SZ')}"
    newest = (await scene.get("/pulls/1/comments?sort=created&direction=desc")).body
    assert [each["line"] for each in newest] == [29, 3]
    assert [each["line"] for each in (await scene.get(f"/pulls/1/comments?{since}")).body] == [29]
    assert [each["body"] for each in (await scene.get(f"/issues/1/comments?{since}")).body] == ["At 29."]
