"""Build `recommends.zip`: Debian packages that bring no recommended ones, and what others bring only so.

python -m rules.data.build.recommends names.txt Packages.bullseye Packages.bookworm Packages.trixie

`names.txt` holds the names to look up, one a line; those of `debian.zip` are looked up too. The others are a release's
index of `main`, amd64, each named after its release.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.data import load
from rules.data.build.pack import arguments, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATE = "2026-11-21"
RELEASES = {"bullseye": "11.11 (2025-08-09)", "bookworm": "12.15 (2026-07-11)", "trixie": "13.7 (2026-09-12)"}
_SOUGHT = frozenset(
    "build-essential bzip2 ca-certificates curl dirmngr dpkg-dev fakeroot file fontconfig g++ gcc ghostscript git "
    "gnupg gpg gpg-agent iproute2 iptables iputils-ping less lsb-release make net-tools nftables nodejs "
    "openssh-client patch pkg-config pkgconf procps python3 python3-dev rsync sudo unzip wget xauth "
    "xz-utils zip".split()
)
"""Packages with programs that builds call without naming them."""
_SLIM_HAS_BESIDE = ("apt", "debian-archive-keyring")
"""What debootstrap's `minbase` adds to the essential and required packages: a slim image, where none is listed."""
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")

Clauses = tuple[tuple[str, ...], ...]


class Index:
    """One release's packages, what each needs and recommends, and who provides which virtual name."""

    def __init__(self, path: Path) -> None:
        self.needs: dict[str, Clauses] = {}
        self.recommends: dict[str, Clauses] = {}
        self.providers: dict[str, set[str]] = {}
        base = set(_SLIM_HAS_BESIDE)
        listed = load("debian", path.suffix.removeprefix("."))
        for package in _packages(path):
            self.needs[package.name] = package.needs
            self.recommends[package.name] = package.recommends
            for provided in package.provides:
                self.providers.setdefault(provided, set()).add(package.name)
            if package.is_base:
                base.add(package.name)
        self.slim: set[str] = set()
        self.slim = set(listed["slim_installed"]) if listed else self.closure(base & self.needs.keys())

    def brought_by(self, clause: tuple[str, ...], present: set[str]) -> set[str]:
        """Return what a clause of alternatives adds: nothing where one is there or none is in the archive.

        Of a virtual name's providers apt takes one; here all of them count, which errs on the side of more.
        """
        candidates = [{name} if name in self.needs else self.providers.get(name, set()) for name in clause]
        if any(names & present for names in candidates):
            return set()
        return next((names for names in candidates if names), set())

    def closure(self, names: set[str]) -> set[str]:
        """Return packages with all that they depend on, less what a slim image has."""
        found: set[str] = set()
        pending = [*names]
        while pending:
            name = pending.pop()
            if name in found or name in self.slim:
                continue
            found.add(name)
            for clause in self.needs[name]:
                pending += self.brought_by(clause, self.slim | found | names)
        return found

    def only_recommended(self, name: str) -> set[str]:
        """Return what is sought and comes along with a package by a recommendation alone, at any depth."""
        needed = self.closure({name}) if name in self.needs else set()
        found = set(needed)
        pending = [*needed]
        while pending:
            each = pending.pop()
            clauses = self.recommends[each] if each in needed else (*self.recommends[each], *self.needs[each])
            for clause in clauses:
                there = {name for one in clause for name in (one, *self.providers.get(one, ()))}
                if there.isdisjoint(found | self.slim):
                    taken = {one for one in (self._first(clause),) if one is not None}
                    found |= taken
                    pending += taken
        return (found - needed) & _SOUGHT

    def _first(self, clause: tuple[str, ...]) -> str | None:
        """Return what apt takes of a clause of alternatives; of a virtual name's providers one that is sought."""
        real = next((name for name in clause if name in self.needs), None)
        provided = (name for each in clause for name in sorted(self.providers.get(each, ())) if name in _SOUGHT)
        return real if real is not None else next(provided, None)

    def adds_none(self, name: str) -> bool | None:
        """Tell whether installing a package brings none that is recommended only; `None` where it is not there."""
        real = {name} if name in self.needs else self.providers.get(name, set())
        if not real:
            return None
        found = self.closure(real)
        present = found | self.slim
        return not any(self.brought_by(clause, present) for each in found for clause in self.recommends[each])


class _Package(NamedTuple):
    name: str
    needs: Clauses
    recommends: Clauses
    provides: tuple[str, ...]
    is_base: bool


def _packages(path: Path) -> Iterator[_Package]:
    for paragraph in path.read_text("utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.MULTILINE))
        if "Package" in fields:
            yield _Package(
                fields["Package"],
                (*_clauses(fields.get("Pre-Depends", "")), *_clauses(fields.get("Depends", ""))),
                _clauses(fields.get("Recommends", "")),
                tuple(clause[0] for clause in _clauses(fields.get("Provides", ""))),
                fields.get("Essential") == "yes" or fields.get("Priority") == "required",
            )


def _clauses(field: str) -> Clauses:
    """Read `a (>= 1), b | c:any` into the names of each clause's alternatives."""
    clauses = (tuple(_NAME.findall(each)[0] for each in clause.split("|")) for clause in field.split(",") if clause)
    return tuple(clauses)


def _asked(path: Path) -> set[str]:
    """Return the names to look up."""
    names = set(path.read_text("utf-8").split())
    for release in load("debian", "meta")["releases"]:
        names.update(load("debian", release)["names"], load("debian", f"{release}/virtual"))
    return {name for name in names if _NAME.fullmatch(name)}


def main() -> None:
    """Read the indexes and write the table."""
    given = arguments("Build recommends.zip", "names", *RELEASES)
    names = _asked(given.names)
    known: dict[str, dict[str, bool]] = {}
    brought: dict[str, set[str]] = {}
    for release in RELEASES:
        index = Index(getattr(given, release))
        found = {name: index.adds_none(name) for name in sorted(names)}
        known[release] = {name: adds_none for name, adds_none in found.items() if adds_none is not None}
        for name in sorted(names):
            brought.setdefault(name, set()).update(index.only_recommended(name))
    everywhere = {
        name for name in names if {known[release].get(name) for release in RELEASES} in ({True}, {True, None})
    }
    parts = {
        "meta": {"generated": DATE, "releases": RELEASES, "source": "Debian archive main amd64 Packages"},
        "everywhere": sorted(everywhere),
        "brought": {name: sorted(sought) for name, sought in brought.items() if sought},
    }
    for release, rows in known.items():
        parts[release] = sorted(name for name, adds_none in rows.items() if adds_none and name not in everywhere)
    write(given.output / "recommends.zip", parts)


if __name__ == "__main__":
    main()
