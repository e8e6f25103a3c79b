"""Notes, threads and emoji."""

from __future__ import annotations

from tests.forge.gitlab import render, talk
from tests.forge.gitlab.answer import Answer, Call, Refused, Route
from tests.forge.gitlab.model import MAINTAINER, REPORTER, Award, Discussion, Note

FILE_POSITIONS = (16, 4)
COMMANDS = Answer(202, {"commands_changes": {}, "summary": ["Commands applied."]})
"""What is answered to a note that was nothing but quick actions."""
EMOJI = frozenset(
    "eyes thumbsup thumbsdown confused rocket heart tada white_check_mark no_entry x smile thinking".split()
)


def list_notes(call: Call) -> Answer:
    """List all notes, newest first unless asked otherwise, those of threads and GitLab's own included."""
    change = call.merge_request
    found = sorted(change.notes, key=lambda note: note.id, reverse=call.params.get("sort", "desc") == "desc")
    only = call.params.get("activity_filter") == "only_comments"
    return Answer(200, [render.note(change, each) for each in found if not (only and each.system)], paged=True)


def the_note(call: Call) -> Note:
    """Find the note named in the path."""
    found = call.merge_request.note(call.number("note_id"))
    if found is None:
        raise Refused.missing("Note")
    return found


def the_discussion(call: Call) -> Discussion:
    """Find the thread named in the path."""
    found = call.merge_request.discussion(call.path["discussion_id"])
    if found is None:
        raise Refused.missing("Discussion")
    return found


def own(call: Call) -> Note:
    """Find a note that the asker may change: their own, or any for a maintainer."""
    note = the_note(call)
    if note.system or (note.author is not call.user and call.level < MAINTAINER):
        raise Refused.forbidden()
    return note


def get_note(call: Call) -> Answer:
    """Show a note."""
    return Answer(200, render.note(call.merge_request, the_note(call)))


def create_note(call: Call) -> Answer:
    """Write a single note; one that is nothing but quick actions is answered 202 and is not there."""
    try:
        made = talk.start(call.merge_request, call.user, call.params["body"])
    except talk.Invalid as error:
        raise Refused.invalid("Note", error.errors) from error
    except talk.OnlyCommands:
        return COMMANDS
    return Answer(201, render.note(call.merge_request, made))


def update_note(call: Call) -> Answer:
    """Edit a note, or resolve its thread."""
    asked = [name for name in ("body", "resolved") if call.params.get(name) is not None]
    if len(asked) != 1:
        raise Refused.error(400, "body, resolved are missing, exactly one parameter must be provided")
    if asked == ["resolved"]:
        note = the_note(call)
        turn(call, note.discussion, mine=note.author is call.user)
        return Answer(200, render.note(call.merge_request, note))
    note = own(call)
    try:
        talk.edit(call.merge_request, note, call.params["body"], call.user)
    except talk.Invalid as error:
        raise Refused.invalid("Note", error.errors) from error
    except talk.OnlyCommands:
        return COMMANDS
    return Answer(200, render.note(call.merge_request, note))


def delete_note(call: Call) -> Answer:
    """Delete a note."""
    call.merge_request.delete_note(own(call))
    return Answer(204)


def list_discussions(call: Call) -> Answer:
    """List threads and single notes, oldest first."""
    change = call.merge_request
    return Answer(200, [render.discussion(change, each) for each in change.discussions], paged=True)


def get_discussion(call: Call) -> Answer:
    """Show a thread."""
    return Answer(200, render.discussion(call.merge_request, the_discussion(call)))


def check_position(call: Call) -> None:
    """Refuse positions on a file where GitLab is too old for them."""
    position = call.params.get("position")
    if position and call.forge.older_than(*FILE_POSITIONS) and position["position_type"] == "file":
        raise Refused.error(400, "position[position_type] does not have a valid value")


