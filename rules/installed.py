"""What package managers bring into an image: by name, and with its weight where the tables know it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from rules.facts.distributions import title_of
from rules.facts.packages import installed_size, releases
from rules.model.packages import OS_MANAGERS
from rules.packages.indexes.sources import adds_source_before
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model.packages import Installed
    from rules.model.stage import Stage

_LANGUAGES = {
    "pip": "Python packages",
    "uv": "Python packages",
    "pipx": "Python packages",
    "npm": "Node packages",
    "pnpm": "Node packages",
    "yarn": "Node packages",
    "gem": "Ruby packages",
}
KINDS = frozenset({"Packages", *_LANGUAGES.values()})
"""What `installed` calls them."""
_ECHOED = re.compile(r"\becho\s+([^()|;&<>]+)")
"""What a command substitution in a list of packages gives: `$([ "$ARCH" = amd64 ] && echo gcc-multilib)`."""
_MEGA = 1_000_000
_KILO = 1_000


class Size(NamedTuple):
    """The weight of the system's packages in an image's own layers.

    Attributes:
        packages: Their names.
        bytes: What they add with all they depend on; `None` when unknown.
        bound: `least` where recommended packages come along that are not all counted; `most` where the base image may
            hold a part of them already; empty for an estimate.
        why: Why it is unknown, as a phrase; empty when it is known.
    """

    packages: frozenset[str]
    bytes: int | None
    bound: Literal["", "least", "most"] = ""
    why: str = ""


def installed(stage: Stage) -> dict[str, list[tuple[str, str]]]:
    """Return the packages at the end of a stage: by kind, each name with how it is shown."""
    found: dict[str, list[tuple[str, str]]] = {"Packages": []}
    for item in stage.packages.present:
        kind = "Packages" if item.manager in OS_MANAGERS else _LANGUAGES.get(item.manager)
        if kind is None or item.package.kind == "path":
            continue
        for name, shown in _names(stage, item):
            if (name, shown) not in found.setdefault(kind, []):
                found[kind].append((name, shown))
    return found


def _names(stage: Stage, item: Installed) -> Iterator[tuple[str, str]]:
    """Yield what an item of a list is called, and how it is shown; of a command substitution what it may print."""
    if not any(mark in item.name for mark in ("$(", "`")):
        yield item.name, f"{quote(item.name)}{_weight(stage, item)}"
        return
    for words in _ECHOED.findall(item.name):
        yield from ((name, quote(name)) for name in words.split() if "$" not in name)


def _weight(stage: Stage, item: Installed) -> str:
    """Return a package's weight in brackets, only where the base image surely holds nothing of it."""
    facts = stage.facts
    if item.manager not in OS_MANAGERS or facts is None or facts.full is not False or _may_be_another(stage, item):
        return ""
    weight = installed_size([item.name], facts.distro or "", facts.release)
    return f" ({size_text(weight)})" if weight else ""


def size_of(stage: Stage) -> Size:
    """Return what the system's packages in a stage's layers weigh, those included that a later layer removes."""
    items = [item for item in stage.packages.in_layers if item.manager in OS_MANAGERS]
    names = frozenset(item.name for item in items)
    if not names:
        return Size(names, 0)
    if why := _unsized(stage, sorted(names)):
        return Size(names, None, why=why)
    if any(_may_be_another(stage, item) for item in items):
        return Size(names, None, why="packages may come from a source that is added")
    facts = stage.facts
    assert facts is not None, "without facts it is unsized"
    recommends = any(item.manager == "apt" and not item.call.no_recommends for item in items)
    lean = facts.full is False
    if recommends and not lean:
        return Size(names, None, why="some of the recommended packages are in the base image")
    weight = installed_size(sorted(names), facts.distro or "", facts.release, recommends=recommends)
    return Size(names, weight, "least" if recommends else "" if lean else "most")


def _may_be_another(stage: Stage, item: Installed) -> bool:
    """Whether another source may serve a package under the distribution's name for its own."""
    return adds_source_before(stage, item.run, item.call)


def _unsized(stage: Stage, names: list[str]) -> str:
    """Return why nothing can be said of the weight of packages: the tables know Debian's own ones only."""
    facts = stage.facts
    if facts is None or facts.distro is None:
        return "what its base image holds is not known"
    if facts.distro != "debian":
        return f"no sizes of {title_of(facts.distro)}'s packages are at hand"
    if facts.release is None or facts.release.name not in releases():
        return "no sizes for this release of Debian are at hand"
    strange = [name for name in names if installed_size([name], facts.distro, facts.release) is None]
    more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
    return f"no size of {quote(strange[0])}{more} is at hand" if strange else ""


def size_text(count: int) -> str:
    """Return a number of bytes as people read it: `310 MB`, `2.4 MB`, `80 kB`."""
    if count >= 10 * _MEGA:
        return f"{count / _MEGA:.0f} MB"
    return f"{count / _MEGA:.1f} MB" if count >= _MEGA else f"{count / _KILO:.0f} kB"
