"""Names of Python's packages."""

from __future__ import annotations

import re

from rules.facts.installers import PYTHON_MANAGERS

_BETWEEN = re.compile(r"[-_.]+")
_MANAGERS = PYTHON_MANAGERS | {"pipx"}
_REF = re.compile(r"@[^/@]+$")
"""What stands behind the address of a repository: a branch, a tag, a commit."""
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def index_name(name: str) -> str:
    """Return the name of a package as the index normalises it: `open_webui` is `open-webui` (PEP 503)."""
    return _BETWEEN.sub("-", name).lower()


def required_name(requirement: str) -> str | None:
    """Return the name with which a requirement begins, as it is written; `None` where it begins with none (PEP 508)."""
    found = _NAME.match(requirement)
    return found[0] if found is not None else None


def compared_name(manager: str, name: str) -> str:
    """Return the name by which two packages of a manager are told apart: Python's in the form of their index.

    A repository is the same whichever of its branches is taken, and whatever is said of it behind a `#`.
    """
    if "://" in name:
        return _REF.sub("", name.partition("#")[0])
    return index_name(name) if manager in _MANAGERS and "/" not in name else name
