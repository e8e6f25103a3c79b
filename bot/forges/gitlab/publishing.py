"""A review plan is written: one batch of draft notes, edits of earlier discussions, the summary, the verdict.

Every text carries a mark. What stands already is listed first, so that a second attempt after a lost answer writes
only what is missing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bot.forges.base import Gone, Published
from bot.forges.gitlab.collapsed import unfolded
from bot.forges.gitlab.conversation import discussions, marks
from bot.forges.gitlab.diffs import changed_files, current
from bot.forges.gitlab.positions import Positions
from bot.forges.gitlab.posting import Posting
from bot.forges.gitlab.revising import revise, write_summary
from bot.forges.together import at_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.forges.base import ReviewPlan
    from bot.forges.gitlab.accounts import Own
    from bot.forges.gitlab.client import Client, Writer
    from bot.forges.gitlab.diffs import Version
    from bot.forges.gitlab.gate import Gate
    from bot.forges.gitlab.objects import Objects


async def publish(
    client: Client, objects: Objects, writer: Writer, plan: ReviewPlan, own: Own, gate: Gate
) -> Published:
    """Write a plan; see `bot.forges.base.Forge.publish`.

    Args:
        client: The project.
        objects: Reads its files.
        writer: Writes there.
        plan: What to write.
        own: Our accounts.
        gate: Where the verdict is set besides the notes.
    """
    async with at_once() as group:
        asked = group.create_task(current(client, asyncio.sleep))
        files = group.create_task(changed_files(client))
        said = group.create_task(discussions(client))
    (change, version), everything = asked.result(), said.result()
    _refuse_stale(change, version, plan)
    shown = await unfolded(client, objects, version, files.result(), plan.comments)
    posting = Posting(client, writer, Positions(version, shown), own)
    await posting.drop_leftovers()
    await posting.post(plan, marks(everything, own))
    for revision in plan.revisions:
        await revise(client, writer, revision, everything, own)
    if plan.summary is not None:
        await write_summary(client, writer, plan.summary, everything, own)
    await gate.set(client, writer, change, plan.head, plan.check)
    return Published(posting.posted, posting.found, tuple(posting.refused), writer.writes)


def _refuse_stale(change: Mapping[str, Any], version: Version, plan: ReviewPlan) -> None:
    """Raise when a plan is not about what stands there now."""
    if version.head != plan.head:
        raise Gone(f"the merge request has moved on from {plan.head[:12]} to {version.head[:12]}")
    if change["state"] != "opened":
        raise Gone("the merge request is no longer open")
