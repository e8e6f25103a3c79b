"""Packages for developers that a shipped stage takes out of a stage which installs all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import Problem, once, quote, within
from rules.facts.installers import NODE_MANAGERS
from rules.packages.developers.copied_environments import PYTHON, copied_environments
from rules.packages.developers.copied_modules import CopiedModules, copied_modules, starts_developers_tool
from rules.packages.developers.named import (
    MAY_BE_IMPORTED,
    along_with,
    confidence_of,
    family_of,
    named,
    ships,
    stands_alone,
)
from rules.packages.developers.options import option_of
from rules.packages.developers.parts import has_developers_part
from rules.packages.developers.project_scripts import NeedsDeveloper, script_that_needs_developers
from rules.packages.developers.starts import needed_at_start, starts_for_developers
from rules.packages.developers.uses import builder_upon
from rules.packages.developers.workspace_starts import prune_of_workspace, workspace_start
from rules.packages.options import spelled
from rules.packages.projects.settings import leaves_developers_out
from rules.packages.projects.texts import manifest_text
from rules.purpose import is_for_development
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, PackageCall, Stage

_NAMED = 3
"""Other images that a sentence names."""


class _Taken(NamedTuple):
    """Packages that come with an image by a COPY.

    Attributes:
        image: The stage that is built as an image.
        stage: That of its chain which copies.
        found: What is copied.
        text: The manifest, `None` where it was not read.
        script: What starts a script of which the manifest tells nothing, `None` where nothing does.
        is_needed: Whether the image surely has a use for developers' packages, or is made for developers.
    """

    image: Stage
    stage: Stage
    found: CopiedModules
    text: str | None
    script: Command | None
    is_needed: bool


def copied_for_developers(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the packages that a shipped stage takes out of a stage which installs all of them."""
    seen: set[int] = set()
    for taken in _taken(change):
        found = taken.found
        developers = taken.text is None or has_developers_part(found.call.manager, taken.text)
        if taken.is_needed or not taken.image.ships or leaves_developers_out(change, found.run, found.call):
            continue
        if developers and id(found.copy) not in seen:
            seen.add(id(found.copy))
            yield _of_copy(change, taken)


@once
def _taken(change: DockerfileChange) -> tuple[_Taken, ...]:
    """What images take out of other stages: those that ship, and those that the file starts something in."""
    return tuple(
        _judged(change, image, stage, found)
        for image in change.stages
        if image.ships or image.image.start_in_file
        for stage in image.chain
        for found in (*copied_modules(stage), *copied_environments(stage))
    )


def _judged(change: DockerfileChange, image: Stage, stage: Stage, found: CopiedModules) -> _Taken:
    text = manifest_text(change, found.run, found.call)
    modules = found.call.manager not in PYTHON
    is_needed = (
        is_for_development(change, image)
        or (modules and starts_developers_tool(change.as_it_ships_now(image)[1]))
        or starts_for_developers(change, image, found.call.manager, text)
    )
    script = workspace_start(change, image, found.run, found.call)
    return _Taken(image, stage, found, text, script, is_needed)


@once
def _needing(change: DockerfileChange) -> dict[tuple[int, str], list[Stage]]:
    """The images that need, or may need, developers' packages, by the stage and the folder that these come from."""
    images: dict[tuple[int, str], list[Stage]] = {}
    for taken in _taken(change):
        if taken.is_needed or taken.script is not None:
            images.setdefault((taken.found.run.stage.index, taken.found.path), []).append(taken.image)
    return images


def _of_copy(change: DockerfileChange, taken: _Taken) -> Problem:
    stage, found = taken.stage, taken.found
    builder, place = found.run.stage, (found.run.stage.index, found.path)
    text = taken.text if taken.script is None else None
    alone = stands_alone(found.call.manager, text) and found.undoes is None
    way_out = _way_out(change, taken)
    return Problem(
        found.copy.instruction.span,
        f"{stage.label} {ships(text)} what only developers need: {quote(found.path)} comes out of {builder.label}, "
        f"where {quote(spelled(found.call))} at line {found.call.command.line} installs "
        f"{named(found.call.manager, text)}{along_with(found.call.manager, text)}. {_hidden(found)}"
        f"{f'Unless the program imports one of them, {way_out[0].lower()}{way_out[1:]}' if alone else way_out}",
        confidence_of(text, alone=alone),
        doubt=MAY_BE_IMPORTED if alone else "whether the project has development dependencies is not known",
        decision=f"{place} {found.undoes is None}",
        instruction=found.copy.instruction,
        stage=stage.key,
        key=family_of(found.call),  # as where the stage installs itself: to take over an environment is nothing new
        held_before=_built_with_them(change.was(taken.image), found.call),
    )


