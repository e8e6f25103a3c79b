"""Packages of headers whose libraries would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.packages.build_tools.comments import without_purpose
from rules.packages.build_tools.packages import compiles_upon

if TYPE_CHECKING:
    from rules.packages.build_tools.packages import BuildPackages


def is_headers_only(found: BuildPackages) -> bool:
    """Tell whether all of them are headers of known libraries, and nothing in the file compiles with them.

    Every stage is asked that has the RUN in its chain: a builder upon the stage that ships compiles with them too.
    Nor does a comment within the RUN give one of them a purpose.
    """
    if any(item.removed_by is not None or found.runtime_of(item) is None for item in found.items):
        return False
    return len(without_purpose(found)) == len(found.items) and not compiles_upon(found)
