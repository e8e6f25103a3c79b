"""A comment that was meant to choose the escape character, and stands where no directive is read any more.

Dockerfile reference ("Parser directives"): once a comment, an empty line or an instruction has been read, whatever
looks like a directive is a comment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.api import Model, Span

_ESCAPE = re.compile(r"#[ \t]*escape[ \t]*=[ \t]*`[ \t]*\Z", re.IGNORECASE)


def why_not_continued(model: Model, span: Span) -> str | None:
    """Say that the line above a fault was to go on here, as the file means it; `None` where it is not that."""
    late, first = _late_escape(model), model.dockerfile.source.line_at(span.start)
    above = model.dockerfile.source.line(first - 1) if first > 1 else ""
    if late is None or not above.rstrip().endswith("`"):
        return None
    return (
        f"{quote(model.dockerfile.source.cut(span))} is not a Dockerfile instruction, and line {first - 1} does not go "
        f"on here: its backtick is no escape character. {quote('# escape=`')} in line {late} is a comment, since a "
        "comment or an empty line stands above it. Put it into the first line."
    )


@once
def _late_escape(model: Model) -> int | None:
    """Return the line of a comment in front of the first instruction that would be a directive further up."""
    if any(one.name == "escape" for one in model.dockerfile.directives):
        return None
    first = next((one.line for one in model.dockerfile.instructions), 0)
    lines = (number for number in range(2, first) if _ESCAPE.match(model.dockerfile.source.line(number).strip()))
    return next(lines, None)
