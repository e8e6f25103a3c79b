"""The diff of a merge request as GitLab lists it; what it collapses or cuts is never taken for empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bot.forges.base import ChangedFile, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bot.forges.base import FileStatus
    from bot.forges.gitlab.client import Client

ATTEMPTS = 5
"""Times that we ask for a diff that is being made, a second apart; after that the job waits its turn again."""


class Version(NamedTuple):
    """One version of a merge request's diff: all commits of a position come from the same one.

    Attributes:
        base: The merge base.
        start: The target branch's tip when the version was made.
        head: The source branch's tip.
        cut: Whether GitLab keeps only a part of the diff.
    """

    base: str
    start: str
    head: str
    cut: bool = False

    @property
    def refs(self) -> dict[str, str]:
        """The commits as a position names them."""
        return {"base_sha": self.base, "start_sha": self.start, "head_sha": self.head}


async def current(client: Client, wait: Callable[[float], Awaitable[None]]) -> tuple[dict[str, Any], Version]:
    """Return the merge request and the newest version of its diff, once GitLab has made it.

    Raises:
        Gone: There is no such merge request.
        Unavailable: GitLab is still at it.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            await wait(1.0)
        change = await client.get(client.merge_request)
        if not change.get("diff_refs"):
            continue
        versions = await client.pages(f"{client.merge_request}/versions", {"per_page": 1}, most=1)
        if versions and versions[0]["head_commit_sha"] == change["diff_refs"]["head_sha"]:
            return change, _version(versions[0])
    raise Unavailable("GitLab is still preparing the diff of the merge request")


def _version(item: Mapping[str, Any]) -> Version:
    return Version(
        item["base_commit_sha"], item["start_commit_sha"], item["head_commit_sha"], item.get("state") == "overflow"
    )


async def changed_files(client: Client) -> tuple[ChangedFile, ...]:
    """List the files of the newest version."""
    items: Sequence[Mapping[str, Any]] = await client.pages(f"{client.merge_request}/diffs")
    return tuple(map(_changed, items))


def _changed(item: Mapping[str, Any]) -> ChangedFile:
    patch = item.get("diff") or ""
    return ChangedFile(
        path=item["new_path"],
        status=_status(item),
        previous_path=item["old_path"] if item["old_path"] != item["new_path"] else None,
        patch=patch if patch.startswith("@@") else None,
    )


def _status(item: Mapping[str, Any]) -> FileStatus:
    if item["new_file"]:
        return "added"
    if item["deleted_file"]:
        return "removed"
    return "renamed" if item["renamed_file"] else "modified"
