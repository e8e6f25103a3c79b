"""See cache_order_regressed.md."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Severity,
    Span,
    Stage,
    meet,
    once,
    quote,
    rule,
    within,
)
from rules.copying.installs.calls import Install, installs_in, project_installs_in
from rules.copying.installs.hidden import Hidden, hidden_install
from rules.copying.installs.sunk import Sunk, sunk_installs
from rules.copying.source_trees.trees import brings_all, is_read, needs_sources, source_folder
from rules.packages.options import spelled


@rule(
    "cache-order-regressed",
    severity=Severity.WARNING,
    category=Category.BUILD_CACHE,
    compares=True,
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change puts the sources above an install of dependencies that was above them."""
    said: set[Span] = set()
    for stage in change.stages:
        was = change.was(stage)
        if stage.index not in change.after.needed_by_shipped:
            continue
        hidden = hidden_install(change, stage)
        if hidden is not None:
            yield _of_hidden(stage, hidden)
        for install in {one.step: one for one in reversed(_installs(stage))}.values():
            then = _as_it_was(change, was, install)
            problem = _judge(change, stage, install, then) if then is not None else None
            if problem is not None and problem.span not in said:
                said.add(problem.span)
                yield problem
                break
        else:
            sunk = next(sunk_installs(stage, was), None) if was is not None else None
            if sunk is not None and sunk.copy.instruction.span not in said:
                yield _of_sunk(stage, sunk)


class _Then(NamedTuple):
    """An install before the change, and the stage in whose chain it stood."""

    stage: Stage
    install: Install


def _as_it_was(change: DockerfileChange, was: Stage | None, install: Install) -> _Then | None:
    """Return the install of the same manager before the change: in the same stage's chain, else that of its manifests.

    Where stages were made anew, one of the same manifests may stand in any: in the last that held it, what came below
    it has been copied.
    """
    if change.before is None:
        return None
    for stage in (was, *reversed(change.before.stages)):
        found = _first_installs(stage).get(install.step) if stage is not None else None
        if stage is None or found is None:
            continue
        if stage is was or _read_the_same(install, found):
            return _Then(stage, found) if _is_comparable(install, found) else None
    return None


def _installs(stage: Stage) -> list[Install]:
    """The installs of a project's dependencies in a stage's own RUNs, whether or not they build the project too."""
    return [install for run in stage.runs if not run.deferred for install in project_installs_in(run)]


@once
def _first_installs(was: Stage) -> dict[tuple[str, bool], Install]:
    """The first install of each kind in the chain as it was; where it stood above the sources, it needed none."""
    found: dict[tuple[str, bool], Install] = {}
    for run in was.done_runs:
        for install in project_installs_in(run):
            found.setdefault(install.step, install)
    return found


def _is_comparable(install: Install, then: Install) -> bool:
    """Whether an install keeps no cache of its own, and does not build the project for the first time."""
    if any(mount.type == "cache" for mount in install.run.mounts):
        return False
    return install in installs_in(install.run) or then not in installs_in(then.run)


def _read_the_same(one: Install, other: Install) -> bool:
    """Whether two installs read a manifest of the same name."""
    names = {posixpath.basename(path) for path in one.manifests}
    return not names.isdisjoint(posixpath.basename(path) for path in other.manifests)


def _judge(change: DockerfileChange, stage: Stage, install: Install, before: _Then) -> Problem | None:
    was, then = before
    around = [copy for copy in was.all_copies if _is_around(copy, then)]
    if any(copy.brings_context_root and copy.at < then.run.at for copy in around):
        return None  # the sources stood above it before
    below = [copy for copy in around if _stood_below(was, copy, then)]
    for copy in stage.all_copies if below else ():
        if copy.at >= install.run.at or copy.deferred or not _is_around(copy, install):
            continue
        if _stands_above(stage, copy, install, then) or (copy.stage is not stage and not _read_the_same(install, then)):
            continue
        if copy.brings_context_root and any(one.brings_context_root for one in below):
            return None if _reads_sources(change, stage, copy, install) else _problem(change, copy, install, then)
        folder = source_folder(copy)
        was_below = folder is not None and any(_is_in(source_folder(one), folder) for one in below)
        if was_below and install in installs_in(install.run) and not needs_sources(change, install):
            return _problem(change, copy, install, then, folder)
    return None


def _is_in(one: str | None, folder: str) -> bool:
    """Whether a folder of the context is another one or lies in it, which then brings it along."""
    return one is not None and within(f"/{one}", f"/{folder}")


def _stands_above(stage: Stage, copy: Copy, install: Install, then: Install) -> bool:
    """Whether the install of before stands above a COPY still: another below is for tests, or leaves out what built."""
    above = (one for run in stage.done_runs if run.at < copy.at for one in project_installs_in(run))
    return any(one.step == install.step and _read_the_same(one, then) for one in above)


