"""The Dockerfiles that an editor builds to work in (containers.dev, "devcontainer.json reference")."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.repository.contexts import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SETTINGS = "devcontainer.json"
_COMMENT = re.compile(r"^[ \t]*//.*", re.MULTILINE)
_DOCKERFILE = re.compile(r'"docker[Ff]ile"[ \t]*:[ \t]*"([^"$]+)"')
"""`build.dockerfile`, or `dockerFile` as it was called first: relative to the settings' own folder."""
_TARGET = re.compile(r'"target"[ \t]*:[ \t]*"')


def built_by_editors(files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the Dockerfiles that settings of an editor's container name; not those of which they want one stage."""
    for path, data in files.items():
        if posixpath.basename(path) == SETTINGS:
            text = _COMMENT.sub("", data.decode("utf-8", "replace"))
            named = _DOCKERFILE.search(text)
            dockerfile = joined(posixpath.dirname(path), named[1]) if named and not _TARGET.search(text) else None
            if dockerfile is not None:
                yield dockerfile
