"""Builders of which every requirement is known, and what of it is linked with a library of the system."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.copying.installs.calls import installs_in
from rules.facts.installers import PYTHON_MANAGERS
from rules.packages.build_tools.packages import builds_sources
from rules.packages.libraries.loaded import linkers_of, links
from rules.packages.projects.texts import text_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_ELSEWHERE = re.compile(r"^[ \t]*+(?:-|[./]|\S+://|git\+|[^#\n]*@)", re.MULTILINE)
"""A line that names another list, a folder or an address, of which it is not known what it asks for."""

_SQLITE = frozenset({"sqlite-libs", "libsqlite3-0"})


def links_nothing(change: DockerfileChange, builder: Stage, library: str) -> bool:
    """Tell whether all that pip installs in a builder is named in lists that were read, and none links a library.

    Nor does Go link SQLite's: its driver holds the sources, but for a build with `-tags libsqlite3` (mattn/go-sqlite3,
    "Features").

    `False` also where it is not known which packages link it, and where the builder compiles anything by itself.
    """
    if library in _SQLITE and _compiles_go(builder):
        return True
    names = linkers_of(library)
    if not names or builds_sources(builder):
        return False
    texts = list(_required(change, builder))
    return bool(texts) and all(
        text is not None and not _ELSEWHERE.search(text) and not any(links(text, name) for name in names)
        for text in texts
    )


def _compiles_go(builder: Stage) -> bool:
    """Whether Go compiles in a stage, with the SQLite that its driver holds."""
    runs = [run.instruction.whole_value for run in builder.done_runs if run.calls("go")]
    return bool(runs) and not any("libsqlite3" in text for text in runs)


def _required(change: DockerfileChange, builder: Stage) -> Iterator[str | None]:
    """Yield what the installs of a builder ask for, as the lines of a list; `None` for what is not known."""
    for run in builder.done_runs:
        read = {id(install.call): install.manifests for install in installs_in(run)}
        for call in run.package_calls:
            if call.manager not in PYTHON_MANAGERS or call.action not in ("install", "sync", "build", "download"):
                continue
            if call.packages and not call.manifests:
                named = all(package.kind == "name" for package in call.packages)
                yield "\n".join(package.word.value for package in call.packages) if named else None
            else:
                paths = read.get(id(call), ())
                yield from (text_read(change, run, path) for path in paths) if len(paths) else (None,)
