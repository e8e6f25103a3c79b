"""Whether the comment above a FROM, or above the argument in it, says that its tag, or its size, is meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules import comments
from rules.model.scope import names_read

if TYPE_CHECKING:
    from rules.api import Stage

_FULL = re.compile(
    r"\b(?:full|slim|compilers?|gcc|toolchain|headers|build[- ](?:tools|deps|essential)|"
    r"native (?:modules?|extensions?))\b",
    re.IGNORECASE,
)


def is_meant_to_move(stage: Stage) -> bool:
    """Tell whether the author says so above the FROM, or above the ARG that names the tag: `# Track the latest 1.x`."""
    said = _said(stage)
    return comments.is_meant_to_move(said) or comments.is_on_purpose(said)


def is_meant_to_be_full(stage: Stage) -> bool:
    """Tell whether the author says above the FROM why it is the larger image: `# slim has no headers for GDAL`."""
    said = _said(stage)
    return _FULL.search(said) is not None or comments.is_on_purpose(said)


def _said(stage: Stage) -> str:
    """Return what the comments say above a FROM, and above the arguments in it."""
    read = set(names_read(stage.base_word.text)) if stage.base_word is not None else set()
    arguments = (one for one in stage.model.global_args if not read.isdisjoint(word.text for word, _ in one.pairs))
    found = (comment for one in (stage.from_, *arguments) for comment in one.comments)
    said = " ".join(comment.text.lstrip("# ") for comment in found)
    return " ".join(said.split())
