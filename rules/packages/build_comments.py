"""What comments say of packages that serve builds only: that the image itself needs them."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from rules.comments import comments_on

if TYPE_CHECKING:
    from rules.packages.build_packages import BuildPackages

_NEEDED = re.compile(
    r"\b(?:needed|required|necessary|used)\s+(?:by|for|to\s+run)\b(?!.*\b(?:build|compil|install|mak)\w*)",
    re.IGNORECASE,
)


def is_said_needed(found: BuildPackages) -> bool:
    """Tell whether a comment on the RUN says that something needs them, where nothing in the build does."""
    return _NEEDED.search(comments_on(found.run)) is not None


_AT_RUN_TIME = re.compile(r"\brun[- ]?time\b(?!.*\bbuild)", re.IGNORECASE)


def is_said_to_run(found: BuildPackages) -> bool:
    """Tell whether the comment above the packages, within the list, says that they are there for run time."""
    word, begin = found.items[0].package.word, found.run.instruction.line
    comments = found.run.stage.model.dockerfile.comments
    at = bisect_left(comments, word.span.line, key=lambda comment: comment.span.line) - 1
    return at >= 0 and comments[at].span.line > begin and _AT_RUN_TIME.search(comments[at].text) is not None


_WANTED = re.compile(
    r"\b(?:image|stage|container)s?\b[^.]*\b(?:needs?|requires?|must\s+have)\b[^.]*"
    r"\b(?:build[- ]?tools?|build[- ]essential|compilers?|toolchain|headers?|gcc|g\+\+|make)(?![\w-])",
    re.IGNORECASE,
)


def is_said_wanted(found: BuildPackages) -> bool:
    """Tell whether a comment on the RUN says that the image needs tools to build with: its author has weighed it."""
    return _WANTED.search(comments_on(found.run)) is not None
