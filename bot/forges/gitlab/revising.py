"""Edits of what we said before: discussions that are repaired or came back, and the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.forges.base import Denied, Gone, Rejected
from bot.forges.gitlab.conversation import author, speaking, summary
from bot.forges.gitlab.quick_actions import harmless
from bot.forges.marks import same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.forges.base import Revision
    from bot.forges.gitlab.accounts import Own
    from bot.forges.gitlab.client import Client, Writer
    from bot.forges.gitlab.conversation import Discussion


async def revise(
    client: Client, writer: Writer, revision: Revision, everything: Sequence[Discussion], own: Own
) -> None:
    """Edit, answer and resolve one discussion; one that somebody removed is let go.

    The state as it is now counts: what a person resolved since it was read stays so.

    Args:
        client: The project.
        writer: Writes there.
        revision: What to do.
        everything: What was said.
        own: Our accounts.
    """
    thread = revision.thread
    standing = next((each for each in everything if each["id"] == thread.id), None)
    if standing is None:
        return
    place = f"{client.merge_request}/discussions/{thread.id}"
    try:
        if revision.body is not None:
            await _say_anew(writer, place, standing, own, harmless(revision.body))
        if revision.reply and not _answered(standing, revision.reply, own):
            await writer.post(f"{place}/notes", {"body": harmless(revision.reply)})
    except Gone:
        return
    if revision.resolve is not None:
        await _resolve(writer, place, standing, own, resolve=revision.resolve)


async def write_summary(client: Client, writer: Writer, body: str, everything: Sequence[Discussion], own: Own) -> None:
    """Post the summary, or edit it where it stands; one that was removed since it was read is posted anew."""
    standing, text = summary(everything, own), harmless(body)
    place = f"{client.merge_request}/notes"
    if standing is not None and same(standing.body, text):
        return
    if standing is not None:
        try:
            await writer.put(f"{place}/{standing.comment_id}", {"body": text})
        except Gone:
            pass
        except Denied:
            if _is_of(everything, standing.comment_id, own.account):
                raise
        else:
            return
    await writer.post(place, {"body": text})


async def _say_anew(writer: Writer, place: str, standing: Discussion, own: Own, text: str) -> None:
    """Edit the note that speaks for a discussion; what an earlier account of ours wrote is answered instead.

    Only the author may edit a note, and whoever has the role Maintainer.
    """
    note = speaking(standing, own)
    if same(text, note["body"]):
        return
    try:
        await writer.put(f"{place}/notes/{note['id']}", {"body": text})
    except Denied:
        if author(note) == own.account:
            raise
        await writer.post(f"{place}/notes", {"body": text})


def _is_of(everything: Sequence[Discussion], note_id: int, account: int) -> bool:
    return any(author(note) == account for each in everything for note in each["notes"] if note["id"] == note_id)


async def _resolve(writer: Writer, place: str, standing: Discussion, own: Own, *, resolve: bool) -> None:
    """Resolve or reopen; below the role Developer it is refused, and then the edit must do."""
    top = standing["notes"][0]
    if not top.get("resolvable") or bool(top.get("resolved")) == resolve:
        return
    if not resolve and (top.get("resolved_by") or {}).get("id") not in own.all:
        return
    try:
        await writer.put(place, {"resolved": resolve})
    except (Denied, Gone, Rejected):
        return


def _answered(discussion: Discussion, reply: str, own: Own) -> bool:
    return any(author(note) in own.all and same(note["body"], harmless(reply)) for note in discussion["notes"][1:])
