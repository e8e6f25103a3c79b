"""The files that a `Cargo.toml` names as targets, without which Cargo does not read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rules.packages.developers.parts import read_toml, table

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDERS = {"bin": "src/bin", "bench": "benches", "test": "tests", "example": "examples"}
_LENIENT = (None, "2015")
"""Editions in which Cargo looks in older places as well; without one it is the first."""


class Target(NamedTuple):
    """A target that a manifest names.

    Attributes:
        heading: The table that names it: `[[bench]]`.
        name: Its name; empty for the library.
        files: Where Cargo looks for it, relative to the manifest: one of them has to be there.
    """

    heading: str
    name: str
    files: tuple[str, ...]


def targets(text: str) -> Iterator[Target]:
    """Yield the targets for which Cargo looks when it reads a manifest, whatever it is to build.

    Those with a `path` are looked for when they are compiled alone (The Cargo Book, "Cargo Targets"; tried with
    cargo 1.95: "failed to parse manifest … can't find `x` bench at `benches/x.rs`").
    """
    manifest = read_toml(text)
    package = table(manifest, "package")
    if not package or package.get("edition") in _LENIENT:
        return
    library = manifest.get("lib")
    if isinstance(library, dict) and "path" not in library:
        yield Target("[lib]", "", ("src/lib.rs",))
    for kind, folder in _FOLDERS.items():
        for name in _named(manifest.get(kind)):
            own = ("src/main.rs",) if kind == "bin" and name == package.get("name") else ()
            yield Target(f"[[{kind}]]", name, (f"{folder}/{name}.rs", f"{folder}/{name}/main.rs", *own))


def _named(entries: Any) -> Iterator[str]:
    """Yield the names of targets that have no `path`."""
    for one in entries if isinstance(entries, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str) and "path" not in one:
            yield one["name"]
