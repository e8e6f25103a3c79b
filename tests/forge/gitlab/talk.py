"""Notes and what they bring about: quick actions, suggestions, mails, webhooks. People and API come through here."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.forge.gitlab import positions, quick_actions, suggestions
from tests.forge.gitlab.model import DEVELOPER, Discussion, DraftNote, Mail, Note, QuickAction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import User


class Invalid(Exception):  # noqa: N818  it is an answer, not a fault of the double
    """A note that GitLab does not save.

    Attributes:
        errors: What is wrong, by field.
    """

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__(str(errors))
        self.errors = errors


class OnlyCommands(Exception):  # noqa: N818  likewise
    """A note that was nothing but quick actions: they ran, and there is no note."""


def start(
    merge_request: MergeRequest,
    author: User,
    body: str,
    *,
    position: Mapping[str, Any] | None = None,
    thread: bool = False,
    mail: bool = True,
    internal: bool = False,
) -> Note:
    """Start a thread, on the diff when there is a position, or write a single note.

    Raises:
        Invalid: It cannot stand there; nothing was saved.
        OnlyCommands: There was nothing to save.
    """
    code = None
    if position is not None:
        code, errors = positions.place(merge_request, position)
        if errors:
            raise Invalid(errors)
    kind = "DiffNote" if position is not None else "DiscussionNote" if thread else None
    note = _written(merge_request, author, body, Discussion(discussion_id(merge_request)))
    note.kind, note.line_code = kind, code  # type: ignore[assignment]  # one of the three
    note.internal = internal
    if position is not None:
        note.position = positions.stored(position)
        note.original_position = dict(note.position)
        note.suggestions = suggestions.read(merge_request, note)
    merge_request.discussions.append(note.discussion)
    _told(merge_request, note, mail=mail)
    return note


def reply(merge_request: MergeRequest, author: User, body: str, discussion: Discussion, *, mail: bool = True) -> Note:
    """Answer in a thread, which stays resolved; a note that stood alone becomes a thread by it."""
    resolved = discussion.resolved
    note = _written(merge_request, author, body, discussion)
    top = discussion.notes[0]
    if top.kind is None:
        top.kind = "DiscussionNote"
    note.kind, note.line_code = top.kind, top.line_code
    if resolved:
        note.resolved_by, note.resolved_at = author, note.created
    note.position = dict(top.position) if top.position else None
    note.original_position = dict(top.original_position) if top.original_position else None
    if note.position:
        note.suggestions = suggestions.read(merge_request, note)
    _told(merge_request, note, mail=mail)
    return note


def edit(merge_request: MergeRequest, note: Note, body: str, editor: User) -> None:
    """Edit a note; quick actions of the new text run as well, and the hooks hear of what has changed.

    Raises:
        Invalid: The new text is refused; the old one stays.
        OnlyCommands: Nothing was left of it, and the note is gone.
    """
    try:
        text = _cleaned(merge_request, editor, body)
    except OnlyCommands:
        merge_request.delete_note(note)
        raise
    if text == note.body:
        return
    note.body = text
    note.updated = merge_request.updated = merge_request.project.forge.clock.now()
    if note.position:
        note.suggestions = suggestions.read(merge_request, note)
    merge_request.project.forge.hooks.note("update", merge_request, note, note.author)


def may_resolve(merge_request: MergeRequest, user: User) -> bool:
    """Say whether somebody may resolve threads: developers may, and the merge request's author."""
    return user is merge_request.author or merge_request.project.level(user) >= DEVELOPER


def resolve(merge_request: MergeRequest, discussion: Discussion, by: User | None, sender: User) -> None:
    """Resolve (`by` somebody) or open a thread; once the last one is resolved, the hooks are told."""
    was = discussion.resolved
    for note in discussion.notes:
        if note.resolvable and (note.resolved_by is None) != (by is None):
            note.resolved_by = by
            note.resolved_at = merge_request.project.forge.clock.now() if by else None
    if not was and discussion.resolved and all(each.resolved for each in merge_request.threads):
        merge_request.project.forge.hooks.merge_request("update", merge_request, sender)


def publish(merge_request: MergeRequest, draft: DraftNote) -> Note:
    """Make a note of a draft; a reply opens its thread again unless it was told to resolve it."""
    if draft.discussion_id:
        discussion = merge_request.discussion(draft.discussion_id)
        if discussion is None:
            raise Invalid({"base": ["Discussion to reply to cannot be found"]})
        note = reply(merge_request, draft.author, draft.note, discussion, mail=False)
        resolver = draft.author if draft.resolve and may_resolve(merge_request, draft.author) else None
        resolve(merge_request, discussion, resolver, draft.author)
        return note
    position = draft.position if draft.position and positions.complete(draft.position) else None
    return start(merge_request, draft.author, draft.note, position=position, thread=True, mail=False)


def system_note(merge_request: MergeRequest, author: User, text: str) -> Note:
    """Write what GitLab itself says into the conversation, such as `added 1 commit`."""
    now = merge_request.project.forge.clock.now()
    discussion = Discussion(discussion_id(merge_request))
    number = merge_request.project.forge.new_id()
    note = Note(number, author, text, None, now, now, discussion, system=True)
    merge_request.updated = now
    discussion.notes.append(note)
    merge_request.discussions.append(discussion)
    return note


def discussion_id(merge_request: MergeRequest) -> str:
    """Return a thread's id, which is forty hexadecimal digits."""
    number = merge_request.project.forge.new_id()
    return hashlib.sha1(f"discussion-{merge_request.id}-{number}".encode(), usedforsecurity=False).hexdigest()


def _written(merge_request: MergeRequest, author: User, body: str, discussion: Discussion) -> Note:
    forge = merge_request.project.forge
    text = _cleaned(merge_request, author, body)
    note = Note(forge.new_id(), author, text, None, forge.clock.now(), forge.clock.now(), discussion)
    merge_request.updated = note.created
    discussion.notes.append(note)
    return note


def _cleaned(merge_request: MergeRequest, author: User, body: str) -> str:
    """Check a text, run its quick actions and return what remains of it."""
    forge = merge_request.project.forge
    if not body.strip():
        raise Invalid({"note": ["can't be blank"]})
    if len(body) > forge.limits.body:
        raise Invalid({"note": [f"is too long (maximum is {forge.limits.body} characters)"]})
    text, found = quick_actions.extract(body)
    for action in found:
        forge.quick_actions.append(QuickAction(action.name, action.argument, author.username, merge_request))
        quick_actions.obey(merge_request, action, author)
    if found and not text:
        raise OnlyCommands
    return text  # without carriage returns and blanks at the end, whether or not anything was found


def _told(merge_request: MergeRequest, note: Note, *, mail: bool) -> None:
    forge = merge_request.project.forge
    if mail:
        forge.mails.append(Mail("note", merge_request, (note.id,)))
    if not note.internal:
        forge.hooks.note("create", merge_request, note, note.author)
