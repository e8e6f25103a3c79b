"""Draft notes and their batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.forge.gitlab_scene import CHANGE

if TYPE_CHECKING:
    from tests.forge.gitlab_scene import Lab

DRAFTS = f"{CHANGE}/draft_notes"


async def test_a_draft_is_not_checked_when_it_is_written(lab: Lab) -> None:
    reply = await lab.draft(7)
    assert (reply.status, reply.body["position"]["new_line"]) == (201, 7)
    assert lab.change.notes == []


async def test_drafts_are_published_in_one_review_with_one_mail(lab: Lab) -> None:
    for line in (3, 29):
        await lab.draft(line)
    reply = await lab.publish()
    assert (reply.status, reply.body) == (204, b"")
    assert [note.kind for note in lab.change.notes] == ["DiffNote", "DiffNote"]
    assert [(mail.about, len(mail.notes)) for mail in lab.forge.mails] == [("review", 2)]
    assert (await lab.get(DRAFTS)).body == []


async def test_threads_made_one_by_one_send_a_mail_each(lab: Lab) -> None:
    for line in (3, 29):
        await lab.discuss(line)
    assert [mail.about for mail in lab.forge.mails] == ["note", "note"]


async def test_one_bad_line_is_a_bare_500_with_some_published_and_all_still_drafts(lab: Lab) -> None:
    for line in (3, 7, 29):
        await lab.draft(line)
    reply = await lab.publish()
    assert (reply.status, reply.body) == (500, b"")
    assert [(note.position or {})["new_line"] for note in lab.change.notes] == [3]
    assert len((await lab.get(DRAFTS)).body) == 3
    assert lab.forge.mails == []


async def test_publishing_again_publishes_again(lab: Lab) -> None:
    for line in (3, 7):
        await lab.draft(line)
    for _ in range(2):
        await lab.publish()
    assert len(lab.change.notes) == 2


async def test_what_an_earlier_attempt_left_is_published_too(lab: Lab) -> None:
    await lab.draft(3, note="Old.")
    await lab.draft(29, note="New.")
    await lab.publish()
    assert [note.body for note in lab.change.notes] == ["Old.", "New."]


async def test_a_draft_can_be_changed_and_deleted(lab: Lab) -> None:
    path = f"{DRAFTS}/{(await lab.draft(7)).body['id']}"
    assert (await lab.put(path, {"note": "Here.", "position": lab.position(3)})).body["note"] == "Here."
    assert (await lab.get(path)).body["position"]["new_line"] == 3
    assert (await lab.delete(path)).status == 204
    assert (await lab.get(path)).status == 404


async def test_one_draft_can_be_published_alone(lab: Lab) -> None:
    first = (await lab.draft(3)).body["id"]
    await lab.draft(29)
    assert (await lab.put(f"{DRAFTS}/{first}/publish")).status == 204
    assert (len(lab.change.notes), len(lab.change.drafts)) == (1, 1)


async def test_nobody_sees_or_publishes_the_drafts_of_others(lab: Lab) -> None:
    await lab.draft(3)
    lab.token = lab.forge.create_token(lab.forge.user("dev"), "dev").value
    assert (await lab.get(DRAFTS)).body == []
    assert (await lab.publish()).status == 204
    assert (lab.change.notes, len(lab.change.drafts)) == ([], 1)


async def test_a_draft_without_a_position_becomes_a_thread_beside_the_diff(lab: Lab) -> None:
    await lab.draft()
    await lab.publish()
    assert [(note.kind, note.position) for note in lab.change.notes] == [("DiscussionNote", None)]


async def test_a_draft_on_no_line_loses_its_position_without_a_word(lab: Lab) -> None:
    await lab.draft(position=lab.position())
    assert (await lab.publish()).status == 204
    assert [(note.kind, note.position) for note in lab.change.notes] == [("DiscussionNote", None)]


async def test_a_draft_reply_opens_its_thread_again(lab: Lab) -> None:
    await lab.discuss(3)
    lab.change.resolve(lab.thread.notes[0])
    await lab.draft(in_reply_to_discussion_id=lab.thread.id)
    await lab.publish()
    assert (lab.thread.resolved, len(lab.thread.notes)) == (False, 2)


async def test_a_draft_reply_that_resolves_leaves_its_thread_resolved(lab: Lab) -> None:
    await lab.discuss(3)
    await lab.draft(in_reply_to_discussion_id=lab.thread.id, resolve_discussion=True)
    await lab.publish()
    assert (lab.thread.resolved, lab.thread.notes[0].resolved_by) == (True, lab.forge.bot)


async def test_a_thread_takes_one_draft_reply_of_everybody(lab: Lab) -> None:
    await lab.discuss(3)
    assert (await lab.draft(in_reply_to_discussion_id=lab.thread.id)).status == 201
    assert (await lab.draft(in_reply_to_discussion_id=lab.thread.id)).status == 400


async def test_a_draft_reply_needs_a_thread_and_the_right_to_resolve_it(lab: Lab) -> None:
    assert (await lab.draft(in_reply_to_discussion_id="0" * 40)).status == 400
    await lab.discuss(3)
    lab.demote(20)
    reply = await lab.draft(in_reply_to_discussion_id=lab.thread.id, resolve_discussion=True)
    assert reply.body["message"] == {"base": ["User is not allowed to resolve thread"]}


async def test_a_draft_on_the_past_version_is_published_there(lab: Lab) -> None:
    await lab.draft(29)
    old = lab.change.head
    lab.change.push({"other": "x\n"})
    assert (await lab.publish()).status == 204
    assert (lab.change.notes[-1].position or {})["head_sha"] == old


async def test_quick_actions_of_drafts_run_when_they_are_published(lab: Lab) -> None:
    await lab.draft(3, note="Look.\n/approve")
    assert lab.forge.quick_actions == []
    await lab.publish()
    assert [action.name for action in lab.forge.quick_actions] == ["approve"]
    assert lab.change.notes[0].body == "Look."
