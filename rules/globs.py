"""Match paths against the globs of a policy."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@lru_cache(maxsize=512)
def _pattern(glob: str) -> re.Pattern[str]:
    """Translate a glob: `**` crosses folders, `*` and `?` do not; a glob without a slash matches in any folder."""
    anchored = glob.lstrip("/") if "/" in glob else f"**/{glob}"
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", anchored.rstrip("/"))
    table = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(table.get(part, re.escape(part)) for part in parts)
    return re.compile(f"{body}/.*" if glob.endswith("/") else body)


def matches(path: str, globs: Iterable[str]) -> bool:
    """Tell whether a path matches one of the globs."""
    return any(_pattern(glob).fullmatch(path) for glob in globs)
