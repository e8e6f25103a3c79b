"""What an install of apt's brings that nobody named: what its packages need, and what they recommend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.packages import depends_on, only_recommended

if TYPE_CHECKING:
    from rules.api import PackageCall
    from rules.facts.distributions import Release


def brings_along(install: PackageCall, package: str, wanted: str, release: Release | None) -> bool | None:
    """Tell whether a package comes with another one of apt's, as that is installed: it needs or recommends it.

    Args:
        install: The call, which may leave out what is only recommended.
        package: One of its packages, with or without a version.
        wanted: The name of what may come along.
        release: Of the system, where it is known.

    Returns:
        `None` for a package that the tables do not list.
    """
    recommended = not install.no_recommends and wanted in only_recommended(package)
    return recommended or depends_on(package, wanted, release)
