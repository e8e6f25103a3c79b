"""What package managers bring into an image: by name, and with its weight where the tables know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.facts.packages import installed_size
from rules.model.packages import OS_MANAGERS
from rules.quoting import quote

if TYPE_CHECKING:
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
_MEGA = 1_000_000
_KILO = 1_000


class Size(NamedTuple):
    """The weight of the system's packages in an image's own layers.

    Attributes:
        packages: Their names.
        bytes: What they add with all they depend on; `None` when unknown.
        lower_bound: Whether recommended packages come along that are not all counted.
    """

    packages: frozenset[str]
    bytes: int | None
    lower_bound: bool


def installed(stage: Stage) -> dict[str, list[tuple[str, str]]]:
    """Return the packages at the end of a stage: by kind, each name with how it is shown."""
    found: dict[str, list[tuple[str, str]]] = {"Packages": []}
    for item in stage.packages.present:
        kind = "Packages" if item.manager in OS_MANAGERS else _LANGUAGES.get(item.manager)
        if kind is None or item.package.kind == "path":
            continue
        shown = (item.name, f"{quote(item.name)}{_weight(stage, item)}")
        if shown not in found.setdefault(kind, []):
            found[kind].append(shown)
    return found


def _weight(stage: Stage, item: Installed) -> str:
    if item.manager not in OS_MANAGERS:
        return ""
    weight = _bytes(stage, [item.name], recommends=False)
    return f" ({size_text(weight)})" if weight else ""


def size_of(stage: Stage) -> Size:
    """Return what the system's packages in a stage's layers weigh, those included that a later layer removes."""
    items = [item for item in stage.packages.in_layers if item.manager in OS_MANAGERS]
    names = frozenset(item.name for item in items)
    recommends = any(item.manager == "apt" and not item.call.no_recommends for item in items)
    return Size(names, _bytes(stage, sorted(names), recommends=recommends), recommends and bool(names))


def _bytes(stage: Stage, names: list[str], *, recommends: bool) -> int | None:
    """Return their weight; the table knows it on top of Debian's slim images only."""
    if not names:
        return 0
    facts = stage.facts
    if facts is None or facts.distro is None or facts.full is not False:
        return None
    return installed_size(names, facts.distro, facts.release, recommends=recommends)


def size_text(count: int) -> str:
    """Return a number of bytes as people read it: `310 MB`, `2.4 MB`, `80 kB`."""
    if count >= 10 * _MEGA:
        return f"{count / _MEGA:.0f} MB"
    return f"{count / _MEGA:.1f} MB" if count >= _MEGA else f"{count / _KILO:.0f} kB"
