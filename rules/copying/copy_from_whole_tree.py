"""See copy_from_whole_tree.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Dockerignore,
    Fix,
    Problem,
    Put,
    Severity,
    Stage,
    folders_of,
    once,
    quote,
    replace,
    rule,
    within,
)
from rules.copying.editable_installs import Editable, editable_install
from rules.copying.runtime_paths import all_explained, runtime_paths, searched_paths
from rules.model.prunings import is_leftover
from rules.quoting import listed

_OUTPUT_FOLDERS = frozenset(
    "dist build out output release publish published standalone site _site public wheels bin install target venv "
    ".venv artifacts artifact export rootfs node_modules static assets www html pkg lib vendor _build rel deploy "
    "dependencies extracted layers".split()
)

_FROM_SOURCES = frozenset({"ruby", "php"})
_INTERPRETED = frozenset({"python", "perl"})
"""Languages whose programs run from their sources as they are."""
_CHOSEN = 2
"""Sources that are deleted by name where somebody has looked at what ships."""
_ALL = "all sources"
_NAMED = 4
"""Entries that a sentence can name."""
_RIDING = {
    "tests": ("tests", "test", "spec", "__tests__"),
    "lock files": (
        "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock", "uv.lock", "Pipfile.lock", "composer.lock",
        "Gemfile.lock", "go.sum",
    ),
}  # fmt: skip
"""What lies in most source trees, with the names that it goes by."""


@rule(
    "copy-from-whole-tree",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("COPY",),
    mentions=("--from",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A shipped stage copies a builder's whole source tree."""
    for stage in change.after.shipped:
        for part in stage.chain:
            for copy in part.copies:
                if copy.from_stage is not None and copy.from_stage.index in {s.index for s in change.after.shipped}:
                    continue
                yield from _check_copy(change, stage, copy)


def _check_copy(change: DockerfileChange, stage: Stage, copy: Copy) -> Iterator[Problem]:
    builder = copy.from_stage
    if builder is None or len(copy.sources) != 1 or copy.instruction.flag("exclude") is not None:
        return
    path = copy.source_path(copy.sources[0])
    if path is None or path == "/" or posixpath.basename(path) in _OUTPUT_FOLDERS:
        return
    filled = _filled_with_sources(builder, path)
    if filled is None or (filled.kind == "context" and _is_allow_list(change)):
        return
    if _is_pruned_by_hand(builder, path, filled):
        return
    was = change.was(stage)
    if was is not None and was.files.whole_trees and _may_need_all(change, stage, copy, builder, path):
        return  # it shipped the same tree before
    yield _problem(change, stage, copy, builder, path, filled)


def _filled_with_sources(builder: Stage, path: str) -> Put | None:
    """Return what brought the whole source tree to the folder itself; a tree below it is a part, not the whole."""
    return next(
        (put for put in reversed(builder.files.whole_trees) if put.path == path or within(put.path, path)), None
    )


def _is_pruned_by_hand(builder: Stage, path: str, filled: Put) -> bool:
    """Whether the builder deletes some of the sources by name afterwards: what is left was chosen."""
    last = sorted(_deleted(builder).get(path.rstrip("/"), {}).values())
    return len(last) >= _CHOSEN and last[-_CHOSEN] > filled.step.at


