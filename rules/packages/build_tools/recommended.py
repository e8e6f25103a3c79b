"""Packages of a build that an image has a second time over: another of its packages recommends or needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.facts.packages import depends_on, only_recommended
from rules.packages.build_tools.packages import is_for_builds
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.package_calls import PackageCall
    from rules.packages.build_tools.packages import BuildPackages


class Recommender(NamedTuple):
    """A package that brings others of a build by recommendation.

    Attributes:
        name: The package.
        call: The install of it, without `--no-install-recommends`.
        brought: Those of the build that come along.
    """

    name: str
    call: PackageCall
    brought: tuple[str, ...]


def without_needed(found: BuildPackages) -> BuildPackages:
    """Leave out what another package of the image depends on, which no build alone needs: it stays in any case."""
    release = found.stage.runtime.release
    others = [name for name, _ in _others(found)]
    needed = {one for one in found.names if any(depends_on(name, one, release) for name in others)}
    return found.only([name for name in found.names if name not in needed]) if needed else found


def recommender(found: BuildPackages) -> Recommender | None:
    """Return the first package whose install brings some of them along, whether they are named or not."""
    for name, call in _others(found):
        brought = only_recommended(name) if not call.no_recommends else frozenset()
        common = tuple(one for one in found.names if one in brought)
        if common:
            return Recommender(name, call, common)
    return None


def recommended_too(found: BuildPackages) -> str:
    """Say that they come with another package as well, as long as that is installed with what it recommends."""
    other = recommender(found)
    if other is None:
        return ""
    stay = "they stay" if len(other.brought) > 1 else "it stays"
    return (
        f" {quote(other.name)} (line {other.call.command.line}) brings {listed(list(map(quote, other.brought)))} as "
        f"well: install that with `--no-install-recommends`, or {stay}."
    )


def _others(found: BuildPackages) -> Iterator[tuple[str, PackageCall]]:
    """Yield the packages of apt's that are there at the end and serve more than a build, with their installs."""
    if not any(item.manager == "apt" for item in found.items):
        return
    for item in found.stage.packages.present:
        if item.manager == "apt" and item.name not in found.names and not is_for_builds(found.stage, item):
            yield item.name, item.call
