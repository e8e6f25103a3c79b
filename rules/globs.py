"""Match paths against the globs of a policy."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_TABLE = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_CLASS = re.compile(r"\[\^?(?:a-z|A-Z|0-9|[\w.])+\]", re.ASCII)
"""Characters of which one may stand there, or may not; what else brackets may hold is taken literally."""


def _one_of(part: str) -> str | None:
    """Translate brackets, `None` for what is no class of characters."""
    return f"(?:{part}|{re.escape(part)})" if _CLASS.fullmatch(part) else None


@lru_cache(maxsize=512)
def _pattern(glob: str) -> re.Pattern[str]:
    """Translate a glob: `**` crosses folders, `*` and `?` do not; a glob without a slash matches in any folder.

    Brackets hold the characters that may stand there (Go's `filepath.Match`, which COPY goes by), and are also taken as
    they are written: `app/[slug]/page.tsx` is a file's name.
    """
    anchored = glob.lstrip("/") if "/" in glob else f"**/{glob}"
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]/]+\])", anchored.rstrip("/"))
    body = "".join(_TABLE.get(part) or _one_of(part) or re.escape(part) for part in parts)
    return re.compile(f"{body}/.*" if glob.endswith("/") else body)


def matches(path: str, globs: Iterable[str]) -> bool:
    """Tell whether a path matches one of the globs."""
    return any(_pattern(glob).fullmatch(path) for glob in globs)
