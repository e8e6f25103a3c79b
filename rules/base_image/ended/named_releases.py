"""Dockerfiles that are named for a release: `packaging/debian-10/Dockerfile`, `tests/py36/Dockerfile`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.api import EndOfLife

_SHORT = {
    "Python": "python|py|cpython",
    "Node.js": "node|nodejs",
    "Go": "golang|go",
    "CentOS": "centos|el",
    "Red Hat Enterprise Linux": "rhel|ubi|el",
    "Alpine Linux": "alpine",
    "Amazon Linux": "amazonlinux|amazon-linux|amzn|al",
    "Rocky Linux": "rockylinux|rocky|el",
    "AlmaLinux": "almalinux|alma|el",
}
"""How paths call a product that they do not call by its name."""


def are_named(path: str, ended: Iterable[EndOfLife]) -> bool:
    """Tell whether a Dockerfile's path names each release line: it is there for those, however old they are.

    Args:
        path: In the repository.
        ended: The release lines, of which a registry still has the tags.
    """
    return all(not end.withdrawn and _is_named(path, end) for end in ended)


def _is_named(path: str, end: EndOfLife) -> bool:
    text, numbers = path.lower(), [re.escape(part) for part in end.cycle.lower().split(".")]
    product = _SHORT.get(end.product) or re.escape(end.product.lower().replace(" ", ""))
    line = "[._-]?".join(numbers)
    if end.product == "Ubuntu":
        line += f"|{numbers[0]}"  # `ubuntu18` is 18.04: nobody means the release of October
    if re.search(rf"(?<![a-z])(?:{product})[/._-]?(?:{line})(?![0-9])", text):
        return True
    return end.part.isalpha() and re.search(rf"(?<![a-z]){re.escape(end.part.lower())}(?![a-z])", text) is not None
