"""What happened in a project while nobody listened: merge requests that were changed, their heads, and commands.

Facts: doc/api/merge_requests.md and doc/api/notes.md of gitlabhq/gitlabhq. `updated_after` means on or after. A push
and a note both count as an update of the merge request. A version of its diff is made by a push and by nothing else
but a new target branch; the newest is listed first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.commands import command_in
from bot.forges.gitlab.door import PAGE

if TYPE_CHECKING:
    from bot.forges.gitlab.door import Door

MOST_NOTES: Final = PAGE
"""Notes of a merge request that are looked at for commands, the newest."""


class Changed(NamedTuple):
    """An open merge request; times are seconds since 1970.

    Attributes:
        number: Its iid.
        head: The newest commit; empty in the first seconds of a merge request.
        base_branch: Where it is to go, its target branch.
        created_at: When it was opened.
        updated_at: When anything about it was changed.
        notes: Whether anybody wrote a note.
    """

    number: int
    head: str
    base_branch: str
    created_at: float
    updated_at: float
    notes: bool


async def changed(door: Door, project: str, since: float) -> list[Changed]:
    """List the first page of open merge requests changed since a time, longest unchanged first; one request."""
    query: dict[str, str | int | bool] = {
        "state": "opened",
        "scope": "all",
        "updated_after": datetime.fromtimestamp(since, UTC).isoformat(timespec="milliseconds"),
        "order_by": "updated_at",
        "sort": "asc",
    }
    found = await door.pages(f"/projects/{project}/merge_requests", query, most=PAGE)
    return [
        Changed(
            number=each["iid"],
            head=each.get("sha") or "",
            base_branch=each["target_branch"],
            created_at=_seconds(each["created_at"]),
            updated_at=_seconds(each["updated_at"]),
            notes=bool(each.get("user_notes_count", 1)),
        )
        for each in found
    ]


async def pushed_at(door: Door, project: str, change: Changed) -> float:
    """Return when a merge request got its head, 0 when that cannot be told; one request."""
    versions = await door.pages(f"/projects/{project}/merge_requests/{change.number}/versions", {"per_page": 1}, most=1)
    if not versions or versions[0]["head_commit_sha"] != change.head:
        return 0.0
    return _seconds(versions[0]["created_at"])


async def commands(door: Door, project: str, number: int, since: float) -> list[dict[str, Any]]:
    """List the notes since a time that look like commands, oldest first; one request.

    Internal notes have a hook of their own, which we do not ask for.
    """
    query: dict[str, str | int | bool] = {"activity_filter": "only_comments", "order_by": "created_at", "sort": "desc"}
    notes = await door.pages(f"/projects/{project}/merge_requests/{number}/notes", query, most=MOST_NOTES)
    young = (note for note in notes if _seconds(note["created_at"]) >= since)
    heard = (note for note in young if not (note["system"] or note.get("internal") or note.get("confidential")))
    return [note for note in heard if command_in(note["body"] or "") is not None][::-1]


async def answered(door: Door, project: str, number: int, note: int, account: int) -> bool:
    """Tell whether an account has reacted to a note, as we do to each command; one request or more."""
    place = f"/projects/{project}/merge_requests/{number}/notes/{note}/award_emoji"
    return any((award.get("user") or {}).get("id") == account for award in await door.pages(place))


async def discussion_of(door: Door, project: str, number: int, note: int) -> str:
    """Return the id of the discussion that a note stands in, which notes themselves do not say; empty when gone."""
    found = await door.pages(f"/projects/{project}/merge_requests/{number}/discussions")
    return next((str(each["id"]) for each in found if any(said["id"] == note for said in each["notes"])), "")


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
