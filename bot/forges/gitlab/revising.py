"""Edits of what we said before: discussions that are repaired or came back, and the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.forges.base import Denied, Gone, Rejected
from bot.forges.gitlab.conversation import author, summary
from bot.forges.gitlab.quick_actions import harmless
from bot.forges.marks import same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.forges.base import Revision
    from bot.forges.gitlab.client import Client, Writer
    from bot.forges.gitlab.conversation import Discussion


async def revise(
    client: Client, writer: Writer, revision: Revision, everything: Sequence[Discussion], own: int
) -> None:
    """Edit, answer and resolve one discussion; one that somebody removed is let go.

    The state as it is now counts: what a person resolved since it was read stays so.

    Args:
        client: The project.
        writer: Writes there.
        revision: What to do.
        everything: What was said.
        own: The number of our account.
    """
    thread = revision.thread
    standing = next((each for each in everything if each["id"] == thread.id), None)
    if standing is None:
        return
    place = f"{client.merge_request}/discussions/{thread.id}"
    try:
        if revision.body is not None and not same(harmless(revision.body), standing["notes"][0]["body"]):
            await writer.put(f"{place}/notes/{thread.comment_id}", {"body": harmless(revision.body)})
        if revision.reply and not _answered(standing, revision.reply, own):
            await writer.post(f"{place}/notes", {"body": harmless(revision.reply)})
    except Gone:
        return
    if revision.resolve is not None:
        await _resolve(writer, place, standing, own, resolve=revision.resolve)


async def write_summary(client: Client, writer: Writer, body: str, everything: Sequence[Discussion], own: int) -> None:
    """Post the summary, or edit it where it stands."""
    standing, text = summary(everything, own), harmless(body)
    if standing is None:
        await writer.post(f"{client.merge_request}/notes", {"body": text})
    elif not same(standing.body, text):
        await writer.put(f"{client.merge_request}/notes/{standing.comment_id}", {"body": text})


async def _resolve(writer: Writer, place: str, standing: Discussion, own: int, *, resolve: bool) -> None:
    """Resolve or reopen; below the role Developer it is refused, and then the edit must do."""
    top = standing["notes"][0]
    if not top.get("resolvable") or bool(top.get("resolved")) == resolve:
        return
    if not resolve and (top.get("resolved_by") or {}).get("id") != own:
        return
    try:
        await writer.put(place, {"resolved": resolve})
    except (Denied, Gone, Rejected):
        return


def _answered(discussion: Discussion, reply: str, own: int) -> bool:
    return any(author(note) == own and same(note["body"], harmless(reply)) for note in discussion["notes"][1:])
