"""What we said on a merge request before: our discussions and our summary, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.commands import command_in
from bot.forges.base import Conversation, Thread
from bot.forges.marks import answer_in, mark_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.forges.gitlab.accounts import Own
    from bot.forges.gitlab.client import Client
    from bot.forges.marks import Mark

Discussion = dict[str, Any]


async def discussions(client: Client) -> list[Discussion]:
    """List everything that was said, by anybody, to the last page; a single note is a discussion too."""
    return await client.pages(f"{client.merge_request}/discussions")


def conversation(everything: Iterable[Discussion], own: Own, head: str) -> Conversation:
    """Sort out what is ours.

    Args:
        everything: What was said, by anybody: the answers in our discussions matter.
        own: Our accounts.
        head: The head; a position that names another one is outdated.
    """
    everything = list(everything)
    ours = [(each, mark) for each in everything if is_ours(each, own) and (mark := _mark(speaking(each, own)))]
    threads = tuple(_thread(each, own, head) for each, mark in ours if mark.kind in {"comment", "fixed"})
    return Conversation(threads, summary(everything, own))


def is_ours(discussion: Discussion, own: Own) -> bool:
    """Tell whether we began a discussion."""
    return bool(discussion["notes"]) and author(discussion["notes"][0]) in own.all


def speaking(discussion: Discussion, own: Own) -> dict[str, Any]:
    """Return the note that speaks for a discussion of ours: its first one, as a rule.

    What an account of ours wrote that we no longer have cannot be edited, so it is continued by a marked answer.
    """
    notes: list[dict[str, Any]] = discussion["notes"]
    if author(notes[0]) == own.account:
        return notes[0]
    return next((note for note in reversed(notes) if author(note) in own.all and _mark(note)), notes[0])


def author(note: Mapping[str, Any]) -> int:
    """Return the number of a note's author; 0 for nobody."""
    return int((note.get("author") or {}).get("id", 0))


def own_notes(everything: Iterable[Discussion], own: Own) -> list[dict[str, Any]]:
    """Return all our notes."""
    return [note for each in everything for note in each["notes"] if author(note) in own.all and not note.get("system")]


def marks(everything: Iterable[Discussion], own: Own) -> frozenset[str]:
    """Return the marks of all our texts."""
    return frozenset(mark.text for note in own_notes(everything, own) if (mark := mark_in(note["body"])))


def summary(everything: Iterable[Discussion], own: Own) -> Thread | None:
    """Return our summary note: the present account's before an earlier one's, the oldest when there are more."""
    notes = [(each["id"], each["notes"][0]) for each in everything if is_ours(each, own)]
    summaries = [(id_, note) for id_, note in notes if (mark := _mark(note)) and mark.kind == "summary"]
    summaries.sort(key=lambda each: author(each[1]) != own.account)
    return next((Thread(id_, note["id"], note["body"], "", None) for id_, note in summaries), None)


def _thread(discussion: Discussion, own: Own, head: str) -> Thread:
    note, said = discussion["notes"][0], speaking(discussion, own)
    resolver = note.get("resolved_by") or {}
    resolved = bool(note.get("resolved"))
    by_person = str(resolver.get("username", "")) if resolved and resolver.get("id") not in own.all else ""
    ignored = _ignored(discussion, own)
    dismissed_by, reason = ignored or (by_person, "")
    position = note.get("position") or {}
    return Thread(
        id=discussion["id"],
        comment_id=said["id"],
        body=said["body"],
        path=position.get("new_path") or position.get("old_path") or "",
        line=position.get("new_line") if position.get("head_sha") == head else None,
        resolved=resolved,
        resolved_by_us=resolved and not by_person,
        dismissed=bool(dismissed_by),
        dismissed_by=dismissed_by,
        reason=reason,
        handle=discussion["id"] if note.get("resolvable") else "",
    )


def _ignored(discussion: Discussion, own: Own) -> tuple[str, str] | None:
    """Return who had a finding ignored and why, from our answers in its discussion; the last word counts."""
    replies = {note["id"]: note for note in discussion["notes"][1:]}
    own_replies = (note for note in replies.values() if author(note) in own.all)
    answers = [answer for note in own_replies if (answer := answer_in(note["body"])) and answer.name == "ignore"]
    if not answers:
        return None
    asked = command_in(replies.get(answers[-1].to, {}).get("body") or "")
    return answers[-1].by, asked.reason if asked else ""


def _mark(note: Mapping[str, Any]) -> Mark | None:
    return mark_in(note["body"])
