"""Facts about the world, embedded: base images, end-of-life dates, packages. See README.md for their sources."""

from __future__ import annotations

import io
import json
import zipfile
from functools import lru_cache
from importlib import resources
from typing import Any


@lru_cache(maxsize=8)
def _table(name: str) -> zipfile.ZipFile:
    content = resources.files(__name__).joinpath(f"{name}.zip").read_bytes()
    return zipfile.ZipFile(io.BytesIO(content))


@lru_cache(maxsize=64)
def load(table: str, part: str) -> Any:
    """Read one part of a table, once.

    The result is shared: whoever asks must not change it.

    Args:
        table: `images`, `eol`, `debian`, `recommends` or `alpine`.
        part: A member of the table, such as `python` or `meta`.

    Returns:
        The decoded JSON, or `None` where the table has no such part.
    """
    try:
        content = _table(table).read(f"{part}.json")
    except KeyError:
        return None
    return json.loads(content)


def parts(table: str) -> tuple[str, ...]:
    """Return the names of a table's parts, sorted."""
    return tuple(name.removesuffix(".json") for name in _table(table).namelist())
