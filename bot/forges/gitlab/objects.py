"""Files of a project at a commit: the tree, and texts checked against their object ids."""

from __future__ import annotations

import base64
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.forges.base import Gone, Tree, Unread
from bot.forges.blobs import LINK, LINK_REASON, decoded, unreadable
from bot.forges.gitlab.client import path_in_url
from bot.forges.together import together
from bot.repository import folders_around, is_script_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.forges.gitlab.client import Client

MOST_PATHS: Final = 5_000
"""Paths of a tree that are listed: each hundred is a request, one after the other."""
MOST_FOLDERS: Final = 40
"""Folders that are listed, all at once, of a tree that is larger."""
MOST_IN_FOLDER: Final = 5_000
"""Entries of a folder that are listed."""
_TREES_KEPT = 16


class Listing(NamedTuple):
    """A commit's tree.

    Attributes:
        modes: Git's mode of each path; folders are left out.
        whole: Whether nothing is missing.
    """

    modes: Mapping[str, int]
    whole: bool


class Objects:
    """Reads trees and files, and remembers some trees: a commit never changes."""

    def __init__(self) -> None:
        self._listings: OrderedDict[tuple[str, str], Listing] = OrderedDict()
        self._large: set[str] = set()

    async def listing(self, client: Client, commit: str) -> Listing:
        """Return the paths at a commit; none of a project whose tree was once found too large.

        Raises:
            Gone: There is no such commit.
        """
        key = client.project, commit
        if key in self._listings:
            return self._listings[key]
        if client.project in self._large:
            return Listing({}, whole=False)
        query: dict[str, str | int | bool] = {"ref": commit, "recursive": True, "pagination": "keyset"}
        items = await client.pages("/repository/tree", query, most=MOST_PATHS)
        if len(items) < MOST_PATHS:
            return self._keep(key, Listing(_modes(items), whole=True))
        self._large.add(client.project)
        return Listing({}, whole=False)

    async def nearby(self, client: Client, commit: str, changed: Iterable[str]) -> Listing:
        """Return the paths around what a change touches: those of its folders and of the scripts' folders in them.

        Args:
            client: The project.
            commit: Where.
            changed: Paths that the change touches.
        """
        folders = folders_around(changed)[:MOST_FOLDERS]
        items = await _folders(client, commit, folders)
        below = [item["path"] for item in items if item["type"] == "tree" and is_script_folder(item["path"])]
        items += await _folders(client, commit, [path for path in below if path not in folders][:MOST_FOLDERS])
        return self._keep((client.project, commit), Listing(_modes(items), whole=False))

    def _keep(self, key: tuple[str, str], listing: Listing) -> Listing:
        self._listings[key] = listing
        if len(self._listings) > _TREES_KEPT:
            self._listings.popitem(last=False)
        return listing

    async def read(self, client: Client, commit: str, paths: Iterable[str]) -> Tree:
        """Read whole files at once; where the commit's listing is known, links and submodules are seen."""
        wanted = sorted(set(paths))
        listing = self._listings.get((client.project, commit))
        found = await together(_file(client, commit, path, listing) for path in wanted)
        texts = {path: text for path, text in zip(wanted, found, strict=True) if isinstance(text, bytes)}
        return Tree(texts, tuple(file for file in found if isinstance(file, Unread)))


async def _folders(client: Client, commit: str, folders: Iterable[str]) -> list[Mapping[str, Any]]:
    """List folders, not what is below them; one that is not there is empty."""
    found = await together(_folder(client, commit, folder) for folder in folders)
    return [item for items in found for item in items]


async def _folder(client: Client, commit: str, folder: str) -> list[Mapping[str, Any]]:
    query: dict[str, str | int | bool] = {"ref": commit, "path": folder}
    try:
        return await client.pages("/repository/tree", query, most=MOST_IN_FOLDER)
    except Gone:
        return []


def _modes(items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return git's mode of each path; folders are left out."""
    return {item["path"]: int(item["mode"], 8) for item in items if item["type"] != "tree"}


async def _file(client: Client, commit: str, path: str, listing: Listing | None) -> bytes | Unread | None:
    """Return a file's bytes, why it is not read, or `None` when it is not there."""
    mode = listing.modes.get(path) if listing else None
    if mode is None and listing and listing.whole:
        return None
    if mode is not None and (reason := unreadable(mode)):
        return Unread(path, reason)
    try:
        answer = await client.get(f"/repository/files/{path_in_url(path)}", {"ref": commit})
    except Gone:
        return None
    if mode is None and await _is_link(client, commit, path, answer):
        return Unread(path, LINK_REASON)
    return decoded(path, answer, answer["blob_id"])


async def _is_link(client: Client, commit: str, path: str, answer: Mapping[str, Any]) -> bool:
    """Tell whether a file is a link, for whose content GitLab gives the target's path and nothing that says so.

    Only a short text of one line without a line end can be one; for these the folder is asked.
    """
    text = base64.b64decode(answer["content"]) if answer["size"] < 4096 else b""  # noqa: PLR2004 - Linux's PATH_MAX
    if not text or b"\n" in text:
        return False
    entries = await _folder(client, commit, path.rpartition("/")[0])
    return _modes(entries).get(path) == LINK
