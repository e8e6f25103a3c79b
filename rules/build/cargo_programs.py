"""What the `Cargo.toml` beside a source says of it: the programs that it becomes, and a library in the package."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.packages.developers.parts import read_toml, table
from rules.packages.projects.texts import text_in_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.model.steps import Run

_MAIN = "src/main.rs"
_MANY = re.compile(r"[*?\[$]|^(?:release|debug)?$")
"""What stands for several programs behind the last slash: a pattern, or Cargo's whole folder."""


def names_a_library(change: DockerfileChange, run: Run, source: str) -> bool:
    """Tell whether the manifest of a source's package, as a RUN sees it, names a library."""
    return "lib" in _manifest(change, run, source)


def is_shipped(change: DockerfileChange, stage: Stage, run: Run, source: str) -> bool | None:
    """Tell whether a program that a source becomes is taken out of a stage.

    A package's `src/main.rs` becomes the program of the package's name, unless a `[[bin]]` with that path has another
    (The Cargo Book, "Cargo Targets").

    Returns:
        `None` where the manifest was not read, the source is no `src/main.rs`, or programs are not taken by name.
    """
    manifest = _manifest(change, run, source)
    own = table(manifest, "package").get("name")
    taken = set(_taken(stage))
    if not isinstance(own, str) or not source.endswith(f"/{_MAIN}") or not taken or any(map(_MANY.search, taken)):
        return None
    programs = manifest.get("bin")
    named = (one for one in programs if isinstance(one, dict)) if isinstance(programs, list) else ()
    names = {own, *(one.get("name") for one in named if one.get("path") == _MAIN)}
    return not names.isdisjoint(taken)


def _manifest(change: DockerfileChange, run: Run, source: str) -> Mapping[str, object]:
    """Return the manifest of the package that a source below `src` belongs to; an empty one where it was not read."""
    folder = posixpath.dirname(posixpath.dirname(source))
    return read_toml(text_in_image(change, run, posixpath.join(folder, "Cargo.toml")) or "")


def _taken(stage: Stage) -> Iterator[str]:
    """Yield the names of the programs that other stages copy out of Cargo's output in a stage."""
    for other in stage.model.stages:
        for copy in other.all_copies if stage not in other.chain else ():
            if copy.from_stage is not None and stage in copy.from_stage.chain:
                for source in copy.sources:
                    folder, name = posixpath.split(copy.source_path(source) or "")
                    if "/target/" in f"{folder}/":
                        yield name
