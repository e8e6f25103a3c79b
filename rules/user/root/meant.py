"""A comment that says that an image has no `USER` on purpose, or runs as root."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model.stage import Stage

_PURPOSE = r"\b(?i:deliberately|intentionally|purposely|on purpose|by design)\b"
_NO_USER = r"\b(?i:no|not|without|never|omit\w*|skip\w*|unset|drops?) (?:\w+ ){0,3}?(?:USER\b|`USER`)"
_AS_ROOT = r"\b(?i:run|runs|running|stay|stays|start|starts|kept|keep|left) (?:\w+ )?as (?:`root`|(?i:root)\b)"
_MEANT = re.compile(
    rf"{_PURPOSE}[^.;]{{0,80}}?(?:{_NO_USER}|{_AS_ROOT})|(?:{_NO_USER}|{_AS_ROOT})[^.;]{{0,80}}?"
    rf"(?:{_PURPOSE}|\b(?i:because|since|so that)\b)"
)


def is_root_on_purpose(stage: Stage) -> bool:
    """Tell whether a comment in a stage, or right above its `FROM`, says that it has no account on purpose, or why."""
    return any(_MEANT.search(said) for said in _comments(stage))


def _comments(stage: Stage) -> Iterator[str]:
    """Yield the comments of a stage, those of one instruction as one text: a sentence may go on in the next line."""
    for instruction in (stage.from_, *stage.instructions):
        if instruction.comments:
            yield " ".join(comment.text.lstrip("# \t") for comment in instruction.comments)
