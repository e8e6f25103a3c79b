"""See copy_from_whole_tree.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    OS_MANAGERS,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Dockerignore,
    Fix,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    folders_of,
    once,
    quote,
    replace,
    rule,
    within,
)
from rules.copying.carried_trees import ALL, brought_by, filled_with_sources, riding_along
from rules.copying.editable_installs import Editable, editable_install
from rules.copying.program_languages import may_run_from_sources, runs_from_sources
from rules.copying.runtime_paths import all_explained, installed_there, runtime_paths, searched_paths
from rules.copying.source_trees import is_monorepo
from rules.model.prunings import is_leftover
from rules.model.run_writes import OPAQUE_HARMLESS
from rules.quoting import listed

_OUTPUT_FOLDERS = frozenset(
    "dist build out output release publish published standalone site _site public wheels bin install target venv "
    ".venv artifacts artifact export rootfs node_modules static assets www html pkg lib vendor _build rel deploy "
    "dependencies extracted layers".split()
)

_CHOSEN = 2
"""Sources that are deleted by name where somebody has looked at what ships."""


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
    filled = filled_with_sources(builder, path)
    if filled is None or (brought_by(builder, filled)[-1][1].kind == "context" and _is_allow_list(change)):
        return
    if _is_pruned_by_hand(builder, path, filled):
        return
    was = change.was(stage)
    if was is not None and was.files.whole_trees and _may_need_all(change, stage, copy, builder, path):
        return  # it shipped the same tree before
    yield _problem(change, stage, copy, builder, path, filled)


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
    riding = riding_along(change, builder, filled, (*kept, *(editable.sources if editable is not None else ())))
    searched = searched_paths(stage, copy, path)
    proven = searched <= set(kept)
    kept = tuple(sorted({*kept, *searched} - _made_before(change, stage, copy, path)))
    if runs_from_sources(stage, builder) or is_monorepo(change.after):
        kept = ()
    reading = _reading(stage, copy)
    way_out = _way_out(change, builder, kept, editable, reading)
    ship = "ship" if " and " in riding or riding == ALL else "ships"
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies the whole {quote(path)} tree out of {builder.label}. {builder.label} filled it with "
        f"{by} (line {line}), so {riding} {ship} to production.{way_out}",
        _confidence(stage, builder, filled),
        doubt="what the commands of that stage leave there is not known",
        stage=stage.key,
        fix=_fix(change, copy, path, kept) if proven and editable is None and reading is None else None,
    )


def _may_need_all(change: DockerfileChange, stage: Stage, copy: Copy, builder: Stage, path: str) -> bool:
    """Whether the program is its source tree, or is interpreted and nothing tells which part of it runs."""
    if runs_from_sources(stage, builder):
        return True
    if not may_run_from_sources(stage, builder):
        return False
    return not runtime_paths(change, stage, copy, path) and not searched_paths(stage, copy, path)


def _confidence(stage: Stage, builder: Stage, filled: Put) -> Confidence:
    """How sure it is that what ships is too much."""
    if runs_from_sources(stage, builder):
        return Confidence.POSSIBLE
    return Confidence.CERTAIN if filled.kind == "context" else Confidence.LIKELY


def _made_before(change: DockerfileChange, stage: Stage, copy: Copy, path: str) -> set[str]:
    """Return what of the tree, as the builder has it, the shipped stage has installed itself above the COPY."""
    folder = copy.destination
    if folder is None:
        return set()
    made = [there for run, there in installed_there(change, stage, folder) if run.at < copy.at]
    return {posixpath.join(path, posixpath.relpath(there, folder)) for there in made if within(there, folder)}


def _reading(stage: Stage, copy: Copy) -> Run | None:
    """Return a RUN below the COPY that installs what the tree says, or names something in it."""
    folder = copy.destination or "/"
    return next((run for run in stage.done_runs if run.at > copy.at and _reads(run, folder)), None)


def _reads(run: Run, folder: str) -> bool:
    works_there = within(run.workdir.value or "/", folder)
    if works_there and any(call.project and call.manager not in OS_MANAGERS for call in run.package_calls):
        return True
    words = [word.value for command in run.commands if command.name not in OPAQUE_HARMLESS for word in command.words]
    return any((works_there and word.startswith("./")) or word.startswith(f"{folder.rstrip('/')}/") for word in words)


def _way_out(
    change: DockerfileChange, builder: Stage, kept: tuple[str, ...], editable: Editable | None, reading: Run | None
) -> str:
    if not kept:
        return " Copy only what runs."
    parts = [quote(name) for name in kept]
    if change.repository.listing is None:
        parts.insert(0, "the program's own files")
    if not all_explained(builder):
        parts.append("what the build makes")
    if reading is not None:
        parts.append(f"what the `RUN` at line {reading.instruction.line} reads")
    named = listed(parts, None)
    if editable is not None:
        call = quote(str(editable.call.command))
        return f" Copy what runs: {named}, and the project's package, to which {call} leaves a pointer."
    return f" Copy what runs: {named}."


def _fix(change: DockerfileChange, copy: Copy, path: str, kept: tuple[str, ...]) -> Fix | None:
    """Replace the copy by one line for each runtime path, only where every part is proven."""
    if copy.from_stage is None or not all_explained(copy.from_stage):
        return None
    if not kept or change.repository.listing is None or copy.destination is None or copy.destination_word is None:
        return None
    flags = " ".join(change.source.cut(flag.span) for flag in copy.instruction.flags)
    lines = (f"COPY {flags} {name} {posixpath.join(copy.destination, posixpath.relpath(name, path))}" for name in kept)
    return Fix("Copy only what runs", (replace(change.source, copy.instruction.span, "\n".join(lines)),))
