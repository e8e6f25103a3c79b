"""Files of a repository at a commit: trees and blobs, each text checked against its object id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bot.forges.base import Gone, Tree, Unread
from bot.forges.blobs import LINK_REASON, SUBMODULE_REASON, decoded, unreadable
from bot.forges.github.client import path_in_url
from bot.forges.github.wire import Recent
from bot.forges.together import at_once, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.forges.github.client import Client

_TREES_KEPT = 16
_BLOBS_KEPT = 512


class Entry(NamedTuple):
    """One path of a tree.

    Attributes:
        mode: Git's mode.
        oid: Object id.
        size: Bytes of a blob, else 0.
    """

    mode: int
    oid: str
    size: int


class Listing(NamedTuple):
    """A commit's tree.

    Attributes:
        entries: By path; folders are left out.
        whole: Whether nothing was cut off; only then may a file's absence be concluded.
    """

    entries: Mapping[str, Entry]
    whole: bool


class Objects:
    """Reads trees and files, and remembers some: an object's content never changes."""

    def __init__(self) -> None:
        self._listings: Recent[Listing] = Recent(_TREES_KEPT)
        self._blobs: Recent[bytes] = Recent(_BLOBS_KEPT)
        self._by_path: Recent[bytes | Unread | None] = Recent(_BLOBS_KEPT)
        self._merge_bases: Recent[str] = Recent(_BLOBS_KEPT)

    async def listing(self, client: Client, commit: str) -> Listing:
        """Return every path at a commit.

        Raises:
            Gone: There is no such commit.
        """
        key = f"{client.repository}@{commit}"
        if key not in self._listings:
            answer = await client.get(f"/git/trees/{commit}", {"recursive": "1"})
            entries = {
                item["path"]: Entry(int(item["mode"], 8), item["sha"], item.get("size", 0))
                for item in answer["tree"]
                if item["type"] != "tree"
            }
            self._listings[key] = Listing(entries, not answer["truncated"])
        return self._listings[key]

    async def merge_base(self, client: Client, tip: str, head: str) -> str:
        """Return the merge base of two commits.

        Raises:
            Gone: One of them is not there, or they have nothing in common.
        """
        key = f"{client.repository}@{tip}...{head}"
        if key not in self._merge_bases:
            # A page of one commit keeps the answer small; the merge base stands on every page.
            answer = await client.get(f"/compare/{tip}...{head}", {"per_page": 1})
            self._merge_bases[key] = answer["merge_base_commit"]["sha"]
        return self._merge_bases[key]

    async def read(self, client: Client, commit: str, paths: Iterable[str]) -> Tree:
        """Read whole files at once, blobs by their id where the commit's listing is known.

        Where it is not, it is asked for in the same round: by path, GitHub answers for a link inside the repository
        with the content of its target, and nothing in that answer says so.
        """
        wanted = sorted(set(paths))
        listing = self._listings.get(f"{client.repository}@{commit}")
        asked = together(self._file(client, commit, path, listing) for path in wanted)
        if listing is None and wanted:
            async with at_once() as group:
                reading, listed = group.create_task(asked), group.create_task(self._listed(client, commit))
            found = [_seen(path, text, listed.result()) for path, text in zip(wanted, reading.result(), strict=True)]
        else:
            found = await asked
        texts = {path: text for path, text in zip(wanted, found, strict=True) if isinstance(text, bytes)}
        return Tree(texts, tuple(file for file in found if isinstance(file, Unread)))

    async def _listed(self, client: Client, commit: str) -> Listing | None:
        """Return a commit's listing, `None` when there is no such commit."""
        try:
            return await self.listing(client, commit)
        except Gone:
            return None

    async def _file(self, client: Client, commit: str, path: str, listing: Listing | None) -> bytes | Unread | None:
        """Return a file's bytes, why it is not read, or `None` when it is not there."""
        entry = listing.entries.get(path) if listing else None
        if entry is None:
            absent = listing is not None and listing.whole
            return None if absent else await self._at(client, commit, path)
        if reason := unreadable(entry.mode, entry.size):
            return Unread(path, reason)
        key = f"{client.repository}@{entry.oid}"
        if key not in self._blobs:
            answer = await client.get(f"/git/blobs/{entry.oid}")
            text = decoded(path, answer, entry.oid)
            if isinstance(text, Unread):
                return text
            self._blobs[key] = text
        return self._blobs[key]

    async def _at(self, client: Client, commit: str, path: str) -> bytes | Unread | None:
        """Read by path; a link may have been followed."""
        key = f"{client.repository}@{commit}:{path}"
        if key not in self._by_path:
            try:
                answer = await client.get(f"/contents/{path_in_url(path)}", {"ref": commit})
            except Gone:
                self._by_path[key] = None
            else:
                self._by_path[key] = _content(path, answer)
        return self._by_path[key]


def _seen(path: str, text: bytes | Unread | None, listing: Listing | None) -> bytes | Unread | None:
    """Take back what was read through a link, now that the listing says what the path is."""
    entry = listing.entries.get(path) if listing else None
    reason = unreadable(entry.mode, entry.size) if entry and isinstance(text, bytes) else ""
    return Unread(path, reason) if reason else text


def _content(path: str, answer: Any) -> bytes | Unread | None:
    """Return what the contents answer holds; `None` for a folder, which it lists."""
    match answer:
        case {"type": "symlink"}:
            return Unread(path, LINK_REASON)
        case {"type": "submodule"}:
            return Unread(path, SUBMODULE_REASON)
        case {"type": "file", "sha": oid}:
            return decoded(path, answer, oid)
        case _:
            return None
