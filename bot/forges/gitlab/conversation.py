"""What we said on a merge request before: our discussions and our summary, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.commands import command_in
from bot.forges.base import Conversation, Thread
from bot.forges.marks import answer_in, mark_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.forges.gitlab.client import Client

Discussion = dict[str, Any]


async def discussions(client: Client) -> list[Discussion]:
    """List everything that was said, by anybody, to the last page; a single note is a discussion too."""
    return await client.pages(f"{client.merge_request}/discussions")


def conversation(everything: Iterable[Discussion], own: int, head: str) -> Conversation:
    """Sort out what is ours.

    Args:
        everything: What was said, by anybody: the answers in our discussions matter.
        own: The number of our account.
        head: The head; a position that names another one is outdated.
    """
    everything = list(everything)
    ours = [(each, mark) for each in everything if is_ours(each, own) and (mark := mark_in(each["notes"][0]["body"]))]
    threads = tuple(_thread(each, own, head) for each, mark in ours if mark.kind in {"comment", "fixed"})
    # GitLab has no body of a review, so each text says which head it is about.
    return Conversation(threads, summary(everything, own), frozenset(mark.head for _, mark in ours if mark.head))


def is_ours(discussion: Discussion, own: int) -> bool:
    """Tell whether we began a discussion."""
    return bool(discussion["notes"]) and author(discussion["notes"][0]) == own


def author(note: Mapping[str, Any]) -> int:
    """Return the number of a note's author; 0 for nobody."""
    return int((note.get("author") or {}).get("id", 0))


def own_notes(everything: Iterable[Discussion], own: int) -> list[dict[str, Any]]:
    """Return all our notes."""
    return [note for each in everything for note in each["notes"] if author(note) == own and not note.get("system")]


def marks(everything: Iterable[Discussion], own: int) -> frozenset[str]:
    """Return the marks of all our texts."""
    return frozenset(mark.text for note in own_notes(everything, own) if (mark := mark_in(note["body"])))


def summary(everything: Iterable[Discussion], own: int) -> Thread | None:
    """Return our summary note, the oldest one when there are more."""
    for each in everything:
        mark = mark_in(each["notes"][0]["body"]) if is_ours(each, own) else None
        if mark and mark.kind == "summary":
            note = each["notes"][0]
            return Thread(each["id"], note["id"], note["body"], "", None)
    return None


def _thread(discussion: Discussion, own: int, head: str) -> Thread:
    note = discussion["notes"][0]
    resolver = note.get("resolved_by") or {}
    resolved = bool(note.get("resolved"))
    by_person = str(resolver.get("username", "")) if resolved and resolver.get("id") != own else ""
    ignored = _ignored(discussion, own)
    dismissed_by, reason = ignored or (by_person, "")
    position = note.get("position") or {}
    return Thread(
        id=discussion["id"],
        comment_id=note["id"],
        body=note["body"],
        path=position.get("new_path") or position.get("old_path") or "",
        line=position.get("new_line") if position.get("head_sha") == head else None,
        resolved=resolved,
        resolved_by_us=resolved and not by_person,
        dismissed=bool(dismissed_by),
        dismissed_by=dismissed_by,
        reason=reason,
        handle=discussion["id"] if note.get("resolvable") else "",
    )


def _ignored(discussion: Discussion, own: int) -> tuple[str, str] | None:
    """Return who had a finding ignored and why, from our answers in its discussion; the last word counts."""
    replies = {note["id"]: note for note in discussion["notes"][1:]}
    own_replies = (note for note in replies.values() if author(note) == own)
    answers = [answer for note in own_replies if (answer := answer_in(note["body"])) and answer.name == "ignore"]
    if not answers:
        return None
    asked = command_in(replies.get(answers[-1].to, {}).get("body") or "")
    return answers[-1].by, asked.reason if asked else ""
