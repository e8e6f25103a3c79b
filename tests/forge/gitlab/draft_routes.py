"""Draft notes: nothing about them is checked until they are published, and then one bad one spoils the batch."""

from __future__ import annotations

from tests.forge.gitlab import render, talk
from tests.forge.gitlab.answer import Answer, Call, Refused, Route
from tests.forge.gitlab.model import REPORTER, DraftNote, Mail
from tests.forge.gitlab.note_routes import check_position

BROKEN = Answer(500, raw=b"", media="application/json")
"""What a batch that cannot be published is answered: nothing says which draft was wrong, or what was published."""


def mine(call: Call) -> list[DraftNote]:
    """Return the asker's drafts; nobody sees those of others."""
    return [each for each in call.merge_request.drafts if each.author is call.user]


def the_draft(call: Call) -> DraftNote:
    """Find the draft named in the path."""
    found = next((each for each in mine(call) if each.id == call.number("draft_note_id")), None)
    if found is None:
        raise Refused.missing()
    return found


def list_drafts(call: Call) -> Answer:
    """List the asker's drafts, all at once."""
    return Answer(200, [render.draft(call.merge_request, each) for each in mine(call)])


def get_draft(call: Call) -> Answer:
    """Show a draft."""
    return Answer(200, render.draft(call.merge_request, the_draft(call)))


def create_draft(call: Call) -> Answer:
    """Write a draft; its position is taken as it comes."""
    check_position(call)
    asked, thread = call.params, call.params.get("in_reply_to_discussion_id")
    if thread:
        discussion = call.merge_request.discussion(thread)
        if discussion is None:
            raise Refused(400, {"base": ["Thread to reply to cannot be found"]})
        if discussion.notes[0].system:
            raise Refused(400, {"base": ["Replies to system notes are not allowed"]})
        if any(each.discussion_id == thread for each in mine(call)):
            raise Refused(400, {"author_id": ["has already been taken"]})
    if asked.get("resolve_discussion") and not (thread and talk.may_resolve(call.merge_request, call.user)):
        raise Refused(400, {"base": ["User is not allowed to resolve thread"]})
    made = DraftNote(
        call.forge.new_id(),
        call.user,
        asked["note"],
        asked.get("position"),
        thread,
        bool(asked.get("resolve_discussion")),
        asked.get("commit_id"),
    )
    call.merge_request.drafts.append(made)
    return Answer(201, render.draft(call.merge_request, made))


def update_draft(call: Call) -> Answer:
    """Change a draft; one that is sent without its position loses it."""
    draft = the_draft(call)
    if not call.params.get("note"):
        raise Refused(400, "400 Bad request - Missing params to modify")
    draft.note, draft.position = call.params["note"], call.params.get("position")
    return Answer(200, render.draft(call.merge_request, draft))


def delete_draft(call: Call) -> Answer:
    """Delete a draft."""
    call.merge_request.drafts.remove(the_draft(call))
    return Answer(204)


def publish(call: Call, drafts: list[DraftNote]) -> Answer:
    """Publish drafts in one review: at the first that cannot stand it stops, and all of them are still drafts."""
    published = []
    try:
        for draft in drafts:
            try:
                published.append(talk.publish(call.merge_request, draft).id)
            except talk.OnlyCommands:
                continue
    except talk.Invalid:
        return BROKEN
    for draft in drafts:
        call.merge_request.drafts.remove(draft)
    if published:
        call.forge.mails.append(Mail("review", call.merge_request, tuple(published)))
    return Answer(204)


def publish_one(call: Call) -> Answer:
    """Publish one draft."""
    return publish(call, [the_draft(call)])


def publish_all(call: Call) -> Answer:
    """Publish all drafts that the asker has on the merge request, also those left over from long ago."""
    return publish(call, mine(call))


MANY = "/projects/:id/merge_requests/:merge_request_iid/draft_notes"
ONE = f"{MANY}/:draft_note_id"
ROUTES = {
    f"GET {MANY}": Route(list_drafts, "", REPORTER),
    f"POST {MANY}": Route(
        create_draft,
        "note:str! position:hash in_reply_to_discussion_id:str commit_id:str resolve_discussion:bool",
        REPORTER,
    ),
    f"GET {ONE}": Route(get_draft, "", REPORTER),
    f"PUT {ONE}": Route(update_draft, "note:str position:hash", REPORTER),
    f"DELETE {ONE}": Route(delete_draft, "", REPORTER),
    f"PUT {ONE}/publish": Route(publish_one, "", REPORTER),
    f"POST {MANY}/bulk_publish": Route(publish_all, "", REPORTER),
}
