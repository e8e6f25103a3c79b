"""Patches of files whose diff GitLab collapses: made here, from both texts, so that every line has its exact place.

A range names its lines by codes that hold the old and the new number, and of an added line the old one is known from
the diff alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.forges.together import at_once
from bot.review.diffing import diff

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.forges.base import ChangedFile, Comment, Tree
    from bot.forges.gitlab.client import Client
    from bot.forges.gitlab.diffs import Version
    from bot.forges.gitlab.objects import Objects


async def unfolded(
    client: Client, objects: Objects, version: Version, files: Sequence[ChangedFile], comments: Iterable[Comment]
) -> tuple[ChangedFile, ...]:
    """Return the files, with patches for those that GitLab shows none of and that are commented on.

    A file that cannot be read, or is too large to be compared, stays as it is.

    Args:
        client: The project.
        objects: Reads its files.
        version: Whose commits are compared.
        files: As GitLab lists them.
        comments: Those of a plan.
    """
    wanted = {comment.path for comment in comments if comment.line is not None}
    hidden = [file for file in files if file.patch is None and file.path in wanted and file.status != "removed"]
    if not hidden:
        return tuple(files)
    old = [file.old_path for file in hidden if file.status != "added"]
    async with at_once() as group:
        before = group.create_task(objects.read(client, version.base, old))
        after = group.create_task(objects.read(client, version.head, [file.path for file in hidden]))
    patches = {file.path: _patch(file, before.result(), after.result()) for file in hidden}
    return tuple(replace(file, patch=patches[file.path]) if patches.get(file.path) else file for file in files)


def _patch(file: ChangedFile, before: Tree, after: Tree) -> str:
    """Return the hunks of a file, empty when they cannot be told."""
    new = after.files.get(file.path)
    old = b"" if file.status == "added" else before.files.get(file.old_path)
    if new is None or old is None:
        return ""
    return diff(old.decode("utf-8", "replace"), new.decode("utf-8", "replace"))
