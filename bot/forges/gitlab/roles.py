"""GitLab's roles by the numbers that its API has for them (doc/api/members.md of gitlabhq/gitlabhq, "Roles")."""

from __future__ import annotations

from typing import Final

GUEST, DEVELOPER, MAINTAINER, OWNER = 10, 30, 40, 50
MAY_SET_HOOKS: Final = {"projects": MAINTAINER, "groups": OWNER}
"""The role that hooks want, to be listed too, by the kind of place."""

_NAMES: Final = {
    0: "no role",
    5: "Minimal Access",
    GUEST: "Guest",
    15: "Planner",
    20: "Reporter",
    DEVELOPER: "Developer",
    MAINTAINER: "Maintainer",
    OWNER: "Owner",
}


def named(level: int) -> str:
    """Return what people call a role."""
    return _NAMES.get(level, f"of level {level}")
