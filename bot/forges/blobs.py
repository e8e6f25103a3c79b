"""Files as git keeps them: which of them are read, and whether a text is the one that its object id names."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final

from bot.forges.reading import Unread

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE, EXECUTABLE, LINK, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000
"""The modes that git gives to what is in a tree, folders left out."""
LARGEST: Final = 512 * 1024
"""Bytes of a file that is still reviewed."""

LINK_REASON: Final = "a symbolic link"
SUBMODULE_REASON: Final = "a submodule"
_LARGE_REASON: Final = "larger than 512 KiB"


def unreadable(mode: int, size: int = 0) -> str:
    """Return why a path is not read; empty for a plain file of a fair size.

    Args:
        mode: Git's.
        size: Bytes, 0 where they are not known yet.
    """
    if mode == LINK:
        return LINK_REASON
    if mode == SUBMODULE:
        return SUBMODULE_REASON
    return _LARGE_REASON if size > LARGEST else ""


def decoded(path: str, answer: Mapping[str, Any], oid: str) -> bytes | Unread:
    """Return the content of a file, or why it is not reviewed: what is reviewed must be what will be built.

    Args:
        path: The file.
        answer: A forge's, with `size`, and `content` in Base64.
        oid: The object id that the content must have.
    """
    if answer["size"] > LARGEST:
        return Unread(path, _LARGE_REASON)
    text = base64.b64decode(answer["content"])
    if blob_id(text, len(oid)) != oid:
        return Unread(path, "its content does not match its object id")
    return Unread(path, "binary") if b"\0" in text else text


def blob_id(content: bytes, digits: int = 40) -> str:
    """Return the object id that git gives to a file's content, by SHA-256 where ids have as many digits as that.

    >>> blob_id(b"")
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    whole = b"blob %d\0" % len(content) + content
    if digits == hashlib.sha256().digest_size * 2:
        return hashlib.sha256(whole).hexdigest()
    return hashlib.sha1(whole, usedforsecurity=False).hexdigest()
