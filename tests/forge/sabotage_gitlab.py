"""Rules of GitLab's double, broken: what stands in for them while their probes are watched failing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.forge.gitlab import diffs, params, positions, render, talk, webhooks
from tests.forge.gitlab.answer import Refused
from tests.forge.gitlab.positions import Placed, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.gitlab.answer import Answer
    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import Discussion, DraftNote, Note, User
    from tests.forge.gitlab.webhooks import Delivery, Hooks

ANY_LINE = Row(1, 1, 1, 1)
ONE = diffs.one
CHECKED = params.checked
PUBLISH = talk.publish
REPLY = talk.reply
PLACE = positions.place
MERGE_REQUEST = render.merge_request
AGAIN = webhooks.Hooks.again


def any_row(*_: object) -> Row:
    """Find every line, whatever numbers it is said to have."""
    return ANY_LINE


def row_by_new(_: object, diff: Any, old: int | None, new: int | None) -> Row | None:
    """Find a line by its new number alone."""
    return next((row for row in positions.rows(diff) if row.new == new), None)


def any_version(merge_request: MergeRequest, position: Mapping[str, Any]) -> Placed:
    """Take the commits of every position for those of the newest version."""
    return PLACE(merge_request, dict(position) | merge_request.version.refs)


def by_new_path(merge_request: MergeRequest, version: Any, position: Mapping[str, Any]) -> Any:
    """Find a file by its new path alone."""
    return next((each for each in merge_request.diff(version) if each.path == position.get("new_path")), None)


def never_collapsed(diff: Any, **_: bool) -> dict[str, Any]:
    """Show each file's diff, however large."""
    return ONE(diff)


def with_refs(change: MergeRequest, asker: User) -> dict[str, Any]:
    """Show a diff's refs from the first moment on."""
    return MERGE_REQUEST(change, asker) | {"diff_refs": change.version.refs}


def checked_at_once(call: Any) -> None:
    """Refuse drafts that could not be published."""
    position = call.params.get("position")
    if position and positions.place(call.merge_request, position).errors:
        raise Refused(400, "no such line")


def published_or_dropped(merge_request: MergeRequest, draft: DraftNote) -> Note:
    """Publish what can stand, and the rest beside the diff."""
    try:
        return PUBLISH(merge_request, draft)
    except talk.Invalid:
        draft.position = None
        return PUBLISH(merge_request, draft)


def replied_and_left(
    merge_request: MergeRequest, author: User, body: str, discussion: Discussion, *, mail: bool = True
) -> Note:
    """Answer in a thread and leave it open."""
    note = REPLY(merge_request, author, body, discussion, mail=mail)
    note.resolved_by = None
    return note


def published_politely(merge_request: MergeRequest, draft: DraftNote) -> Note:
    """Publish a reply and leave its thread as it was."""
    discussion = merge_request.discussion(draft.discussion_id or "")
    assert discussion is not None
    return talk.reply(merge_request, draft.author, draft.note, discussion)


def unread(text: str) -> tuple[str, list[Any]]:
    """Find no quick action."""
    return text, []


def whole(answer: Answer, *_: object) -> Answer:
    """Give lists whole."""
    return answer


def numbered(answer: Answer, *_: object) -> Answer:
    """Number a page that goes by its entries."""
    return replace(answer, headers={"X-Page": "1", "Link": ""})


def unknown_taken(given: Mapping[str, Any], takes: str, where: str = "") -> tuple[dict[str, Any], list[str]]:
    """Take parameters that no route knows."""
    return CHECKED(given, takes, where)[0], []


def another_key(self: Hooks, delivery: Delivery) -> Delivery:
    """Retry under another key."""
    again = AGAIN(self, delivery)
    again.headers = again.headers | {"Idempotency-Key": "another"}
    return again


def unsigned(*_: object) -> dict[str, str]:
    """Sign with nothing."""
    return {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,"}
