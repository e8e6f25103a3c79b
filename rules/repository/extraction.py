"""Images that a script builds to copy files out of them: nobody starts or pulls one."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.repository.builds import builds_by_command

if TYPE_CHECKING:
    from collections.abc import Mapping

_IS_SCRIPT = re.compile(r"(?:\.sh|\.bash|\.mk|(?:^|/)(?:GNU)?[Mm]akefile|(?:^|/)[Jj]ustfile)$")
_COPIES_OUT = re.compile(r"\b(?:docker|podman)[ \t]+(?:container[ \t]+)?cp[ \t][^\n]*:")
_PUBLISHES = re.compile(r"\b(?:docker|podman)[ \t]+(?:image[ \t]+)?(?:push|save)\b|--push\b")


def taken_apart(files: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Return the Dockerfiles whose images scripts build and copy files out of, each with those scripts.

    A script may go anywhere before it builds: its paths are of its own folder, or of the root. One that publishes what
    it builds says nothing.
    """
    found: dict[str, set[str]] = {}
    for path in filter(_IS_SCRIPT.search, files):
        text = files[path].decode("utf-8", "replace")
        if _COPIES_OUT.search(text) is None or _PUBLISHES.search(text) is not None:
            continue
        for place in dict.fromkeys((path, posixpath.basename(path))):
            for build in builds_by_command(place, text):
                if build.dockerfile in files:
                    found.setdefault(build.dockerfile, set()).add(path)
    return found
