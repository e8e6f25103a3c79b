"""See copy_from_whole_tree.md."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace as replaced

from rules.api import (
    OS_MANAGERS,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
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
from rules.copying.context.ignore_file import ignore_file
from rules.copying.outputs.made_programs import Made, made_program
from rules.copying.outputs.program_languages import may_run_from_sources, runs_from_sources
from rules.copying.outputs.runtime_paths import all_explained, installed_there, runtime_paths, searched_paths
from rules.copying.python.editable_installs import editable_install
from rules.copying.source_trees.carried import brought_by, filled_with_sources
from rules.copying.source_trees.surplus import HISTORY, Surplus, surplus_of, usual_surplus
from rules.copying.source_trees.trees import is_monorepo
from rules.copying.source_trees.workplaces import is_workplace
from rules.model.prunings import is_leftover
from rules.model.run_writes import is_opaque
from rules.quoting import capitalized, listed

_OUTPUT_FOLDERS = frozenset(
    "dist build out output release publish published standalone site _site public wheels bin install target venv "
    ".venv artifacts artifact export rootfs node_modules static assets www html pkg lib vendor _build rel deploy "
    "dependencies extracted layers".split()
)

_NAMED = 4
"""Entries that a sentence can name."""
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
    shipped = {stage.index for stage in change.after.shipped}
    for stage in change.after.shipped:
        for part in stage.chain:
            for copy in part.copies:
                if copy.from_stage is not None and copy.from_stage.index not in shipped:
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
    problem = _problem(change, stage, copy, builder, path, filled)
    if problem is not None:
        then = (was for link in stage.chain if (was := change.was(link)) is not None)
        held = any(was.files.whole_trees for was in then) and _may_need_all(change, stage, copy, builder, path)
        yield replaced(problem, held_before=held, untold=is_workplace(change, stage))


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
    ignore = ignore_file(change)
    return ignore is not None and ignore.is_allow_list


def _problem(
    change: DockerfileChange, stage: Stage, copy: Copy, builder: Stage, path: str, filled: Put
) -> Problem | None:
    """Speak of the tree; `None` where the program runs from it and nothing is known to be too much."""
    made = None if runs_from_sources(stage, builder) else made_program(change, stage, copy, path)
    surplus = surplus_of(change, stage, copy, path, filled)
    if made is None and surplus is not None and not (surplus.weighty or surplus.light):
        return None
    by = quote(filled.command.name) if filled.command is not None else quote(str(filled.step.instruction))
    parts = _parts(change, stage, copy, path) if made is None else ()
    enough = parts if _is_enough(change, stage, copy, path, surplus, parts) else ()
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies the whole {quote(path)} tree out of {builder.label}. {capitalized(builder.label)} "
        f"filled it with {by} (line {filled.step.instruction.line}), "
        f"so {_shipping(change, builder, filled, surplus, made)}."
        f"{_way_out(builder, filled, surplus, made, parts if surplus is None else enough)}",
        _confidence(stage, builder, filled, surplus, made),
        doubt=_doubt(surplus),
        decision=f"{builder.key} {path}" if made is None and not parts else "",
        stage=stage.key,
        fix=_fix(change, copy, path, enough),
        minor=made is None and _is_little(change, builder, filled, surplus),
    )


def _is_little(change: DockerfileChange, builder: Stage, filled: Put, surplus: Surplus | None) -> bool:
    """Whether a handful of files is too much, or nothing is seen that would be: the context may be one of several."""
    if surplus is not None:
        return surplus.is_small
    listed_here = change.repository.listing is not None and not _is_checkout(builder, filled)
    return listed_here and not usual_surplus(change, builder, filled)


def _doubt(surplus: Surplus | None) -> str:
    if surplus is None:
        return "what lies in that tree is not known"
    if HISTORY in surplus.weighty:
        return "the folder that is built may be no checkout"
    return "it is little, or the program may read it"


def _shipping(change: DockerfileChange, builder: Stage, filled: Put, surplus: Surplus | None, made: Made | None) -> str:
    """Say what ships that does not run."""
    if made is not None:
        return "all its sources ship to production"
    if surplus is not None:
        names = [quote(name) for name in (*surplus.weighty, *surplus.light)]
        return f"{listed(names, _NAMED)} {'ship' if len(names) > 1 else 'ships'} to production"
    kinds = usual_surplus(change, builder, filled)
    other = "else " if kinds else ""
    rest = (
        f"all {other}that lies there" if _is_checkout(builder, filled) else f"whatever {other}`.dockerignore` lets in"
    )
    return f"{listed((*kinds, rest), None)} {'ship' if kinds else 'ships'} to production"


def _is_checkout(builder: Stage, filled: Put) -> bool:
    """Whether the tree comes from elsewhere than the build context."""
    return brought_by(builder, filled)[-1][1].kind != "context"


def _way_out(builder: Stage, filled: Put, surplus: Surplus | None, made: Made | None, parts: tuple[str, ...]) -> str:
    """Name what is to be copied only where that is known to be enough; else say how the rest is left out.

    Where it is not known what the tree holds, the program's own files stand for what is not seen.
    """
    if made is not None:
        beside = "" if made.alone else ", and what the program reads beside it"
        return f" Copy {quote(made.path)}, {made.what}{beside}."
    if parts:
        own = ("the program's own files",) if surplus is None else ()
        return f" Copy what runs: {listed((*own, *map(quote, parts)), None)}."
    them = "them" if surplus is not None and len(surplus.weighty + surplus.light) > 1 else "it"
    ignored = "" if _is_checkout(builder, filled) else f", or keep {them} out with `.dockerignore`"
    what = "what does not run" if surplus is None else them
    return f" Delete {what} in {builder.label} before that{ignored}, where no stage needs {them}."


def _may_need_all(change: DockerfileChange, stage: Stage, copy: Copy, builder: Stage, path: str) -> bool:
    """Whether the program is its source tree, or is interpreted and nothing tells which part of it runs."""
    if runs_from_sources(stage, builder):
        return True
    if not may_run_from_sources(stage, builder):
        return False
    return not runtime_paths(change, stage, copy, path) and not searched_paths(stage, copy, path)


def _confidence(stage: Stage, builder: Stage, filled: Put, surplus: Surplus | None, made: Made | None) -> Confidence:
    """How sure it is that what ships is too much; a few files alone are not worth a comment."""
    if made is None and surplus is not None and HISTORY in surplus.weighty:
        return Confidence.LIKELY
    trifles = made is None and surplus is not None and not surplus.weighty
    if trifles or runs_from_sources(stage, builder):
        return Confidence.POSSIBLE
    known = made is not None or surplus is not None
    return Confidence.CERTAIN if known and filled.kind == "context" else Confidence.LIKELY


def _parts(change: DockerfileChange, stage: Stage, copy: Copy, path: str) -> tuple[str, ...]:
    """Return the parts of the tree that are seen to be needed; none where it is the tree itself that runs."""
    builder = copy.from_stage
    if builder is None or runs_from_sources(stage, builder) or is_monorepo(change.after):
        return ()
    if not all_explained(builder) or editable_install(change, builder) is not None or _reads_below(stage, copy):
        return ()
    used = {*runtime_paths(change, stage, copy, path), *searched_paths(stage, copy, path)}
    return tuple(sorted(used - _made_before(change, stage, copy, path)))


def _is_enough(
    change: DockerfileChange, stage: Stage, copy: Copy, path: str, surplus: Surplus | None, parts: tuple[str, ...]
) -> bool:
    """Whether some parts are enough to run: with what is surplus, they are all that the tree holds."""
    if surplus is None or not searched_paths(stage, copy, path) <= set(runtime_paths(change, stage, copy, path)):
        return False
    return all(posixpath.join(path, name.rstrip("/")) in parts for name in surplus.rest)


def _made_before(change: DockerfileChange, stage: Stage, copy: Copy, path: str) -> set[str]:
    """Return what of the tree, as the builder has it, the shipped stage has installed itself above the COPY."""
    folder = copy.destination
    if folder is None:
        return set()
    made = [there for run, there in installed_there(change, stage, folder) if run.at < copy.at]
    return {posixpath.join(path, posixpath.relpath(there, folder)) for there in made if within(there, folder)}


def _reads_below(stage: Stage, copy: Copy) -> bool:
    """Whether a RUN below the COPY installs what the tree says, or names something in it."""
    folder = copy.destination or "/"
    return any(run.at > copy.at and _reads(run, folder) for run in stage.done_runs)


def _reads(run: Run, folder: str) -> bool:
    works_there = within(run.workdir.value or "/", folder)
    if works_there and any(call.project and call.manager not in OS_MANAGERS for call in run.package_calls):
        return True
    words = [word.value for command in run.commands if is_opaque(command) for word in command.words]
    return any((works_there and word.startswith("./")) or word.startswith(f"{folder.rstrip('/')}/") for word in words)


def _fix(change: DockerfileChange, copy: Copy, path: str, kept: tuple[str, ...]) -> Fix | None:
    """Replace the copy by one line for each runtime path, only where every part is proven."""
    if not kept or copy.destination is None or copy.destination_word is None:
        return None
    flags = " ".join(change.source.cut(flag.span) for flag in copy.instruction.flags)
    lines = (f"COPY {flags} {name} {posixpath.join(copy.destination, posixpath.relpath(name, path))}" for name in kept)
    return Fix("Copy only what runs", (replace(change.source, copy.instruction.span, "\n".join(lines)),))
