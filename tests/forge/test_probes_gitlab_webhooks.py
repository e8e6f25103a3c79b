"""Webhooks: who hears of what, in which form, and what becomes of hooks that fail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.forge.gitlab.double import SIGNING_TOKEN
from tests.forge.gitlab_scene import CHANGE
from tests.forge.scene import listening

if TYPE_CHECKING:
    from tests.forge.gitlab.webhooks import Delivery, Hook
    from tests.forge.gitlab_scene import Lab

ALL = {"merge_requests_events": True, "note_events": True}
NOWHERE = "http://127.0.0.1:9/hook"


def hooked(lab: Lab, url: str = NOWHERE, **settings: Any) -> Hook:
    return lab.project.add_hook(url, **(ALL | {"token": "secret"} | settings))


def held(lab: Lab, **settings: Any) -> list[Delivery]:
    hooked(lab, **settings)
    lab.forge.hooks.held = True
    return lab.forge.deliveries


async def test_a_delivery_carries_gitlabs_headers(lab: Lab) -> None:
    async with listening() as listener:
        hooked(lab, listener.url)
        lab.change.comment("/hullcheck review")
        await lab.forge.settled()
    headers, body = listener.received[0]
    assert (headers["X-Gitlab-Event"], headers["X-Gitlab-Token"]) == ("Note Hook", "secret")
    assert (headers["X-Gitlab-Instance"], headers["User-Agent"]) == (lab.forge.web_url, "GitLab/19.1.0")
    assert {"Idempotency-Key", "X-Gitlab-Event-UUID", "X-Gitlab-Webhook-UUID"} <= headers.keys()
    assert "webhook-signature" not in headers
    assert json.loads(body)["object_kind"] == "note"


async def test_a_signed_delivery_is_signed_over_id_time_and_body(lab: Lab) -> None:
    delivery = held(lab, signing_token=SIGNING_TOKEN, token=None)
    lab.change.close()
    headers, body = delivery[0].headers, delivery[0].body
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SIGNING_TOKEN.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    assert (len(key), headers["webhook-id"]) == (32, headers["Idempotency-Key"])
    assert "X-Gitlab-Token" not in headers


async def test_a_retry_keeps_its_key_and_has_a_new_time(lab: Lab) -> None:
    async with listening() as listener:
        hooked(lab, listener.url, signing_token=SIGNING_TOKEN)
        lab.change.close()
        await lab.forge.settled()
        lab.forge.clock.advance(60)
        assert await lab.forge.redeliver(lab.forge.deliveries[0]) == 202
    (first, body), (second, again) = listener.received
    assert (second["Idempotency-Key"], again) == (first["Idempotency-Key"], body)
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) >= 60
    assert second["X-Gitlab-Webhook-UUID"] != first["X-Gitlab-Webhook-UUID"]


async def test_a_push_is_an_update_that_names_the_old_head(lab: Lab) -> None:
    made, old = held(lab), lab.change.head
    new = lab.change.push({"other": "x\n"})
    told = made[0].payload["object_attributes"]
    assert (told["action"], told["oldrev"], told["last_commit"]["id"]) == ("update", old, new)


async def test_a_label_is_an_update_without_an_old_head(lab: Lab) -> None:
    made = held(lab)
    lab.change.label("bug")
    assert (made[0].action, "oldrev" in made[0].payload["object_attributes"]) == ("update", False)
    assert list(made[0].payload["changes"]) == ["labels"]


async def test_the_end_of_a_draft_and_another_target_are_changes(lab: Lab) -> None:
    made = held(lab)
    lab.change.convert_to_draft()
    lab.change.mark_ready()
    lab.project.push("release", {"other": "x\n"})
    lab.change.retarget("release")
    assert made[1].payload["changes"]["draft"] == {"previous": True, "current": False}
    assert made[2].payload["changes"]["target_branch"] == {"previous": "main", "current": "release"}


async def test_states_have_actions_of_their_own(lab: Lab) -> None:
    made = held(lab)
    lab.project.open_merge_request(files={"a": "x\n"}, branch="second")
    lab.change.close()
    lab.change.reopen()
    lab.change.merge()
    assert [each.action for each in made] == ["open", "close", "reopen", "merge"]


async def test_the_last_thread_resolved_is_an_update_without_changes(lab: Lab) -> None:
    note = lab.change.comment_on("Dockerfile", "Why?", new=3)
    made = held(lab)
    lab.change.resolve(note)
    assert [(each.action, each.payload["changes"]) for each in made] == [("update", {})]


async def test_a_note_on_the_diff_tells_where_it_stands(lab: Lab) -> None:
    made = held(lab)
    note = lab.change.comment_on("Dockerfile", "Why?", new=3)
    lab.change.edit_note(note, "Why not?")
    told = made[0].payload["object_attributes"]
    assert (told["discussion_id"], told["position"]["new_line"], told["type"]) == (note.discussion.id, 3, "DiffNote")
    assert [each.action for each in made] == ["create", "update"]


async def test_the_bots_own_notes_come_back_to_it(lab: Lab) -> None:
    made = held(lab)
    await lab.draft(3)
    await lab.publish()
    assert [(each.kind, each.payload["user"]["id"]) for each in made] == [("note", lab.forge.bot.id)]


async def test_a_hook_does_not_hear_of_what_it_has_caused(lab: Lab) -> None:
    async with listening() as listener:
        hook, other = hooked(lab, listener.url), hooked(lab, listener.url)
        lab.change.comment("/hullcheck review")
        await lab.forge.settled()
        cause = lab.forge.deliveries[0].event_uuid
        assert (await lab.post(f"{CHANGE}/notes", {"body": "x"}, X_Gitlab_Event_UUID=cause)).status == 201
        await lab.forge.settled()
    assert (lab.forge.hooks.blocked, [each.hook for each in lab.forge.deliveries[2:]]) == ([hook], [other])


async def test_after_half_an_hour_a_cause_is_forgotten(lab: Lab) -> None:
    async with listening() as listener:
        hooked(lab, listener.url)
        lab.change.close()
        await lab.forge.settled()
        lab.forge.clock.advance(31 * 60)
        await lab.post(f"{CHANGE}/notes", {"body": "x"}, X_Gitlab_Event_UUID=lab.forge.deliveries[0].event_uuid)
    assert len(lab.forge.deliveries) == 2


async def test_a_failing_hook_rests_after_the_fourth_failure(lab: Lab) -> None:
    async with listening() as listener:
        hook, listener.status = hooked(lab, listener.url), 404
        for _ in range(5):
            lab.change.label("x")
            await lab.forge.settled()
        lab.demote(40)
        assert (len(listener.received), hook.failures) == (4, 4)
        assert (await lab.get(f"/hooks/{hook.id}")).body["alert_status"] == "temporarily_disabled"
        lab.forge.clock.advance(61)
        listener.status = 200
        lab.change.label("y")
        await lab.forge.settled()
    assert (await lab.get(f"/hooks/{hook.id}")).body["alert_status"] == "executable"


async def test_a_rest_doubles_and_ends_for_good_after_forty_failures(lab: Lab) -> None:
    hook, rests = hooked(lab), []
    for _ in range(40):
        await lab.forge.deliver(lab.change.event("update"))
        rests.append((hook.disabled_until - lab.forge.clock.now()).total_seconds() if hook.disabled_until else 0)
    assert [round(rest, -1) for rest in rests[2:6]] == [0, 60, 120, 240]
    assert max(rests) <= 86_400
    assert hook.status(lab.forge.clock.now()) == "disabled"


async def test_a_self_managed_instance_disables_nothing(lab: Lab) -> None:
    lab.forge.hooks.auto_disabling = False
    hook = hooked(lab)
    for _ in range(9):
        await lab.forge.deliver(lab.change.event("update"))
    assert (hook.failures, hook.status(lab.forge.clock.now())) == (0, "executable")


async def test_a_group_hook_covers_what_is_below_and_the_instances_hears_no_notes(lab: Lab) -> None:
    lab.forge.add_group_hook("group", NOWHERE, **ALL)
    lab.forge.add_group_hook("other", NOWHERE, **ALL)
    lab.forge.add_system_hook(NOWHERE, note_events=True)
    lab.forge.hooks.held = True
    lab.change.comment("Hello.")
    lab.change.close()
    events = [each.headers["X-Gitlab-Event"] for each in lab.forge.deliveries]
    assert events == ["Note Hook", "Merge Request Hook", "System Hook"]


async def test_what_a_hook_did_not_ask_for_is_not_told(lab: Lab) -> None:
    made = held(lab, note_events=False)
    lab.change.comment("Hello.")
    assert made == []


async def test_a_hook_is_configured_over_the_api_and_hides_its_secrets(lab: Lab) -> None:
    lab.demote(40)
    body = ALL | {"url": "https://bot.example.com/webhooks/gitlab", "token": "s", "signing_token": SIGNING_TOKEN}
    shown = (await lab.post("/hooks", body)).body
    assert (shown["note_events"], shown["push_events"]) == (True, True)
    assert (shown["token_present"], shown["signing_token_present"], "token" in shown) == (True, True, False)
    assert (await lab.put(f"/hooks/{shown['id']}", body | {"push_events": False})).body["push_events"] is False
    assert [each["id"] for each in (await lab.get("/hooks")).body] == [shown["id"]]
    assert (await lab.delete(f"/hooks/{shown['id']}")).status == 204


async def test_an_old_gitlab_ignores_a_signing_token(lab: Lab) -> None:
    lab.demote(40)
    lab.forge.version = "18.11.0"
    shown = (await lab.post("/hooks", {"url": NOWHERE, "signing_token": SIGNING_TOKEN})).body
    assert ("signing_token_present" in shown, lab.project.hooks[0].signing_token) == (False, None)


@pytest.mark.parametrize("body", [{"url": "nonsense"}, {"url": NOWHERE, "signing_token": "short"}])
async def test_a_hook_with_a_wrong_address_or_key_is_refused(lab: Lab, body: Any) -> None:
    lab.demote(40)
    assert (await lab.post("/hooks", body)).status == 422


async def test_a_groups_hooks_belong_to_its_owners(lab: Lab) -> None:
    group = lab.forge.group("group")
    body = ALL | {"url": NOWHERE}
    group.members[lab.forge.bot.username] = 40
    assert (await lab.ask("POST", "/groups/group/hooks", body)).status == 403
    group.members[lab.forge.bot.username] = 50
    assert (await lab.ask("POST", f"/groups/{group.id}/hooks", body)).body["group_id"] == group.id
    lab.forge.licensed = False
    assert (await lab.ask("GET", "/groups/group/hooks")).status == 404


async def test_a_test_is_delivered_before_it_is_answered(lab: Lab) -> None:
    lab.demote(40)
    async with listening() as listener:
        hook = hooked(lab, listener.url)
        trigger = f"/hooks/{hook.id}/test/merge_requests_events"
        assert ((await lab.post(trigger)).status, len(listener.received)) == (201, 1)
        listener.status = 401
        assert (await lab.post(trigger)).status == 422
        assert (await lab.post(f"/hooks/{hook.id}/test/note_events")).body["message"] == "Ensure the project has notes."
        listener.status = 202
        assert (await lab.post(f"/hooks/{hook.id}/test/push_events")).status == 201
    assert [json.loads(body)["object_kind"] for _, body in listener.received] == ["merge_request"] * 2 + ["push"]
    assert "action" not in json.loads(listener.received[0][1])["object_attributes"]


async def test_tests_of_hooks_are_five_a_minute(lab: Lab) -> None:
    lab.demote(40)
    async with listening() as listener:
        path = f"/hooks/{hooked(lab, listener.url).id}/test/merge_requests_events"
        assert [(await lab.post(path)).status for _ in range(6)] == [201] * 5 + [429]


async def test_the_log_of_a_hook_is_read_and_its_deliveries_sent_again(lab: Lab) -> None:
    lab.demote(40)
    async with listening() as listener:
        hook = hooked(lab, listener.url)
        lab.change.close()
        await lab.forge.settled()
        event = (await lab.get(f"/hooks/{hook.id}/events")).body[0]
        assert (event["response_status"], event["request_headers"]["X-Gitlab-Token"]) == ("202", "[REDACTED]")
        assert (await lab.post(f"/hooks/{hook.id}/events/{event['id']}/resend")).status == 201
    assert listener.received[0][0]["Idempotency-Key"] == listener.received[1][0]["Idempotency-Key"]


async def test_one_address_can_hear_of_every_project(lab: Lab) -> None:
    async with listening() as listener:
        lab.forge.webhook_url = listener.url
        lab.forge.create_project("another/one").open_merge_request(files={"a": "x\n"})
        lab.change.close()
        await lab.forge.settled()
    assert [json.loads(body)["object_attributes"]["action"] for _, body in listener.received] == ["open", "close"]


async def test_deliveries_can_be_held_back_and_sent_in_another_order(lab: Lab) -> None:
    async with listening() as listener:
        hooked(lab, listener.url)
        lab.forge.hooks.held = True
        lab.change.close()
        lab.change.reopen()
        for delivery in lab.forge.deliveries[::-1]:
            await lab.forge.deliver(delivery)
    assert [json.loads(body)["object_attributes"]["action"] for _, body in listener.received] == ["reopen", "close"]
