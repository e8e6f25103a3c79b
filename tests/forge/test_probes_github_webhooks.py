"""Webhooks: what is told, how it is signed, and what becomes of a delivery."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from tests.forge.github import webhooks
from tests.forge.scene import AFTER, listening

if TYPE_CHECKING:
    import pytest

    from tests.forge.scene import Scene


def told(scene: Scene) -> list[str]:
    """Return the names of what was told since the scene was set."""
    return [f"{each.event}.{each.action}" for each in scene.forge.deliveries[2:]]


async def test_a_delivery_is_signed_over_its_raw_bytes(scene: Scene) -> None:
    async with listening() as app:
        scene.forge.webhook_url = app.url
        scene.pull.push({"x": "1"})
        await scene.forge.settled()
    headers, body = app.received[0]
    secret = scene.forge.app.webhook_secret.encode()
    assert headers["X-Hub-Signature-256"] == f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"
    assert (headers["X-GitHub-Event"], json.loads(body)["action"]) == ("pull_request", "synchronize")


async def test_a_push_names_the_heads_before_and_after(scene: Scene) -> None:
    before = scene.pull.head
    after = scene.pull.push({"x": "1"})
    payload = scene.forge.deliveries[-1].payload
    assert (payload["before"], payload["after"], payload["pull_request"]["head"]["sha"]) == (before, after, after)


async def test_a_push_to_another_branch_tells_nothing(scene: Scene) -> None:
    scene.repo.push("main", {"x": "1"})
    assert told(scene) == []


async def test_the_life_of_a_pull_request_is_told(scene: Scene) -> None:
    scene.repo.push("next", {"x": "1"})
    scene.pull.convert_to_draft()
    scene.pull.mark_ready()
    scene.pull.edit_title("Another")
    scene.pull.retarget("next")
    scene.pull.close()
    scene.pull.reopen()
    scene.pull.merge()
    actions = ["converted_to_draft", "ready_for_review", "edited", "edited", "closed", "reopened", "closed"]
    assert told(scene) == [f"pull_request.{action}" for action in actions]
    edits = [each.payload["changes"] for each in scene.forge.deliveries if each.action == "edited"]
    assert [list(changes) for changes in edits] == [["title"], ["base"]]


async def test_the_bots_own_words_come_back_to_it(scene: Scene) -> None:
    await scene.review({"line": 3}, body="Look.")
    made = await scene.post("/issues/1/comments", {"body": "Summary."})
    await scene.patch(f"/issues/comments/{made.body['id']}", {"body": "Better."})
    await scene.patch(f"/pulls/comments/{scene.comment.id}", {"body": "Fixed."})
    assert told(scene) == [
        "pull_request_review.submitted",
        "pull_request_review_comment.created",
        "issue_comment.created",
        "issue_comment.edited",
        "pull_request_review_comment.edited",
    ]
    assert {each.payload["sender"]["type"] for each in scene.forge.deliveries[2:]} == {"Bot"}


async def test_a_pending_review_is_not_told_until_it_is_submitted(scene: Scene) -> None:
    number = (await scene.review({"line": 3}, event=None)).body["id"]
    assert told(scene) == []
    await scene.post(f"/pulls/1/reviews/{number}/events", {"event": "COMMENT"})
    assert told(scene) == ["pull_request_review.submitted", "pull_request_review_comment.created"]


async def test_people_are_told_of_too(scene: Scene) -> None:
    await scene.say()
    spoken = scene.pull.comment("/hullcheck review", author="guest")
    scene.pull.edit_comment(spoken, "/hullcheck help")
    scene.pull.reply(scene.comment, "/hullcheck ignore", author="dev")
    scene.pull.resolve(scene.comment)
    scene.pull.unresolve(scene.comment)
    assert told(scene)[2:] == [
        "issue_comment.created",
        "issue_comment.edited",
        "pull_request_review.submitted",
        "pull_request_review_comment.created",
        "pull_request_review_thread.resolved",
        "pull_request_review_thread.unresolved",
    ]


async def test_check_runs_and_their_buttons_are_told(scene: Scene) -> None:
    body = {"name": "hullcheck", "head_sha": scene.pull.head, "conclusion": "success", "external_id": "7"}
    await scene.post("/check-runs", body)
    run = scene.repo.check_runs[0]
    scene.repo.rerequest(run)
    scene.repo.press(run, "again")
    scene.repo.rerequest_all(scene.pull.head)
    runs = [f"check_run.{action}" for action in ("created", "completed", "rerequested", "requested_action")]
    assert told(scene) == [*runs, "check_suite.rerequested"]
    assert scene.forge.deliveries[-2].payload["requested_action"] == {"identifier": "again"}


async def test_installations_and_names_are_told(scene: Scene) -> None:
    other = scene.forge.create_repository("acme/other")
    scene.forge.uninstall(other)
    scene.forge.suspend(scene.grant)
    scene.forge.unsuspend(scene.grant)
    scene.repo.rename("store")
    scene.forge.delete_installation(scene.grant)
    repositories = [f"installation_repositories.{action}" for action in ("added", "removed")]
    assert told(scene) == [
        *repositories,
        "installation.suspend",
        "installation.unsuspend",
        "repository.renamed",
        "installation.deleted",
    ]


async def test_a_suspended_installation_hears_nothing(scene: Scene) -> None:
    scene.forge.suspend(scene.grant)
    scene.pull.push({"x": "1"})
    assert told(scene) == ["installation.suspend"]


async def test_what_was_not_subscribed_to_is_not_told(scene: Scene) -> None:
    scene.forge.app.events.remove("issue_comment")
    scene.pull.comment("Hello.")
    assert told(scene) == []


async def test_a_ping_greets(scene: Scene) -> None:
    async with listening() as app:
        assert await scene.forge.deliver(scene.forge.hooks.ping(), app.url) == 202
    assert app.received[0][0]["X-GitHub-Event"] == "ping"


async def test_a_redelivery_has_the_same_guid_and_bytes(scene: Scene) -> None:
    async with listening() as app:
        delivery = scene.pull.event("synchronize")
        await scene.forge.deliver(delivery, app.url)
        await scene.forge.outbox.redeliver(delivery, app.url)
    (first, body), (second, again) = app.received
    assert first["X-GitHub-Delivery"] == second["X-GitHub-Delivery"] == delivery.guid
    assert body == again


async def test_two_deliveries_have_different_guids(scene: Scene) -> None:
    assert scene.pull.event("opened").guid != scene.pull.event("opened").guid


async def test_deliveries_can_be_sent_out_of_order(scene: Scene) -> None:
    async with listening() as app:
        scene.forge.webhook_url, scene.forge.outbox.held = app.url, True
        heads = [scene.pull.push({"x": text}) for text in "12"]
        for delivery in reversed(scene.forge.deliveries[-2:]):
            await scene.forge.deliver(delivery)
    assert [json.loads(body)["after"] for _, body in app.received] == heads[::-1]


async def test_a_failed_delivery_is_listed_and_asked_for_again(scene: Scene) -> None:
    async with listening() as app:
        scene.forge.webhook_url, app.status = app.url, 500
        scene.pull.push({"x": "1"})
        await scene.forge.settled()
        listed = await scene.ask("GET", "/app/hook/deliveries?status=failure", token=scene.signed())
        app.status = 202
        path = f"/app/hook/deliveries/{listed.body[0]['id']}/attempts"
        assert (await scene.ask("POST", path, token=scene.signed())).status == 202
        await scene.forge.settled()
    newest = (await scene.ask("GET", "/app/hook/deliveries", token=scene.signed())).body[0]
    assert (newest["redelivery"], newest["guid"], newest["status_code"]) == (True, listed.body[0]["guid"], 202)


async def test_the_list_of_deliveries_is_paged_by_cursor(scene: Scene) -> None:
    async with listening() as app:
        scene.forge.webhook_url = app.url
        for text in "123":
            scene.pull.push({"x": text})
        await scene.forge.settled()
    first = await scene.ask("GET", "/app/hook/deliveries?per_page=2", token=scene.signed())
    following = first.headers["Link"].split(">")[0].removeprefix(f"<{scene.forge.api_url}")
    second = await scene.ask("GET", following, token=scene.signed())
    assert [len(first.body), len(second.body)] == [2, 1]
    assert {each["id"] for each in first.body}.isdisjoint(each["id"] for each in second.body)


async def test_an_app_that_is_not_there_fails_the_delivery(scene: Scene) -> None:
    assert await scene.forge.deliver(scene.pull.event("opened"), "http://127.0.0.1:9/hook") == 0


async def test_a_delivery_over_the_limit_is_not_sent(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "LARGEST", 10)
    async with listening() as app:
        await scene.forge.deliver(scene.pull.event("opened"), app.url)
    assert app.received == []


async def test_a_suggestion_committed_is_a_push(scene: Scene) -> None:
    await scene.review({"line": 3, "body": "```suggestion\nRUN new 3\n```"})
    scene.pull.apply_suggestion(scene.comment)
    assert told(scene)[-1] == "pull_request.synchronize"
    assert scene.pull.read("Dockerfile") == AFTER.replace("RUN changed three", "RUN new 3").encode()
