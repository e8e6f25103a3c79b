"""Private keys of the repository that a COPY brings along with the folder that it names."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.secrets.named.files import is_called_key, is_encrypted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.model.steps import Copy
    from rules.repository import Repository

_FOR_SECRETS = re.compile(r"(?:.*[-_.])?(?:secrets?|private(?:[-_]keys?)?)", re.IGNORECASE)
"""Folders in which a file that is called a key is one."""
_PRIVATE = re.compile(r"-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH) )?PRIVATE KEY-----(?!\s*Proc-Type: 4,ENCRYPTED)")
"""A key that no password guards (RFC 7468, RFC 1421)."""
_MOST = 500
"""Files of a folder that are looked at."""


class FolderKey(NamedTuple):
    """A private key in a folder.

    Attributes:
        path: In the build context.
        read: Whether its text was read; else it goes by its name and its folder's.
    """

    path: str
    read: bool


def key_in_folder(change: DockerfileChange, copy: Copy, folder: str) -> FolderKey | None:
    """Return a private key that a COPY brings with a folder of the build context, which is not all of that."""
    folder = posixpath.normpath(folder.strip("/"))
    if folder in ("", ".") or any(mark in folder for mark in "*?["):
        return None
    place = change.repository.in_context(change.path, folder)
    if place is None:
        return None
    ignore = change.repository.dockerignore(change.path)
    named = _FOR_SECRETS.fullmatch(posixpath.basename(folder)) is not None
    for path in _below(change, place):
        text = change.repository.text(path) if is_called_key(path) else ""
        if (text is None and named) or (text and _PRIVATE.search(text) and not is_encrypted(text)):
            inner = posixpath.join(folder, posixpath.relpath(path, place))
            if not is_excluded(copy, inner) and (ignore is None or not ignore.excludes(inner)):
                return FolderKey(inner, text is not None)
    return None


def is_excluded(copy: Copy, path: str) -> bool:
    """Tell whether one of a COPY's `--exclude` may mean a path, by any of its parts."""
    patterns = [flag.value or "" for flag in copy.instruction.flags if flag.name == "exclude"]
    ends = [pattern.rstrip("/").rpartition("/")[2] for pattern in patterns]
    return any("$" in end or any(fnmatchcase(part, end) for part in path.split("/")) for end in ends)


def _below(change: DockerfileChange, folder: str) -> Iterator[str]:
    """Yield files below a folder of the repository: of the listing, or those that were read where there is none."""
    names, prefix = _sorted(change.repository), f"{folder}/"
    at = bisect_left(names, prefix)
    yield from takewhile(lambda name: name.startswith(prefix), names[at : at + _MOST])


@once
def _sorted(repository: Repository) -> tuple[str, ...]:
    return tuple(sorted(repository.files if repository.listing is None else repository.listing))
