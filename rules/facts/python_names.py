"""Names of Python's packages."""

from __future__ import annotations

import re

_BETWEEN = re.compile(r"[-_.]+")


def index_name(name: str) -> str:
    """Return the name of a package as the index normalises it: `open_webui` is `open-webui` (PEP 503)."""
    return _BETWEEN.sub("-", name).lower()
