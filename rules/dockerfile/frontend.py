"""Which of Docker's frontends a file asks for, and so which instructions and flags it may use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.numbers import number_of

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Dockerfile

_DOCKERS = re.compile(
    r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?:(?:(?P<newest>1|latest|labs|1-labs|master)|1\.(?P<minor>\d{1,3})[\w.-]*)"
    r"(?:@\S+)?"
)


def knows_release(dockerfile: Dockerfile, minor: int) -> bool | None:
    """Tell whether the frontend that `# syntax=` names has what release 1.`minor` brought.

    Returns:
        `None` where the file names none, or one that is not Docker's: then the builder's own decides.
    """
    for directive in dockerfile.directives:
        found = _DOCKERS.fullmatch(directive.value.strip()) if directive.name == "syntax" else None
        if found is not None:
            return found["newest"] is not None or number_of(found["minor"]) >= minor
    return None
