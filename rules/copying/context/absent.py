"""Files that a folder of the build context would bring, and that the repository is known not to have."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.context.made_outside import MADE_OUTSIDE, OFTEN_IGNORED, may_be_made_outside
from rules.model.puts import may_bring, within
from rules.model.steps import Copy
from rules.quoting import listed, quote
from rules.repository.contexts import folders_around

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.puts import Put
    from rules.model.stage import Stage
    from rules.model.steps import Step

_SHOWN = 3
_SETTINGS = re.compile(r"(?:\.(?:conf|config|test|spec)\.\w+|^(?:__init__|setup|conftest)\.py)$")
"""Names of files that nobody starts, and that are not meant where another file is missing."""
_COMPILED = {
    ".js": frozenset(
        ".ts .mts .cts .tsx .jsx .coffee .litcoffee .ls .res .re .elm .purs .civet .imba .cljs .fs .kt .dart".split()
    ),
    ".py": frozenset({".pyx", ".so", ".pyd", ".pyc", ".coco", ".hy"}),
}
_COMPILED |= dict.fromkeys((".mjs", ".cjs"), _COMPILED[".js"])
"""The endings of sources, or of compiled modules, beside which a file of that ending is made or not needed."""


class Absent(NamedTuple):
    """A file that is not there.

    Attributes:
        copy: What would bring it.
        path: Where it would lie in the build context.
        ignored: Whether the repository has it, and `.dockerignore` keeps it out.
        near: Up to three files of the context that may be meant: of its name elsewhere, else of its ending beside it.
    """

    copy: Copy
    path: str
    ignored: bool
    near: tuple[str, ...]

    @property
    def lack(self) -> str:
        """Say that it is not there, as the end of a sentence: "the repository has no `server.js`"."""
        if self.ignored:
            return f"`.dockerignore` keeps {quote(self.path)} out"
        return f"the repository has no {quote(self.path)}"

    @property
    def way_out(self) -> str:
        """Say what there is, and what to do."""
        if self.ignored:
            return "Let it in."
        if not self.near:
            return "Commit it."
        return f"It has {listed(map(quote, self.near), len(self.near))}: name that, or commit the other."


def absent(change: DockerfileChange, stage: Stage, target: str, by: Step | None = None) -> Absent | None:
    """Return a file of the image that nothing but a folder of the build context can bring, and that is not in there.

    Args:
        change: The change under review.
        stage: The stage.
        target: Absolute.
        by: The step that reads it, and may make it; `None` for the end of the stage.

    Returns:
        `None` where it is there, where something else may make it, and where the build context, or what is in it, is
        not known.
    """
    files, context = change.repository.context_files(change.path), change.repository.context_of(change.path)
    put = _folder_put(stage, target, by)
    if files is None or context is None or put is None or not isinstance(put.step, Copy):
        return None
    root = posixpath.normpath(put.source.lstrip("/") or ".")
    inner = posixpath.normpath(posixpath.join(root, posixpath.relpath(target, put.path)))
    if any(within(f"/{name}", f"/{inner}") for name in files) or not _is_written(inner, files):
        return None
    if begins_elsewhere(change, files, inner) or may_be_made_outside(change, inner):
        return None
    return Absent(
        put.step, inner, change.repository.exists(posixpath.join(context, inner)) is True, _near(inner, files)
    )


def _folder_put(stage: Stage, target: str, by: Step | None) -> Put | None:
    """Return the one COPY of a folder of the build context that covers a path, where nothing else does."""
    puts = [
        put for put in stage.files.covering(target) if may_bring(put, target) and (by is None or put.step.at <= by.at)
    ]
    if len(puts) != 1 or puts[0].kind != "context" or not puts[0].tree or puts[0].path == target:
        return None
    return None if any(mark in puts[0].source for mark in "*?[$") else puts[0]


def begins_elsewhere(change: DockerfileChange, files: tuple[str, ...], *inner: str) -> bool:
    """Tell whether the build may begin in a folder further down, which has what is looked for in the context's root.

    It may where that folder has all else that the Dockerfile names by its path too, or where what is thought to be the
    context has nothing of that.

    Args:
        change: The change under review.
        files: Those of what is thought to be the build context.
        inner: What is looked for; the folder has all of it.
    """
    bases = [name[: -len(inner[0])] for name in files if name.endswith(f"/{inner[0]}")]
    if not bases:
        return False
    sources = (
        source for stage in change.stages for copy in stage.copies if copy.from_context for source in copy.sources
    )
    named = [source.path.strip("/") for source in sources if source.path is not None and not source.is_root]
    known = _with_folders(files)
    if not any(path in known for path in named if path):
        return any(all(f"{base}{one}" in known for one in inner) for base in bases)
    return any(all(f"{base}{one}" in known for one in (*inner, *named)) for base in bases)


def _with_folders(files: tuple[str, ...]) -> frozenset[str]:
    return frozenset(files) | {folder for name in files for folder in folders_around(name)}


def _is_written(path: str, files: tuple[str, ...]) -> bool:
    """Whether it is a file that somebody would write and commit: beside others, and no other language's output."""
    if MADE_OUTSIDE.search(path) or path.endswith(OFTEN_IGNORED):
        return False
    folder, ending = posixpath.dirname(path), posixpath.splitext(path)[1]
    first = posixpath.basename(path).removesuffix(ending) + "."
    names = (posixpath.basename(name) for name in files)  # in any folder: `outDir` may lead anywhere
    twins = (name for name in names if ending in _COMPILED and name.startswith(first))
    there = not folder or any(name.startswith(f"{folder}/") for name in files)  # a link has nothing below it
    return there and not any(posixpath.splitext(name)[1] in _COMPILED[ending] for name in twins)


def _near(path: str, files: tuple[str, ...]) -> tuple[str, ...]:
    name, ending = posixpath.basename(path).lower(), posixpath.splitext(path)[1]
    same = [one for one in files if posixpath.basename(one).lower() == name]
    folder = posixpath.dirname(path)
    named = (one for one in files if ending and one.endswith(ending) and not _SETTINGS.search(posixpath.basename(one)))
    beside = [one for one in named if posixpath.dirname(one) == folder]
    found = same or beside
    return tuple(found) if len(found) <= _SHOWN else ()
