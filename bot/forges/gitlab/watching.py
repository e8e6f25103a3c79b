"""Looks after our hooks: GitLab disables a hook whose calls fail, and nobody hears of it.

Hooks may be listed by maintainers of a project and owners of a group. A token that is neither sees none, and then
there is nothing to report. A look costs three requests, and one for each project and group whose hooks may be seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from bot.forges.base import Denied, Gone
from bot.forges.gitlab import hooks
from bot.forges.gitlab.connecting import SOON
from bot.forges.gitlab.hooks import Place
from bot.forges.gitlab.roles import MAY_SET_HOOKS

if TYPE_CHECKING:
    from datetime import date

    from bot.forges.gitlab.door import Door

MOST_PLACES: Final = 100
"""Projects, and groups, that are looked at."""


class Look(NamedTuple):
    """What a look showed.

    Attributes:
        seen: Hooks of ours.
        places: Projects and groups whose hooks may be listed.
        troubles: A sentence each about what somebody must see to.
    """

    seen: int
    places: int
    troubles: tuple[str, ...]


async def look(door: Door, address: str, today: date) -> Look:
    """Look at all of our hooks that may be seen, and at the token.

    Args:
        door: The instance.
        address: Where people reach this server; empty when that is not known.
        today: To tell whether the token dies soon.

    Raises:
        ForgeError: GitLab does not answer, or not this token.
    """
    places = await _places(door)
    # One after the other: reviews need the door's threads more.
    shown = [await _shown(door, place) for place in places]
    mine = [
        (place, hook)
        for place, found in zip(places, shown, strict=True)
        for hook in found or ()
        if hooks.calls_us(hook, address)
    ]
    troubles = [
        f"Hook {hook['id']} of {place} at {_host(door)}: {trouble}. Run hullcheck gitlab connect {place.path}."
        for place, hook in mine
        if (trouble := hooks.trouble(hook))
    ]
    troubles += await _expiry(door, today)
    return Look(len(mine), sum(found is not None for found in shown), tuple(troubles))


async def _places(door: Door) -> list[Place]:
    query: dict[str, str | int | bool] = {
        "membership": True,
        "min_access_level": MAY_SET_HOOKS["projects"],
        "simple": True,
    }
    projects = await door.pages("/projects", query, most=MOST_PLACES)
    groups = await door.pages("/groups", {"min_access_level": MAY_SET_HOOKS["groups"]}, most=MOST_PLACES)
    return [
        *(Place("projects", each["id"], each["path_with_namespace"]) for each in projects),
        *(Place("groups", each["id"], each["full_path"]) for each in groups),
    ]


async def _shown(door: Door, place: Place) -> list[hooks.Hook] | None:
    """List the hooks of a place; `None` when they may not be seen, or groups have none in this edition."""
    try:
        return await hooks.listed(door, place)
    except (Denied, Gone):
        return None


async def _expiry(door: Door, today: date) -> list[str]:
    """Warn of a token that dies soon."""
    try:
        token = await door.get("/personal_access_tokens/self")
    except Gone:
        return []
    expires = token.get("expires_at")
    if not expires or expires > (today + SOON).isoformat():
        return []
    return [f"The access token for {_host(door)} expires on {expires}. Rotate it; a new one would be another user."]


def _host(door: Door) -> str:
    return door.url.partition("://")[2]