def _built_with_them(was: Stage | None, call: PackageCall) -> bool:
    """Whether the image held them before, too, as one that builds in the stage which ships, and takes none out."""
    if was is None:
        return False
    calls = [one for run in was.all_runs for one in run.package_calls if family_of(one) == family_of(call)]
    whole = [one for one in calls if one.project and one.action in ("install", "sync")]
    pruned = any("prune" in str(one.command) for one in calls)
    return bool(whole) and not pruned and not any(one.production for one in whole)


def _way_out(change: DockerfileChange, taken: _Taken) -> str:
    """Say how the image does without them; the stage that they come from keeps what another image may need."""
    found, builder = taken.found, taken.found.run.stage
    also = needed_at_start(change, taken.image, found.run, found.call)
    if found.undoes is not None and not also:
        command = found.undoes.command
        return f"{quote(str(command))} (line {command.line}) has left them out, and this line undoes it: drop it."
    script = script_that_needs_developers(change, found.run, found.call)
    images = (*_needing(change).get((builder.index, found.path), ()), *_takers(taken))
    others = list(dict.fromkeys(image.label for image in images if image is not taken.image))
    source = found.copy.from_stage or builder
    if others:
        needs = f"{'takes' if len(others) == 1 else 'take'} them from {source.label} too and may need some"
        scripts = _of_scripts(script, prune=None)
        return f"Copy from a stage that installs without them{also}: {listed(others, _NAMED)} {needs}.{scripts}"
    upon = builder_upon((*taken.stage.chain, *source.chain), found.run, found.call)
    if upon is not None:  # pruned where they are installed, they would be gone there too
        needs = f"{upon[0].label} starts from {builder.label} and needs them for {quote(str(upon[1]))}"
        return f"Copy from a stage that installs without them{also}: {needs}.{_of_scripts(script, prune=None)}"
    prune = prune_of_workspace(change, found.run, found.call, taken.script) or found.prune
    skips = " --ignore-scripts" if _prunes_without_scripts(found.call, script) else ""
    where = "there" if source is builder else f"in {source.label}"
    there = f"Take them out {where} with {quote(f'{prune}{skips}')} after the build" if prune else _left_out(found)
    return f"{there}, or copy from a stage that installs without them{also}.{_of_scripts(script, prune)}"


def _takers(taken: _Taken) -> Iterator[Stage]:
    """Yield the builders that copy the packages out of the same stage: pruned there, they would lack them."""
    found = taken.found
    for stage in taken.image.model.stages if found.call.manager in NODE_MANAGERS else ():
        copies = (copy for copy in stage.copies if copy.from_stage is found.copy.from_stage is not None)
        paths = (copy.source_path(source) for copy in copies for source in copy.sources)
        if not stage.layers_ship and any(path and within(found.path, path) for path in paths):
            yield stage


def _prunes_without_scripts(call: PackageCall, script: NeedsDeveloper | None) -> bool:
    """Whether what takes them out may run no script of the project, or is not to, as the install was not."""
    if script is None:
        return call.manager == "pnpm" and call.has("--ignore-scripts")
    return script.stops_prune and script.may_skip


def _of_scripts(script: NeedsDeveloper | None, prune: str | None) -> str:
    """Say what a script of the project asks of an install without them, and of the command that takes them out."""
    if script is None:
        return ""
    both = prune is not None and script.stops_prune
    calls = (
        f"{quote(script.script)} of `package.json` runs with {'both' if both else 'it'} and calls "
        f"{quote(script.program)}, which is one of them"
    )
    if not script.may_skip:
        return f" {script.way_out}: {calls}."
    option = "that option, too" if both else "`--ignore-scripts`"
    return f" Such an install needs {option} ({script.rebuilding}): {calls}."


def _hidden(found: CopiedModules) -> str:
    if found.hidden_by is None:
        return ""
    command = found.hidden_by
    return f"{quote(str(command))} (line {command.line}) deletes them in a later layer, which only hides them. "


def _left_out(found: CopiedModules) -> str:
    if found.call.manager in PYTHON:
        lines = "lines" if len(found.others) > 1 else "line"
        too = f", at {lines} {listed(map(str, found.others))} too" if found.others else ""
        return f"Leave them out there with {quote(option_of(found.run.stage, found.run, found.call))}{too}"
    if found.call.manager == "composer":
        return f"Leave them out there with {quote('--no-dev')}"
    return "Take them out there"
