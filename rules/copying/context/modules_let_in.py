"""What keeps the `node_modules` of whoever builds out of the context, or lets it in over those of an install."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final, NamedTuple

from rules.copying.context.ignore_file import IgnoreFile, has_surely_none, ignore_file, lies_beside
from rules.facts.installers import NODE_MANAGERS
from rules.lazily import once
from rules.model.puts import within
from rules.packages.versions.tools import has_modern_yarn

if TYPE_CHECKING:
    from rules.api import Copy, DockerfileChange, Run, Stage
    from rules.copying.installs.calls import Install

MODULES: Final = "node_modules"
"""The folder into which Node's managers install."""


class LetIn(NamedTuple):
    """A `node_modules` that the context brings where it lies there.

    Attributes:
        path: In the context.
        ignore: The ignore file, which says nothing against it; `None` where there is surely none.
    """

    path: str
    ignore: IgnoreFile | None

    @property
    def pattern(self) -> str:
        """The line that keeps it out."""
        return f"**/{MODULES}" if "/" in self.path else MODULES


def is_known(change: DockerfileChange) -> bool:
    """Tell whether the file that keeps things out of the context was read, or there is surely none."""
    ignore = ignore_file(change)
    return lies_beside(change, ignore) if ignore is not None else has_surely_none(change)


def let_in(change: DockerfileChange, path: str) -> LetIn | None:
    """Return a `node_modules` of the context if it is known that nothing keeps it out."""
    ignore = ignore_file(change)
    if not is_known(change) or (ignore is not None and ignore.patterns.excludes(path)):
        return None
    return LetIn(path, ignore)


def fills_modules(install: Install) -> bool:
    """Tell whether an install puts packages into the project's own `node_modules`."""
    call = install.call
    return call.manager in NODE_MANAGERS and not call.has("--global", "-g") and not has_modern_yarn(install.run, call)


def brought_over(copy: Copy, install: Install) -> str | None:
    """Return the path of the `node_modules` in the context that a COPY would put where an install has its own."""
    for source in copy.sources:
        path, target = copy.source_path(source), copy.target_of(source)
        if path is None or target is None or install.folder is None or source.has_wildcard:
            continue
        if within(install.folder, target):
            return posixpath.normpath(posixpath.join(path, posixpath.relpath(install.folder, target), MODULES))
    return None


@once
def last_maker(stage: Stage) -> tuple[int, int]:
    """Return where the last RUN stands that may install anew, or delete what was installed."""
    return max((run.at for run in stage.runs if _makes_anew(run)), default=(-1, -1))


def _makes_anew(run: Run) -> bool:
    script = run.instruction.whole_value
    named = MODULES in script or any(word in script.split() for word in ("install", "ci", "i", "add", "rebuild"))
    return named or any(call.manager in NODE_MANAGERS and call.action == "install" for call in run.package_calls)
