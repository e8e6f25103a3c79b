"""Reads folders into what a review takes: path to bytes, and the listing of every path with its mode."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.cli.faults import UsageFault
from bot.forges.blobs import EXECUTABLE, FILE, LINK, SUBMODULE, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_LISTING: Final = 200_000
"""Paths; beyond it the absence of a file is not concluded."""
NOT_SOURCE: Final = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__", ".tox", ".mypy_cache"})
"""Folders that hold no sources of the repository they lie in."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as read.

    Attributes:
        files: Path below the folder (with forward slashes) to bytes.
        listing: Every path to its git mode, `None` when there are too many.
        unread: Files that were wanted and are not reviewed, each with the reason.
    """

    files: Mapping[str, bytes]
    listing: Mapping[str, int] | None
    unread: Mapping[str, str] = field(default_factory=dict)


def root_of(path: Path) -> Path:
    """Return the root of the repository a path is in: the nearest folder with a `.git`.

    Without one it is the folder that the command was called in, if the path lies below it and it is not a home or the
    whole file system: an unpacked archive is its own root, whose files `COPY api ./` of `docker/Dockerfile` names.
    Else it is the path's own folder.

    Raises:
        UsageFault: There is nothing at that path.
    """
    if not path.exists():
        raise UsageFault(f"{path}: there is no such file or folder. Name a Dockerfile or a folder that holds some.")
    real = path.resolve()  # who names a link means the file
    folder = real if real.is_dir() else real.parent
    around = (folder, *folder.parents)
    marked = next((each for each in around if (each / ".git").exists()), None)
    if marked is not None:
        return marked
    here = Path.cwd()
    return here if here in around and not _holds_many_projects(here) else folder


def _holds_many_projects(folder: Path) -> bool:
    return folder in (Path("/"), Path.home(), Path(tempfile.gettempdir()))


def listed(root: Path) -> dict[str, int]:
    """Return every path below a folder with its git mode; an empty folder counts as a submodule that is not fetched.

    Raises:
        UsageFault: `root` is not a folder, or one in it may not be read.
    """
    if not root.is_dir():
        raise UsageFault(f"{root}: this is not a folder. Name the folder that holds the whole tree.")
    return dict(_walk(root, ""))


def read(root: Path, listing: Mapping[str, int], wanted: Iterable[str]) -> Folder:
    """Read files of a folder; symbolic links are named and never followed.

    Args:
        root: The folder.
        listing: Every path in it with its mode.
        wanted: The paths to read.

    Raises:
        UsageFault: A file may not be read.
    """
    files: dict[str, bytes] = {}
    unread: dict[str, str] = {}
    for path in sorted(set(wanted)):
        if reason := unreadable(listing[path], (root / path).lstat().st_size):
            unread[path] = reason
        else:
            files[path] = _bytes(root / path)
    return Folder(files, listing if len(listing) <= MAX_LISTING else None, unread)


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except PermissionError:
        raise UsageFault(f"{folder}: this folder may not be read. Change its permissions or name another.") from None
    if not entries and prefix:
        yield prefix.rstrip("/"), SUBMODULE
    for entry in entries:
        path = f"{prefix}{entry.name}"
        if entry.is_symlink():
            yield path, LINK
        elif entry.is_dir():
            if entry.name not in NOT_SOURCE:
                yield from _walk(Path(entry.path), f"{path}/")
        elif entry.is_file():
            yield path, EXECUTABLE if entry.stat().st_mode & 0o100 else FILE


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except PermissionError:
        raise UsageFault(f"{path}: this file may not be read. Change its permissions or leave it out.") from None
