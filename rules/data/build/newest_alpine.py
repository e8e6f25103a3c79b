"""Which release Alpine's own moving tags stood for when the library was read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

_LINE = re.compile(r"(\d+)\.(\d+)")


def with_newest_release(name: str, config: Json, gone: int, groups: Mapping[str, str]) -> Json:
    """Return a configuration of `alpine:3` or `alpine:latest` with the release that it is an alias of.

    The library's file of Alpine lists both with the highest of its releases (docker-library/official-images,
    library/alpine: `Tags: 3.16.2, 3.16, 3, latest`), and the raw table has no more of that than the tag itself. Of a
    tag that has left the library it is unknown.

    Args:
        name: The image.
        config: The configuration, in our shape.
        gone: The day on which its tags left the library; 0 where they are still built.
        groups: All tags of the image, by such a day and their configuration.
    """
    if name != "alpine" or gone or config.get("release") not in ("3", "latest"):
        return config
    built = " ".join(tags for key, tags in groups.items() if key.startswith("0:")).split()
    lines = [(int(found[1]), int(found[2])) for tag in built if (found := _LINE.fullmatch(tag))]
    return config | {"release": "{}.{}".format(*max(lines))}
