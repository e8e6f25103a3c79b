"""Comments that give the reason why a stage starts from an image that others would find too large."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.comments import is_on_purpose
from rules.facts.names import path_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model.stage import Stage

_TOLD = re.compile(
    r"\b(?:devel|sdk|jdk|compilers?|nvcc|javac|toolchain)\b[^.]*\b(?:need(?:ed|s)?|require[ds]?|necessary|wanted)\b|"
    r"\b(?:needs?|requires?|must\s+(?:have|use)|instead\s+of\s+(?:the\s+)?(?:runtime|jre|slim))\b[^.]*"
    r"\b(?:devel|sdk|jdk|compilers?|nvcc|javac|toolchain)\b",
    re.IGNORECASE,
)
"""What an author says who has weighed the smaller image."""
_REASON = r"\b(?:in\s+order\s+to|because|so\s+that|to\s+get|due\s+to|needed\s+(?:for|by)|as\s+it\s+(?:has|brings))\b"
"""How a reason is begun, in the sentence that names the image."""


def is_explained(stage: Stage) -> bool:
    """Tell whether a comment at the file's head, or above the stage, says why it starts from its image."""
    above = " ".join(comment.text for comment in stage.from_.comments)
    if _TOLD.search(above) or is_on_purpose(above):
        return True
    if stage.reference is None:
        return False
    name = re.escape(path_name(stage.reference).rpartition("/")[2])
    reason = re.compile(rf"\b{name}\b[^.]*{_REASON}", re.IGNORECASE)
    return reason.search(" ".join(said_above(stage))) is not None


def said_above(stage: Stage) -> Iterator[str]:
    """Yield the comments above the first stage, and those between the one before and this one."""
    stages = stage.model.stages
    first = stages[0].from_.span.start
    behind = max((one.span.end for other in stages[: stage.index] for one in other.instructions), default=0)
    for comment in stage.model.dockerfile.comments:
        start = comment.span.start
        if start < first or behind <= start < stage.from_.span.start:
            yield comment.text
