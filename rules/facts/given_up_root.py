"""What official images do with root when they start: an entrypoint that gives it up, a server whose workers do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_CHROOT = {"elasticsearch": re.compile(r"[67]\.")}
"""Images of which some releases call `chroot --userspec=1000` where they are started as root.

Elasticsearch's `docker-entrypoint.sh` did so to the end of 7; that of 8 goes on as root, and the server refuses that.
"""


def gives_up_root(name: str, tag: str | None, family: Mapping[str, Any]) -> bool:
    """Tell whether an image's entrypoint becomes another user before its program starts.

    Args:
        name: As in the table of images.
        tag: Its tag.
        family: What the table knows of the image, whatever its tag.
    """
    by_chroot = _BY_CHROOT.get(name)
    if by_chroot is not None and by_chroot.match(tag or ""):
        return True
    return any("gosu" in way or "setpriv" in way for way in family.get("drops_root_with", ()))


def has_unprivileged_workers(name: str, tag: str | None, family: Mapping[str, Any]) -> bool:
    """Tell whether an image's first process is root's and those that do the work are not."""
    tag = tag or ""
    workers = any("workers" in way or "children" in way for way in family.get("drops_root_with", ()))
    return workers and (name != "php" or "apache" in tag or "fpm" in tag)
