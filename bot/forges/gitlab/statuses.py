"""The verdict as a commit status, for those who asked for it: GitLab makes a pipeline where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.forges.base import Denied, Gone, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.forges.base import Check
    from bot.forges.gitlab.client import Client, Writer

NAME: Final = "hullcheck"
_LONGEST: Final = 255
_STATES: Final = {"success": "success", "neutral": "success", "failure": "failed"}


async def set_status(client: Client, writer: Writer, change: Mapping[str, Any], head: str, check: Check) -> None:
    """Set the status of a head, once; where it cannot be set the review stands without it.

    The commit of a fork is not in a branch of the target project, which refuses a status for it.
    """
    state = _STATES[check.conclusion]
    wanted = {"state": state, "name": NAME, "description": check.title[:_LONGEST], "target_url": change["web_url"]}
    if change.get("source_project_id") == change["target_project_id"]:
        wanted["ref"] = change["source_branch"]
    try:
        standing = await client.pages(f"/repository/commits/{head}/statuses", {"name": NAME})
        if any(each["status"] == state for each in standing):
            return
        await writer.post(f"/statuses/{head}", wanted)
    except (Denied, Gone, Rejected):
        return
