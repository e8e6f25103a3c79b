"""What comments say of packages that serve builds only: that the image itself needs them."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from rules.comments import comments_on
from rules.lazily import once

if TYPE_CHECKING:
    from rules.model.packages import Installed
    from rules.model.steps import Run
    from rules.packages.build_tools.packages import BuildPackages

_NEEDED = re.compile(
    r"\b(?:needed|required|necessary|used)\s+(?:by|for|to\s+run)\b(?!.*\b(?:build|compil|install|mak)\w*)",
    re.IGNORECASE,
)


def is_said_needed(found: BuildPackages) -> bool:
    """Tell whether a comment on the RUN says that something needs them, where nothing in the build does."""
    return _NEEDED.search(comments_on(found.run)) is not None


_OF_BUILDING = re.compile(
    r"\b(?:build|compil|header|toolchain|make\b|install(?:s|ing)?\b|apt|apk|yum|dnf|update|lists?\b|cache|clean|tools?\b|"
    r"packages?\b|dependenc\w+\b(?!\s+for)|hadolint|syntax|shellcheck|check=|dl\d|todo|system)",
    re.IGNORECASE,
)
"""What comments within a list say that give no purpose but building: headings, and words to other tools."""
_AT_RUN_TIME = re.compile(r"\brun[- ]?time\b(?!.*\bbuild)", re.IGNORECASE)


def without_purpose(found: BuildPackages) -> tuple[str, ...]:
    """Return the packages above which no comment within the RUN says what they are there for.

    What such a comment means is not known. Who gives a purpose that is not the build has chosen; a heading speaks of
    all packages below it.
    """
    return tuple(item.name for item in found.items if not _has_purpose(found, item))


def _has_purpose(found: BuildPackages, item: Installed) -> bool:
    begin, comments = found.run.instruction.line, _comments_within(found.run)
    at = bisect_left(comments, item.package.word.span.line - begin, key=lambda comment: comment[0]) - 1
    said = comments[at][1] if at >= 0 else ""
    return bool(_AT_RUN_TIME.search(said)) or (bool(said) and not _OF_BUILDING.search(said))


_COMMENT = re.compile(r"[ \t]*#(?!!)(.*)")


@once
def _comments_within(run: Run) -> list[tuple[int, str]]:
    """The comments within a RUN and its here-documents: the last line of each, counted from the RUN's, and its text."""
    instruction = run.instruction
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(instruction.source.cut(instruction.span).split("\n")):
        comment = _COMMENT.match(line)
        if comment is None:
            continue
        above = found.pop()[1] if found and found[-1][0] == number - 1 else []
        above.append(comment[1])
        found.append((number, above))
    return [(number, " ".join(lines)) for number, lines in found]


_WANTED = re.compile(
    r"\b(?:image|stage|container)s?\b[^.]*\b(?:needs?|requires?|must\s+have)\b[^.]*"
    r"\b(?:build[- ]?tools?|build[- ]essential|compilers?|toolchain|headers?|gcc|g\+\+|make)(?![\w-])",
    re.IGNORECASE,
)


_WANTED_AT_RUN_TIME = re.compile(
    r"\b(?:needed|require[ds]?|necessary|needs?|use[ds]?|compiles?)\b[^.\n]*\bat\s+run[- ]?time\b(?!.*\bbuild)",
    re.IGNORECASE,
)


def is_said_wanted(found: BuildPackages) -> bool:
    """Tell whether a comment on the RUN says that the image needs tools to build with: its author has weighed it."""
    said = comments_on(found.run)
    return _WANTED.search(said) is not None or _WANTED_AT_RUN_TIME.search(said) is not None
