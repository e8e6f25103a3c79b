"""Packages of headers whose libraries would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.packages.build_packages import compiles_after

if TYPE_CHECKING:
    from rules.packages.build_packages import BuildPackages


def is_headers_only(found: BuildPackages) -> bool:
    """Tell whether all of them are headers of known libraries, and nothing in the stage compiles with them."""
    if any(item.removed_by is not None or found.runtime_of(item) is None for item in found.items):
        return False
    return not compiles_after(found.stage, found.run)
