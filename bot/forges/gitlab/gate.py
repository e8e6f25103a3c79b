"""The verdict where GitLab can hold a merge by it: commit statuses and external status checks, for those who ask.

Both are off unless the operator wants them. A commit status makes a pipeline where there is none, and external
status checks need GitLab Ultimate. Where one cannot be set, the review stands without it and the log says why, once.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Literal

from bot.forges.base import Denied, Gone, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from bot.forges.base import Check
    from bot.forges.gitlab.client import Client, Writer

NAME: Final = "hullcheck"
"""Of the commit status, and of the external status check that we answer."""
Kind = Literal["commit", "external"]

_LONGEST: Final = 255
_STATES: Final = {"success": "success", "neutral": "success", "failure": "failed"}
_ANSWERS: Final = {"success": "passed", "neutral": "passed", "failure": "failed"}

_log = logging.getLogger(__name__)


class Gate:
    """Sets verdicts on one instance.

    Args:
        kinds: What the operator asked for; nothing for no gate at all.
    """

    def __init__(self, kinds: frozenset[Kind] = frozenset()) -> None:
        self._kinds = kinds
        self._told: set[str] = set()

    async def set(self, client: Client, writer: Writer, change: Mapping[str, Any], head: str, check: Check) -> None:
        """Set the verdict on a head, once.

        Args:
            client: The project.
            writer: Writes there.
            change: The merge request.
            head: The commit that was reviewed.
            check: The verdict.
        """
        if "commit" in self._kinds:
            try:
                await _set_status(client, writer, change, head, check)
            except (Denied, Gone, Rejected) as fault:
                # The commit of a fork is in no branch of the target project, which refuses a status for it.
                if change.get("source_project_id") == change["target_project_id"]:
                    self._tell(f"commit {client.project}", f"project {client.project} takes no commit status: {fault}")
        if "external" in self._kinds:
            await self._answer(client, writer, head, check)

    async def _answer(self, client: Client, writer: Writer, head: str, check: Check) -> None:
        """Answer the external status checks that are called like us."""
        try:
            checks = await client.pages(f"{client.merge_request}/status_checks")
        except (Denied, Gone):
            # The merge request has just been read, so what is not there is the licence.
            self._tell("licence", "external status checks need GitLab Ultimate; reviews go on without them")
            return
        ours = [each for each in checks if str(each.get("name", "")).casefold() == NAME]
        if not ours:
            self._tell(f"name {client.project}", f"project {client.project} has no external status check called {NAME}")
        answer = _ANSWERS[check.conclusion]
        for each in ours:
            if each.get("status") == answer:
                continue
            said = {"sha": head, "external_status_check_id": each["id"], "status": answer}
            try:
                await writer.post(f"{client.merge_request}/status_check_responses", said)
            except (Denied, Gone, Rejected) as fault:
                self._tell("answer", f"an external status check cannot be answered: {fault}")

    def _tell(self, what: str, sentence: str) -> None:
        """Say something in the log, once in the life of the process."""
        if what not in self._told:
            self._told.add(what)
            _log.warning(sentence)


async def _set_status(client: Client, writer: Writer, change: Mapping[str, Any], head: str, check: Check) -> None:
    """Set the commit status of a head."""
    state = _STATES[check.conclusion]
    wanted = {"state": state, "name": NAME, "description": check.title[:_LONGEST], "target_url": change["web_url"]}
    if change.get("source_project_id") == change["target_project_id"]:
        wanted["ref"] = change["source_branch"]
    standing = await client.pages(f"/repository/commits/{head}/statuses", {"name": NAME})
    if not any(each["status"] == state for each in standing):
        await writer.post(f"/statuses/{head}", wanted)
