"""Nothing that we write is a quick action: GitLab runs `/approve` at the start of a line, in many code blocks too."""

from __future__ import annotations

import re

_SLASH = re.compile(r"^/", re.MULTILINE)


def harmless(body: str) -> str:
    r"""Return a note's body without anything that GitLab would run.

    The review writes no line that begins with a slash; this is the last look before the text leaves. Carriage returns
    go first, as GitLab takes them away before it looks. No block is trusted to protect its text, since a fence of
    another length before it changes what GitLab takes for a block.

    >>> harmless("Fine.\n\r/approve")
    'Fine.\n /approve'
    """
    return _SLASH.sub(" /", body.replace("\r", ""))
