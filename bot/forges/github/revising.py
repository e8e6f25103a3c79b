"""Edits of what we said before: threads that are repaired or came back, and the summary."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from bot.forges.base import Denied, Gone, Rejected
from bot.forges.github.conversation import summary
from bot.forges.marks import same

if TYPE_CHECKING:
    from bot.forges.base import Revision, Thread
    from bot.forges.github.conversation import Said
    from bot.forges.github.writing import Writer

_RESOLVE: Final = """
mutation($thread: ID!) { resolveReviewThread(input: {threadId: $thread}) { thread { isResolved } } }
"""
_REOPEN: Final = """
mutation($thread: ID!) { unresolveReviewThread(input: {threadId: $thread}) { thread { isResolved } } }
"""


async def revise(writer: Writer, number: int, head: str, revision: Revision, own: Said) -> None:
    """Edit, answer and resolve one thread; a thread that somebody removed is let go.

    Args:
        writer: Writes to the repository.
        number: Of the pull request.
        head: The commit that was reviewed.
        revision: What to do.
        own: What we said already.
    """
    thread = revision.thread
    try:
        if revision.body is not None and not same(revision.body, thread.body):
            await writer.patch(f"/pulls/comments/{thread.comment_id}", {"body": revision.body})
        if revision.reply and not _answered(thread, revision.reply, own):
            # GitHub reads path and commit for a reply too, and then ignores them.
            reply = {"commit_id": head, "path": thread.path, "in_reply_to": thread.comment_id}
            await writer.post(f"/pulls/{number}/comments", {**reply, "body": revision.reply})
    except Gone:
        return
    if revision.resolve is not None and revision.resolve != thread.resolved and thread.handle:
        await _resolve(writer, thread, resolve=revision.resolve)


async def write_summary(writer: Writer, number: int, body: str, own: Said) -> None:
    """Post the summary, or edit it where it stands; one that was removed since it was read is posted anew."""
    standing = summary(own)
    if standing is not None and same(standing.body, body):
        return
    if standing is not None:
        with suppress(Gone):
            await writer.patch(f"/issues/comments/{standing.comment_id}", {"body": body})
            return
    await writer.post(f"/issues/{number}/comments", {"body": body})


async def _resolve(writer: Writer, thread: Thread, *, resolve: bool) -> None:
    """Resolve or reopen; an App without write access to contents may be refused, and then the edit must do."""
    try:
        await writer.mutate(_RESOLVE if resolve else _REOPEN, {"thread": thread.handle})
    except (Denied, Gone, Rejected):
        return


def _answered(thread: Thread, reply: str, own: Said) -> bool:
    return any(
        comment.get("in_reply_to_id") == thread.comment_id and same(comment["body"], reply) for comment in own.comments
    )
