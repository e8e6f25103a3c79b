"""Notes, threads, quick actions, suggestions and emoji."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.gitlab_scene import CHANGE
from tests.forge.scene import AFTER

if TYPE_CHECKING:
    from tests.forge.gitlab.model import Note
    from tests.forge.gitlab_scene import Lab

NOTES = f"{CHANGE}/notes"
THREADS = f"{CHANGE}/discussions"


def suggested(text: str, span: str = ":-0+0") -> str:
    return f"Try:\n```suggestion{span}\n{text}\n```\n"


async def noted(lab: Lab, body: str, new: int | None = 3, old: int | None = None) -> Note:
    await lab.discuss(new, old, body)
    return lab.thread.notes[0]


async def test_a_note_stands_alone_and_cannot_be_resolved(lab: Lab) -> None:
    made = await lab.post(NOTES, {"body": "Summary."})
    assert (made.status, made.body["type"], made.body["resolvable"]) == (201, None, False)
    assert (await lab.put(f"{THREADS}/{lab.thread.id}", {"resolved": True})).status == 403


async def test_a_note_updates_its_merge_request_and_lists_may_begin_there(lab: Lab) -> None:
    other = lab.project.open_merge_request(files={"more": "x\n"}, branch="other")
    lab.forge.clock.advance(60)
    since = lab.forge.clock.stamp()
    listed = f"/merge_requests?order_by=updated_at&sort=asc&updated_after={since}"
    assert (await lab.get(listed)).body == []
    other.comment("Look.")
    lab.forge.clock.advance(1)
    await lab.post(NOTES, {"body": "Summary."})
    assert [each["iid"] for each in (await lab.get(listed)).body] == [other.iid, lab.change.iid]
    lab.change.close()
    assert [each["iid"] for each in (await lab.get(f"{listed}&state=opened")).body] == [other.iid]


async def test_an_internal_note_says_so_and_its_hook_is_another(lab: Lab) -> None:
    lab.project.add_hook("http://127.0.0.1:1/", note_events=True)
    lab.change.comment("Between us.", internal=True)
    assert [note["internal"] for note in (await lab.get(NOTES)).body] == [True]
    assert lab.forge.deliveries == []


async def test_a_note_is_edited_in_place(lab: Lab) -> None:
    number = (await lab.post(NOTES, {"body": "Summary."})).body["id"]
    assert (await lab.put(f"{NOTES}/{number}", {"body": "Better."})).body["body"] == "Better."
    assert [note.body for note in lab.change.notes] == ["Better."]
    assert len(lab.forge.mails) == 1


async def test_what_others_wrote_is_not_ours_to_change(lab: Lab) -> None:
    theirs = lab.change.comment("Mine.")
    assert (await lab.put(f"{NOTES}/{theirs.id}", {"body": "Ours."})).status == 403
    assert (await lab.delete(f"{NOTES}/{theirs.id}")).status == 403
    assert theirs.body == "Mine."


async def test_a_note_can_be_deleted_and_its_thread_with_it(lab: Lab) -> None:
    number = (await lab.post(NOTES, {"body": "Summary."})).body["id"]
    assert (await lab.delete(f"{NOTES}/{number}")).status == 204
    assert ((await lab.get(f"{NOTES}/{number}")).status, lab.change.discussions) == (404, [])


@pytest.mark.parametrize(("body", "complaint"), [("  ", "can't be blank"), ("x" * 1_000_001, "is too long")])
async def test_a_note_is_neither_nothing_nor_too_much(lab: Lab, body: str, complaint: str) -> None:
    reply = await lab.post(NOTES, {"body": body})
    assert (reply.status, complaint in reply.body["message"]) == (400, True)


async def test_a_note_with_a_null_character_is_refused(lab: Lab) -> None:
    assert (await lab.post(NOTES, {"body": "a\0b"})).body == {"error": "body is invalid"}


async def test_a_body_is_required_by_name(lab: Lab) -> None:
    assert (await lab.post(NOTES, {})).body == {"error": "body is missing"}


async def test_what_gitlab_would_ignore_is_noted(lab: Lab) -> None:
    assert (await lab.post(NOTES, {"body": "x", "colour": "red"})).status == 201
    assert (await lab.discuss(3, newline=4)).status == 201
    assert ["colour" in lab.forge.misuses[0], "position[newline]" in lab.forge.misuses[1]] == [True, True]
    lab.forge.misuses.clear()


async def test_a_reply_makes_a_thread_of_a_single_note(lab: Lab) -> None:
    lab.change.comment("So?")
    assert (await lab.post(f"{THREADS}/{lab.thread.id}/notes", {"body": "So."})).body["type"] == "DiscussionNote"
    assert (await lab.get(f"{THREADS}/{lab.thread.id}")).body["individual_note"] is False


async def test_a_reply_stands_where_its_thread_stands_and_leaves_it_resolved(lab: Lab) -> None:
    await lab.discuss(3)
    lab.change.resolve(lab.thread.notes[0])
    reply = await lab.post(f"{THREADS}/{lab.thread.id}/notes", {"body": "So."})
    assert (reply.body["type"], reply.body["position"]["new_line"], lab.thread.resolved) == ("DiffNote", 3, True)


async def test_gitlabs_own_notes_are_listed_and_take_no_reply(lab: Lab) -> None:
    lab.change.push({"other": "x\n"})
    assert [(note["system"], note["body"]) for note in (await lab.get(NOTES)).body] == [(True, "added 1 commit")]
    assert (await lab.post(f"{THREADS}/{lab.thread.id}/notes", {"body": "So."})).status == 400
    assert (await lab.get(f"{NOTES}?activity_filter=only_comments")).body == []


async def test_notes_come_newest_first_and_threads_oldest_first(lab: Lab) -> None:
    for body in ("One.", "Two."):
        lab.change.comment(body)
    assert [note["body"] for note in (await lab.get(NOTES)).body] == ["Two.", "One."]
    assert [note["body"] for note in (await lab.get(f"{NOTES}?sort=asc")).body] == ["One.", "Two."]
    assert [each["notes"][0]["body"] for each in (await lab.get(THREADS)).body] == ["One.", "Two."]


async def test_a_developer_resolves_a_thread_and_opens_it_again(lab: Lab) -> None:
    await lab.discuss(3)
    path = f"{THREADS}/{lab.thread.id}"
    shown = (await lab.put(path, {"resolved": True})).body["notes"][0]
    assert (shown["resolved"], shown["resolved_by"]["id"]) == (True, lab.forge.bot.id)
    assert (await lab.put(path, {"resolved": False})).body["notes"][0]["resolved"] is False


async def test_a_reporter_resolves_nothing_but_notes_of_its_own(lab: Lab) -> None:
    await lab.discuss(3)
    lab.demote(20)
    path = f"{THREADS}/{lab.thread.id}"
    assert (await lab.put(path, {"resolved": True})).status == 403
    assert (await lab.put(f"{path}/notes/{lab.thread.notes[0].id}", {"resolved": True})).status == 200
    lab.change.comment_on("Dockerfile", "Mine.", new=29)
    path = f"{THREADS}/{lab.thread.id}"
    assert (await lab.put(f"{path}/notes/{lab.thread.notes[0].id}", {"resolved": True})).status == 403


async def test_the_author_of_a_merge_request_resolves_whatever_their_role(lab: Lab) -> None:
    await lab.discuss(3)
    lab.project.members["dev"] = 20
    lab.token = lab.forge.create_token(lab.change.author, "dev").value
    assert (await lab.put(f"{THREADS}/{lab.thread.id}", {"resolved": True})).status == 200


@pytest.mark.parametrize(
    "body",
    [
        "Text\n/merge",
        "Text\n/MERGE  \nmore",
        "Text\r\n/merge\r\n",
        "\r/merge\r\nText",
        "~~~\n/merge\n~~~",
        "````\n/merge\n````",
        "<!--\n/merge\n-->",
        "```sh\nx\n``` \n/merge",
    ],
)
async def test_a_quick_action_at_the_beginning_of_a_line_runs(lab: Lab, body: str) -> None:
    await lab.post(NOTES, {"body": body})
    assert [(action.name, action.author) for action in lab.forge.quick_actions] == [("merge", lab.forge.bot.username)]
    assert lab.change.state == "merged"
    assert "/merge" not in lab.change.notes[-1].body.lower()


@pytest.mark.parametrize(
    "body",
    ["```\n/merge\n```", "```sh\nx\n/merge\n```", " /merge", "> /merge", "- /merge", "/merges", "`/merge`", "a /merge"],
)
async def test_what_is_no_quick_action_stays(lab: Lab, body: str) -> None:
    await lab.post(NOTES, {"body": body})
    assert (lab.forge.quick_actions, lab.change.notes[0].body, lab.change.state) == ([], body, "opened")


async def test_a_note_of_nothing_but_quick_actions_is_not_there(lab: Lab) -> None:
    assert (await lab.post(NOTES, {"body": "/title Another"})).status == 202
    assert (lab.change.title, [note.body for note in lab.change.notes]) == ("Another", [])


async def test_a_quick_action_in_an_edit_runs_too(lab: Lab) -> None:
    number = (await lab.post(NOTES, {"body": "Summary."})).body["id"]
    await lab.put(f"{NOTES}/{number}", {"body": "Summary.\n/approve"})
    assert (lab.change.approved_by, lab.change.notes[0].body) == ([lab.forge.bot], "Summary.")


async def test_a_quick_action_does_nothing_where_its_author_may_not(lab: Lab) -> None:
    lab.demote(20)
    await lab.post(NOTES, {"body": "Look.\n/merge"})
    assert ([action.name for action in lab.forge.quick_actions], lab.change.state) == (["merge"], "opened")


async def test_carriage_returns_do_not_survive(lab: Lab) -> None:
    assert (await lab.post(NOTES, {"body": "One\r\nTwo\r\n"})).body["body"] == "One\nTwo"


async def test_a_suggestion_replaces_the_lines_around_its_own(lab: Lab) -> None:
    note = await noted(lab, suggested("RUN better", ":-1+1"))
    lab.change.apply_suggestion(note)
    assert (lab.change.read("Dockerfile") or b"").split(b"\n")[:3] == [b"RUN step 1", b"RUN better", b"RUN step 5"]
    assert (note.suggestions[0].applied, lab.thread.resolved or note.discussion.resolved) == (True, True)


async def test_a_suggestion_of_nothing_deletes_the_line(lab: Lab) -> None:
    lab.change.apply_suggestion(await noted(lab, suggested("")))
    assert lab.change.read("Dockerfile") == AFTER.replace("RUN changed three\n", "").encode()


async def test_a_suggestion_ends_as_the_last_line_it_replaces(lab: Lab) -> None:
    lab.change.push({"Dockerfile": AFTER.replace("RUN changed three\n", "RUN changed three\r\n")})
    lab.change.apply_suggestion(await noted(lab, suggested("RUN a\nRUN b")))
    assert b"\nRUN a\nRUN b\r\n" in (lab.change.read("Dockerfile") or b"")


@pytest.mark.parametrize(
    "body", ["```suggestion-0+0\nx\n```", "```sh\nsuggestion\n```", "    ```suggestion\n    x\n    ```"]
)
async def test_another_block_is_no_suggestion(lab: Lab, body: str) -> None:
    assert (await noted(lab, body)).suggestions == []


async def test_a_removed_line_takes_no_suggestion(lab: Lab) -> None:
    assert (await noted(lab, suggested("x"), None, 12)).suggestions == []


async def test_a_suggestion_on_changed_content_cannot_be_applied(lab: Lab) -> None:
    note = await noted(lab, suggested("x", ":-1+0"))
    lab.change.push({"Dockerfile": AFTER.replace("RUN step 2\n", "RUN step two\n")})
    with pytest.raises(AssertionError, match="content has changed"):
        lab.change.apply_suggestion(note)


async def test_an_emoji_is_given_once(lab: Lab) -> None:
    path = f"{NOTES}/{lab.change.comment('Please.').id}/award_emoji"
    replies = [await lab.post(path, {"name": "eyes"}) for _ in range(2)]
    assert [reply.status for reply in replies] == [201, 404]
    assert "has already been taken" in replies[1].body["message"]
    assert [each["name"] for each in (await lab.get(path)).body] == ["eyes"]
    assert (await lab.post(path, {"name": "no such"})).status == 404