@once
def _deleted(builder: Stage) -> dict[str, dict[str, tuple[int, int]]]:
    """Where the names in each folder were deleted last, as many as matter; what tools leave there is none of them."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for deletion in reversed(builder.files.deletions):
        path = deletion.path.rstrip("/")
        if "*" in path or path.endswith("/{}"):
            continue  # a pattern, or what `find` found, is no choice of names
        for folder in folders_of(posixpath.dirname(path)) if not is_leftover(posixpath.basename(path)) else ():
            names = found.setdefault(folder.rstrip("/"), {})
            if len(names) < _CHOSEN:
                names.setdefault(path, deletion.step.at)
    return found


def _is_allow_list(change: DockerfileChange) -> bool:
    ignore: Dockerignore | None = change.repository.dockerignore(change.path)
    return ignore is not None and ignore.excludes("any-file-at-all")


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, builder: Stage, path: str, filled: Put) -> Problem:
    kept = runtime_paths(change, stage, copy, path)
    by = quote(filled.command.name) if filled.command is not None else quote(str(filled.step.instruction))
    line = filled.step.instruction.line
    editable = editable_install(change, builder)
    riding = _riding_along(change, builder, filled, (*kept, *(editable.sources if editable is not None else ())))
    searched = searched_paths(stage, copy, path)
    proven = searched <= set(kept)
    kept = tuple(sorted({*kept, *searched}))
    if _runs_from_sources(stage):
        kept = ()
    way_out = _way_out(change, builder, kept, editable)
    ship = "ship" if " and " in riding or riding == _ALL else "ships"
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies the whole {quote(path)} tree out of {builder.label}. {builder.label} filled it with "
        f"{by} (line {line}), so {riding} {ship} to production.{way_out}",
        _confidence(stage, filled),
        doubt="what the commands of that stage leave there is not known",
        stage=stage.key,
        fix=_fix(change, copy, path, kept) if proven and editable is None else None,
    )


def _runs_from_sources(stage: Stage) -> bool:
    """Whether the program is its source tree: of Ruby or PHP, with all that its framework looks for there."""
    return not _FROM_SOURCES.isdisjoint(stage.runtime.languages)


def _may_need_all(change: DockerfileChange, stage: Stage, copy: Copy, builder: Stage, path: str) -> bool:
    """Whether the program is its source tree, or is interpreted and nothing tells which part of it runs."""
    if _runs_from_sources(stage):
        return True
    languages = {*stage.runtime.languages, *builder.runtime.languages}
    if _INTERPRETED.isdisjoint(languages):
        return False
    return not runtime_paths(change, stage, copy, path) and not searched_paths(stage, copy, path)


def _confidence(stage: Stage, filled: Put) -> Confidence:
    """How sure it is that what ships is too much."""
    if _runs_from_sources(stage):
        return Confidence.POSSIBLE
    return Confidence.CERTAIN if filled.kind == "context" else Confidence.LIKELY


def _way_out(change: DockerfileChange, builder: Stage, kept: tuple[str, ...], editable: Editable | None) -> str:
    if not kept:
        return " Copy only what runs."
    parts = [quote(name) for name in kept]
    if change.repository.listing is None:
        parts.insert(0, "the program's own files")
    if not all_explained(builder):
        parts.append("what the build makes")
    named = listed(parts, None)
    if editable is not None:
        call = quote(str(editable.call.command))
        return f" Copy what runs: {named}, and the project's package, to which {call} leaves a pointer."
    return f" Copy what runs: {named}."


def _riding_along(change: DockerfileChange, builder: Stage, filled: Put, kept: tuple[str, ...]) -> str:
    """Name what rides along: from the repository's listing where it is known."""
    files = change.repository.context_files(change.path) if filled.kind == "context" else None
    if files is None:
        return _usually_there(change, builder, filled)
    roots = dict.fromkeys(name.split("/")[0] + ("/" if "/" in name else "") for name in files)
    kept_names = {posixpath.basename(name) for name in kept}
    extra = [name for name in roots if name.rstrip("/") not in kept_names and not _is_gone(builder, filled, name)]
    if not extra:
        return _ALL
    return listed(map(quote, extra), _NAMED)


def _usually_there(change: DockerfileChange, builder: Stage, filled: Put) -> str:
    """Name what most source trees hold, as far as neither `.dockerignore` nor the builder takes it out."""
    from_context = filled.kind == "context"
    ignore = change.repository.dockerignore(change.path) if from_context else None
    there = [
        what
        for what, names in _RIDING.items()
        if not any(_is_gone(builder, filled, name) or (ignore and ignore.excludes(f"{name}/x")) for name in names)
    ]
    there.append("whatever `.dockerignore` misses" if from_context else "all else that lies there")
    return listed(there, None)


def _is_gone(builder: Stage, filled: Put, name: str) -> bool:
    """Whether the builder deletes an entry of the tree again."""
    return builder.files.is_deleted(posixpath.join(filled.path, name.rstrip("/")))


def _fix(change: DockerfileChange, copy: Copy, path: str, kept: tuple[str, ...]) -> Fix | None:
    """Replace the copy by one line for each runtime path, only where every part is proven."""
    if copy.from_stage is None or not all_explained(copy.from_stage):
        return None
    if not kept or change.repository.listing is None or copy.destination is None or copy.destination_word is None:
        return None
    flags = " ".join(change.source.cut(flag.span) for flag in copy.instruction.flags)
    lines = (f"COPY {flags} {name} {posixpath.join(copy.destination, posixpath.relpath(name, path))}" for name in kept)
    return Fix("Copy only what runs", (replace(change.source, copy.instruction.span, "\n".join(lines)),))