def create_discussion(call: Call) -> Answer:
    """Start a thread, on the diff when there is a position."""
    check_position(call)
    position = call.params.get("position")
    try:
        made = talk.start(call.merge_request, call.user, call.params["body"], position=position, thread=True)
    except talk.Invalid as error:
        raise Refused.invalid("Note", error.errors) from error
    except talk.OnlyCommands:
        return COMMANDS
    return Answer(201, render.discussion(call.merge_request, made.discussion))


def resolve_discussion(call: Call) -> Answer:
    """Resolve a thread, or open it again."""
    discussion = the_discussion(call)
    turn(call, discussion)
    return Answer(200, render.discussion(call.merge_request, discussion))


def turn(call: Call, discussion: Discussion, *, mine: bool = False) -> None:
    """Resolve a thread or open it again, where the asker may; by the way of a note, its author may too."""
    if not discussion.resolvable or not (mine or talk.may_resolve(call.merge_request, call.user)):
        raise Refused.forbidden()
    talk.resolve(call.merge_request, discussion, call.user if call.params["resolved"] else None, call.user)


def reply(call: Call) -> Answer:
    """Answer in a thread; it stays resolved."""
    discussion = the_discussion(call)
    if discussion.notes[0].system:
        raise Refused(400, "400 Bad request - Discussion can not be replied to.")
    try:
        made = talk.reply(call.merge_request, call.user, call.params["body"], discussion)
    except talk.Invalid as error:
        raise Refused.invalid("Note", error.errors) from error
    except talk.OnlyCommands:
        return COMMANDS
    return Answer(201, render.note(call.merge_request, made))


def list_awards(call: Call) -> Answer:
    """List a note's emoji."""
    note = the_note(call)
    return Answer(200, [render.award(call.forge, each, note) for each in note.awards], paged=True)


def give_award(call: Call) -> Answer:
    """Put an emoji on a note; the same one twice is refused, in the words of something missing."""
    note, name = the_note(call), call.params["name"]
    if name not in EMOJI:
        raise Refused(404, "404 Award Emoji Name is not a valid emoji name Not Found")
    if any((each.name, each.user) == (name, call.user) for each in note.awards):
        raise Refused(404, "404 Award Emoji Name has already been taken Not Found")
    note.awards.append(Award(call.forge.new_id(), name, call.user, call.forge.clock.now()))
    return Answer(201, render.award(call.forge, note.awards[-1], note))


ONE = "/projects/:id/merge_requests/:merge_request_iid"
NOTE = f"{ONE}/notes/:note_id"
THREAD = f"{ONE}/discussions/:discussion_id"
ROUTES = {
    f"GET {ONE}/notes": Route(list_notes, "activity_filter:str", REPORTER),
    f"POST {ONE}/notes": Route(
        create_note, "body:str! created_at:str internal:bool merge_request_diff_head_sha:str", REPORTER, counted="notes"
    ),
    f"GET {NOTE}": Route(get_note, "", REPORTER),
    f"PUT {NOTE}": Route(update_note, "body:str", REPORTER),
    f"DELETE {NOTE}": Route(delete_note, "", REPORTER),
    f"GET {NOTE}/award_emoji": Route(list_awards, "", REPORTER),
    f"POST {NOTE}/award_emoji": Route(give_award, "name:str!", REPORTER),
    f"GET {ONE}/discussions": Route(list_discussions, "", REPORTER),
    f"POST {ONE}/discussions": Route(
        create_discussion, "body:str! position:hash created_at:str commit_id:str", REPORTER, counted="notes"
    ),
    f"GET {THREAD}": Route(get_discussion, "", REPORTER),
    f"PUT {THREAD}": Route(resolve_discussion, "resolved:bool!", REPORTER),
    f"POST {THREAD}/notes": Route(reply, "body:str! created_at:str", REPORTER, counted="notes"),
    f"GET {THREAD}/notes/:note_id": Route(get_note, "", REPORTER),
    f"PUT {THREAD}/notes/:note_id": Route(update_note, "body:str resolved:bool", REPORTER),
    f"DELETE {THREAD}/notes/:note_id": Route(delete_note, "", REPORTER),
}
