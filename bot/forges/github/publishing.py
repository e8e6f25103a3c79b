"""A review plan is written: one review, comments on whole files, edits of earlier threads, the verdict.

Every text carries a mark. What stands already is listed first, so that a second attempt after a lost answer writes
only what is missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.forges.base import Published
from bot.forges.github.checks import LONGEST_SUMMARY, complete_check, standing_run
from bot.forges.github.conversation import said
from bot.forges.github.posting import Posting, demand_head
from bot.forges.github.revising import revise, write_summary
from bot.forges.together import at_once
from bot.review.manner import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.forges.base import Check, Comment, ReviewPlan
    from bot.forges.github.client import Client
    from bot.forges.github.writing import Writer
    from bot.jobs import Job

_ROOM = 100
"""Characters kept free for the sentence that counts what is left out."""


async def publish(client: Client, writer: Writer, job: Job, plan: ReviewPlan, login: str) -> Published:
    """Write a plan; see `bot.forges.base.Forge.publish`."""
    number = job.key.number
    async with at_once() as group:
        pull = group.create_task(client.get(f"/pulls/{number}"))
        everything = group.create_task(said(client, number))
        run = group.create_task(standing_run(client, plan.head, str(job.key), login))
    demand_head(pull.result(), plan.head)
    own = everything.result().by(login)
    posting = Posting(client, writer, number, plan, own)
    await posting.drop_pending()
    refused = await posting.review()
    homeless = await posting.on_files(refused)
    for revision in plan.revisions:
        await revise(writer, number, plan.head, revision, own)
    if plan.summary is not None:
        await write_summary(writer, number, plan.summary, own)
    await complete_check(writer, job, plan.head, _naming(homeless, plan.check), run.result())
    return Published(posting.posted, posting.found, (*refused, *posting.refused_on_files), writer.writes)


def _naming(homeless: Sequence[Comment], check: Check) -> Check:
    """Say in the check what could be said nowhere else, as far as there is room for whole texts."""
    if not homeless:
        return check
    text, left_out = f"{check.summary}\n\n### Refused by GitHub as comments", 0
    for comment in homeless:
        longer = f"{text}\n\n{comment.body}"
        if len(longer) <= LONGEST_SUMMARY - _ROOM:
            text = longer
        else:
            left_out += 1
    rest = f"\n\n{counted(left_out, 'more text')} found no room here." if left_out else ""
    return replace(check, summary=text + rest)
