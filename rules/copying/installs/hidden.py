"""Copies of manifests that serve nothing any more: the install between them and the sources has gone."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Copy, Run, once, within
from rules.copying.installs.calls import project_installs_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Stage
    from rules.copying.installs.calls import Install
    from rules.model.model import Model

_RECIPES = ("make", "just", "task", "mage", "invoke", "rake", "bazel")
"""What runs a text of the project that may install."""


class Hidden(NamedTuple):
    """An install that may have moved into a recipe below the sources.

    Attributes:
        manifests: The COPY of the manifests, now.
        sources: The COPY that brings them again.
        then: The install that stood between the two before the change.
        recipe: The command that may install now.
    """

    manifests: Copy
    sources: Copy
    then: Install
    recipe: Command


def hidden_install(change: DockerfileChange, stage: Stage) -> Hidden | None:
    """Return the first copy of manifests in a stage behind which the install of the old file has gone."""
    before = _installs_behind(change.before) if change.before is not None else {}
    known = _managers(change.after) if before else frozenset()
    for copy in stage.copies if before else ():
        then = before.get(str(copy.instruction))
        if then is None or then.call.manager in known:
            continue
        sources, recipe = _brought_again(stage, copy), _recipe_below(stage, copy)
        if sources is not None and recipe is not None:
            return Hidden(copy, sources, then, recipe)
    return None


@once
def _managers(model: Model) -> frozenset[str]:
    """The managers that install a project's dependencies somewhere in a file."""
    runs = (run for stage in model.stages for run in stage.runs)
    return frozenset(install.call.manager for run in runs for install in project_installs_in(run))


@once
def _installs_behind(model: Model) -> dict[str, Install]:
    """The installs that stand behind each COPY of files, with no other RUN between, by the COPY as it is written."""
    found: dict[str, Install] = {}
    for stage in model.stages:
        waiting: list[Copy] = []
        for step in stage.steps:
            if isinstance(step, Copy) and step.from_context and not step.deferred:
                waiting.append(step)
            elif isinstance(step, Run):
                for install in [*project_installs_in(step)][:1]:
                    found.update(
                        (str(copy.instruction), install) for copy in waiting if _brings_manifest(copy, install)
                    )
                waiting = []
    return found


def _brings_manifest(copy: Copy, install: Install) -> bool:
    read = {posixpath.basename(path) for path in install.manifests}
    return any(posixpath.basename(source.path or "") in read for source in copy.sources)


def _brought_again(stage: Stage, copy: Copy) -> Copy | None:
    """Return the COPY that brings the same files to the same place, with no RUN between."""
    for step in _below(stage, copy):
        if isinstance(step, Run):
            return None
        if step.from_context and len(step.sources) == 1 and _covers(step, copy):
            return step
    return None


def _covers(sources: Copy, copy: Copy) -> bool:
    above = sources.source_path(sources.sources[0])
    if above is None or sources.destination is None or copy.destination is None or sources.instruction.flag("exclude"):
        return False
    paths = [copy.source_path(source) for source in copy.sources]
    folder = "/" if above == "." else f"/{above}"
    below = [posixpath.relpath(f"/{path}", folder) for path in paths if path is not None and within(f"/{path}", folder)]
    if len(below) < len(copy.sources) or "." in below:
        return False
    ends = (posixpath.normpath(posixpath.join(sources.destination, path)) for path in below)
    return all(posixpath.dirname(end) == copy.destination.rstrip("/") for end in ends)


def _recipe_below(stage: Stage, copy: Copy) -> Command | None:
    runs = (step for step in _below(stage, copy) if isinstance(step, Run))
    return next((command for run in runs for command in run.calls(*_RECIPES) if not command.conditional), None)


def _below(stage: Stage, copy: Copy) -> Iterator[Copy | Run]:
    return (step for step in stage.steps if step.index > copy.index and isinstance(step, (Copy, Run)))
