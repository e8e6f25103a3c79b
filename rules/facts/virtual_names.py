"""Names of Debian's that no package has and another one provides."""

from __future__ import annotations

from functools import lru_cache

from rules.data import load


@lru_cache(maxsize=1024)
def in_archive(name: str) -> str:
    """Return the package that provides a name in every release of the table: `git` for `git-core`; else the name."""
    providers = {load("debian", f"{suite}/virtual").get(name) for suite in load("debian", "meta")["releases"]}
    provider = providers.pop()
    return provider if provider is not None and not providers else name
