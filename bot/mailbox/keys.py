"""Turns jobs into rows and rows into jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from bot.jobs import Command, ForgeName, Job, PullRequestKey

if TYPE_CHECKING:
    from sqlalchemy import Row


def tenant_of(job: Job) -> str:
    """Return the name that work is shared out by: an installation of one forge instance."""
    return f"{job.key.forge}:{job.key.instance}:{job.installation}"


def key_of(row: Row[Any]) -> PullRequestKey:
    """Return the pull request of a row of `mailbox` or `reviews`."""
    return PullRequestKey(cast("ForgeName", row.forge), row.instance, row.repository, row.number)


def job_of(row: Row[Any]) -> Job:
    """Return the newest job of a row of `mailbox`."""
    return Job(
        key=key_of(row),
        installation=row.installation,
        head=row.head,
        base=row.base,
        repository_id=row.repository_id,
        hop=row.hop,
    )


def command_of(row: Row[Any]) -> Command:
    """Return the command of a row of `commands`."""
    return Command(
        name=row.name,
        comment_id=row.comment_id,
        author=row.author,
        author_id=row.author_id,
        thread_id=row.thread_id,
        reason=row.reason,
    )