def _reads_sources(change: DockerfileChange, stage: Stage, copy: Copy, install: Install) -> bool:
    """Whether one of a manager's installs below a COPY is known to need the sources by now.

    It did without them before; what a manifest that was read asks for may be why the change was made.
    """
    below = (one for one in _installs(stage) if one.run.at > copy.at and one.call.manager == install.call.manager)
    return any(is_read(change, one) and needs_sources(change, one) for one in below)


def _is_around(copy: Copy, install: Install) -> bool:
    """Whether a COPY goes to the project that an install is for: into its folder, or one above it."""
    here, there = install.folder, copy.destination
    return here is None or there is None or meet(here, there)


def _stood_below(was: Stage, copy: Copy, then: Install) -> bool:
    """Whether a COPY stood below all that a manager installs: one above may be another project's."""
    if not brings_all(copy) and not copy.brings_context_root:
        return False
    installs = (install for run in was.done_runs if run.at > copy.at for install in project_installs_in(run))
    return all(install.step != then.step for install in installs)


def _of_sunk(stage: Stage, sunk: Sunk) -> Problem:
    """Speak of packages that are installed by their names, below sources that they do not read."""
    folder = source_folder(sunk.copy)
    what, edit = (quote(folder), "Every edit in that folder") if folder else ("the sources", "Every edit of any file")
    return Problem(
        sunk.copy.instruction.span,
        f"{stage.label} now copies {what} before {quote(spelled(sunk.call))} (line {sunk.call.command.line}), which "
        f"names its packages and reads none of it; before this change the install stood above. {edit} will install "
        "them again. Install first, as it was.",
        Confidence.CERTAIN,
        instruction=sunk.copy.instruction,
        stage=stage.key,
        key="named",
        notes=(Note(sunk.then.instruction.span, "installed above the sources", before=True),),
    )


def _of_hidden(stage: Stage, hidden: Hidden) -> Problem:
    """Speak of manifests that are copied first for nothing."""
    copy, sources, then = hidden.manifests, hidden.sources, hidden.then
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies these files ahead for nothing: {quote(str(sources.instruction))} (line "
        f"{sources.instruction.line}) brings them again, and {quote(then.shown)}, which stood between the two before "
        f"this change, has gone. If {quote(str(hidden.recipe), 40)} (line {hidden.recipe.line}) installs now, every "
        "edit of the sources installs all dependencies again. Put the install back between the two, or drop this line.",
        Confidence.LIKELY,
        doubt="what the recipe does was not read",
        instruction=copy.instruction,
        stage=stage.key,
        key="hidden",
        notes=(Note(then.run.instruction.span, "installed between them", before=True),),
    )


def _problem(
    change: DockerfileChange, copy: Copy, install: Install, then: Install, folder: str | None = None
) -> Problem:
    stage = install.run.stage
    what, them = ("the sources", "them") if folder is None else (quote(folder), "it")
    edit = "Every edit of any file" if folder is None else "Every edit in that folder"
    does = "compile" if install.call.compiles_dependencies else "install"
    place = f"{quote(install.shown)} (line {install.call.command.line})"
    if copy.stage is stage:
        fact = f"{stage.label} now copies {what} before {place}"
        instruction, way_out = copy.instruction, f"Copy the manifests and {does} first, as it was."
    else:
        there = f"{copy.stage.label} copies {what} (line {copy.instruction.line})"
        fact = f"{there}, and {stage.label}, which is built on it, now runs {place} below {them}"
        instruction = _written(change, copy, stage) or install.run.instruction
        way_out = f"Copy only the manifests above the install, and {what} below it."
    return Problem(
        instruction.span,
        f"{fact}; before this change the install stood above {them}. {edit} will {does} all dependencies again. "
        f"{way_out}",
        Confidence.CERTAIN if folder is None or is_read(change, install) else Confidence.LIKELY,
        doubt="the install may read the folder",
        instruction=instruction,
        stage=stage.key,
        notes=(Note(then.run.instruction.span, "installed above the sources", before=True),),
    )


def _written(change: DockerfileChange, copy: Copy, stage: Stage) -> Instruction | None:
    """Return what the change wrote to put an install upon the sources of another stage: their COPY, or a FROM.

    Neither where both stood like this before: it moved the install.
    """
    was = change.was(copy.stage)
    if was is None or all(str(one.instruction) != str(copy.instruction) for one in was.copies):
        return copy.instruction
    for heir in stage.chain[copy.stage.depth + 1 :]:
        then = change.was(heir)
        if then is None or then.base_text != heir.base_text:
            return heir.from_
    return None
