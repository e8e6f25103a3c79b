"""What one review reads of a pull request, in one round of requests where the delivery's hints hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from bot.forges.base import ChangedFile, Context, Gone, PullRequest, Rejected, Unavailable
from bot.forges.github.conversation import conversation, resolutions, said
from bot.forges.together import at_once

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from bot.forges.base import FileStatus
    from bot.forges.github.client import Client
    from bot.forges.github.objects import Listing, Objects
    from bot.jobs import Job

MOST_FILES: Final = 3000
"""Files that GitHub lists of one pull request ("List pull requests files")."""

_STATUS: Final[Mapping[str, FileStatus]] = {
    "added": "added",
    "removed": "removed",
    "renamed": "renamed",
    "copied": "copied",
}

Answer = TypeVar("Answer")


class _Base(NamedTuple):
    """The merge base of two commits."""

    tip: str
    head: str
    commit: str


async def context(client: Client, objects: Objects, job: Job, login: str) -> Context:
    """Read all that does not depend on file names.

    The delivery's head and base are hints: what depends on them is asked for in the same round, and again only when the
    pull request has moved on.

    Raises:
        Gone: There is no such pull request.
    """
    number = job.key.number
    async with at_once() as group:
        pull_asked = group.create_task(client.get(f"/pulls/{number}"))
        files_asked = group.create_task(client.pages(f"/pulls/{number}/files"))
        said_asked = group.create_task(said(client, number))
        states_asked = group.create_task(resolutions(client, number))
        base_asked = group.create_task(_hinted(_merge_base(client, objects, job.base, job.head), job.base and job.head))
        tree_asked = group.create_task(_hinted(objects.listing(client, job.head), job.head))
    pull = pull_asked.result()
    base, listing = await _as_it_stands(client, objects, pull, (base_asked.result(), tree_asked.result()), job.head)
    return Context(
        pull_request=_pull_request(job, pull, base, _files(files_asked.result())),
        conversation=conversation(said_asked.result(), states_asked.result(), login),
        listing={path: entry.mode for path, entry in listing.entries.items()} if listing.whole else None,
    )


async def _as_it_stands(
    client: Client,
    objects: Objects,
    pull: Mapping[str, Any],
    hinted: tuple[_Base | None, Listing | None],
    hinted_head: str,
) -> tuple[_Base, Listing]:
    """Return merge base and tree of the pull request as it is now, asking again for what the hints got wrong."""
    base, listing = hinted
    tip, head = pull["base"]["sha"], pull["head"]["sha"]
    right_base = base if base and (base.tip, base.head) == (tip, head) else None
    right_tree = listing if head == hinted_head else None
    try:
        async with at_once() as group:
            base_asked = None if right_base else group.create_task(_merge_base(client, objects, tip, head))
            tree_asked = None if right_tree else group.create_task(objects.listing(client, head))
    except Gone as missing:
        # The pull request names these commits, so they are on their way to wherever our question arrived.
        raise Unavailable(f"a commit of the pull request cannot be read yet: {missing}") from missing
    base = base_asked.result() if base_asked else right_base
    listing = tree_asked.result() if tree_asked else right_tree
    assert base is not None
    assert listing is not None
    return base, listing


async def _merge_base(client: Client, objects: Objects, tip: str, head: str) -> _Base:
    return _Base(tip, head, await objects.merge_base(client, tip, head))


async def _hinted(asked: Coroutine[Any, Any, Answer], hint: str) -> Answer | None:
    """Await what a hint leads to; `None` without a hint, and when it leads nowhere (a push may have removed it)."""
    if not hint:
        asked.close()
        return None
    try:
        return await asked
    except (Gone, Rejected):
        return None


def _files(answers: list[dict[str, Any]]) -> tuple[ChangedFile, ...]:
    return tuple(
        ChangedFile(
            path=file["filename"],
            status=_STATUS.get(file["status"], "modified"),
            previous_path=file.get("previous_filename"),
            patch=file.get("patch"),
        )
        for file in answers
    )


def _pull_request(job: Job, pull: Mapping[str, Any], base: _Base, files: tuple[ChangedFile, ...]) -> PullRequest:
    repository = pull["base"]["repo"]
    return PullRequest(
        key=job.key,
        head=base.head,
        base=base.commit,
        base_tip=base.tip,
        open=pull["state"] == "open",
        author_id=(pull["user"] or {}).get("id", 0),
        repository_id=repository["id"],
        blob_url=f"{repository['html_url']}/blob/",
        files=files,
        base_branch=pull["base"]["ref"],
        cut=pull["changed_files"] > len(files) >= MOST_FILES,
    )
