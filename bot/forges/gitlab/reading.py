"""What one review reads of a merge request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.forges.base import Context, Gone, PullRequest, Rejected
from bot.forges.gitlab.conversation import conversation, discussions
from bot.forges.gitlab.diffs import changed_files, current
from bot.forges.together import at_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.forges.base import ChangedFile
    from bot.forges.gitlab.accounts import Own
    from bot.forges.gitlab.client import Client
    from bot.forges.gitlab.diffs import Version
    from bot.forges.gitlab.objects import Listing, Objects
    from bot.jobs import Job


async def context(
    client: Client, objects: Objects, job: Job, own: Own, wait: Callable[[float], Awaitable[None]]
) -> Context:
    """Read all that does not depend on file names.

    Everything is read in the target project: it holds the commits of forks too, which we may not be allowed to see.

    Args:
        client: The project.
        objects: Reads its files.
        job: Its head is a hint.
        own: Our accounts.
        wait: Sleeps, while GitLab makes the diff.

    Raises:
        Gone: There is no such merge request.
    """
    async with at_once() as group:
        change_asked = group.create_task(current(client, wait))
        said_asked = group.create_task(discussions(client))
        hinted = group.create_task(_hinted(client, objects, job.head))
    change, version = change_asked.result()
    async with at_once() as group:
        files = group.create_task(changed_files(client))
        tip = group.create_task(_tip(client, change, version))
        right = version.head == job.head and hinted.result() is not None
        listing = None if right else group.create_task(objects.listing(client, version.head))
    tree = listing.result() if listing else hinted.result()
    assert tree is not None
    if not tree.whole:
        there = (file.path for file in files.result() if file.status != "removed")
        tree = await objects.nearby(client, version.head, there)
    return Context(
        pull_request=_pull_request(job, change, version, files.result(), tip.result()),
        conversation=conversation(said_asked.result(), own, version.head),
        listing=tree.modes if tree.whole else None,
        nearby=None if tree.whole else tree.modes,
    )


async def _hinted(client: Client, objects: Objects, head: str) -> Listing | None:
    """Read the tree that a hint names; `None` without one, and when it leads nowhere (a push may have removed it)."""
    if not head:
        return None
    try:
        return await objects.listing(client, head)
    except (Gone, Rejected):
        return None


async def _tip(client: Client, change: Mapping[str, Any], version: Version) -> str:
    """Return the target branch's tip: the policy of now applies, not that of when the version was made."""
    try:
        # The list of commits takes a branch's name as a parameter, where slashes do no harm.
        commits = await client.pages(
            "/repository/commits", {"ref_name": change["target_branch"], "per_page": 1}, most=1
        )
    except Gone:
        return version.start
    return str(commits[0]["id"]) if commits else version.start


def _pull_request(
    job: Job, change: Mapping[str, Any], version: Version, files: tuple[ChangedFile, ...], tip: str
) -> PullRequest:
    page, _, _ = change["web_url"].partition("/-/")
    return PullRequest(
        key=job.key,
        head=version.head,
        base=version.base,
        base_tip=tip,
        open=change["state"] == "opened",
        author_id=(change.get("author") or {}).get("id", 0),
        repository_id=change["target_project_id"],
        blob_url=f"{page}/-/blob/",
        files=files,
        base_branch=change["target_branch"],
        cut=version.cut or str(change.get("changes_count") or "").endswith("+"),
    )
