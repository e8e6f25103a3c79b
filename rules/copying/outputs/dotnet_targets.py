"""Programs that `dotnet publish` makes for another .NET than that of the stage that they are copied into.

A program that depends on the framework starts with a later minor version of its own major one, and with no other major
version ("Select the .NET version to use", Microsoft), unless the project, a variable or the start rolls forward.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.outputs.dotnet_projects import project_of
from rules.model.work_folders import path_of
from rules.problem import Confidence, Problem
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Copy, Run

_TARGET = re.compile(r"net(?:coreapp)?(\d+)\.\d+")
_ALONE = re.compile(r"PublishAot|SelfContained=true", re.IGNORECASE)
_NOT_ALONE = re.compile(r"--no-self-contained|--(?:self-contained|sc)[ =]false|SelfContained=false", re.IGNORECASE)
_FOR_A_PLATFORM = ("-r", "--runtime", "--os", "-a", "--arch")
"""Options with which a program brought its own framework until .NET 6 (dotnet publish)."""
_ROLLS = re.compile(rb"rollForward|SelfContained|PublishAot", re.IGNORECASE)
_PROJECTS = (".csproj", ".fsproj", ".vbproj", ".props", ".targets", ".pubxml", "runtimeconfig.template.json")


def dotnet_mismatches(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield a problem for each COPY that takes a program made for another major version than the stage's."""
    run = (stage.runtime.languages.get("dotnet") or "").partition(".")[0]
    if not run or _rolls_forward(stage):
        return
    for copy in stage.copies:
        if copy.from_stage is None or copy.deferred:
            continue
        made = next(((to, by) for to, by in _made(change, copy, copy.from_stage) if to != run), None)
        confidence = _confidence(change) if made is not None else None
        if made is not None and confidence is not None:
            yield _problem(stage, copy, copy.from_stage, (*made, run), confidence)


def _rolls_forward(stage: Stage) -> bool:
    """Whether the stage may start a program of another version: told to, or with a .NET that it installs."""
    texts = [setting.value.text for setting in stage.image.start_command if setting.value is not None]
    if any(name.startswith("DOTNET_ROLL_FORWARD") for name in stage.image.env) or "roll-forward" in " ".join(texts):
        return True
    installs = any("dotnet" in item.name for item in stage.packages.present)
    return installs or any("dotnet" in put.path for put in stage.files.puts if put.kind != "context")


def _made(change: DockerfileChange, copy: Copy, builder: Stage) -> Iterator[tuple[str, str]]:
    """Yield the major versions that a COPY's paths are published for, and what says so where that is a project file."""
    for run, command in publishing(copy, builder):
        target = _TARGET.fullmatch(command.option("-f", "--framework") or "")
        if target is not None:
            yield target[1], ""
        elif not command.has("-f", "--framework"):
            project = project_of(change, run, command)
            if project is not None and project.target is not None:
                yield project.target, project.path


def publishing(copy: Copy, builder: Stage) -> Iterator[tuple[Run, Command]]:
    """Yield the calls of `dotnet publish` that fill what a COPY takes, and leave the framework to who runs it."""
    paths = {path for source in copy.sources if (path := copy.source_path(source))}
    for run, command, output in _publishes(builder):
        if _depends(command) and any(path in (output, f"{output}/") for path in paths):
            yield run, command


def _depends(command: Command) -> bool:
    """Whether a publish leaves the framework to the machine where the program runs."""
    text = str(command)
    if _NOT_ALONE.search(text):
        return True
    return not (_ALONE.search(text) or command.has("--self-contained", "--sc", *_FOR_A_PLATFORM))


class Published(NamedTuple):
    """What a `dotnet publish` makes.

    Attributes:
        path: The folder that it is told to fill, absolute.
        platform: The runtime identifier that it is told, as it is written: `linux-musl-x64`.
        alone: Whether it is told to bring the framework along.
    """

    path: str
    platform: str | None
    alone: bool


def publishes(builder: Stage) -> Iterator[Published]:
    """Yield what the calls of `dotnet publish` make of which the folder is named."""
    for _, command, path in _publishes(builder):
        asked = _ALONE.search(str(command)) or command.has("--self-contained", "--sc")
        alone = bool(asked) and not _NOT_ALONE.search(str(command))
        system = command.option("--os")
        named = command.option("-r", "--runtime") or (f"{system}-x64" if system else None)
        yield Published(path, named, alone)


def published_to(builder: Stage) -> frozenset[str]:
    """Return the folders that `dotnet publish` is told to fill in a stage."""
    return frozenset(published.path for published in publishes(builder))


def _publishes(builder: Stage) -> Iterator[tuple[Run, Command, str]]:
    """Yield the calls of `dotnet publish` that name the folder to fill, each with that folder, absolute."""
    for run in builder.done_runs:
        for command in run.calls("dotnet"):
            named = command.option("-o", "--output") if command.subcommand == "publish" else None
            path = path_of(run, command, named) if named else None
            if path is not None:
                yield run, command, path


def _confidence(change: DockerfileChange) -> Confidence | None:
    """Ask where the project was not read, and say nothing where it rolls forward or brings the framework."""
    files = change.repository.files
    projects = [path for path in files if path.endswith(_PROJECTS)]
    if any(_ROLLS.search(files[path]) for path in projects):
        return None
    return Confidence.LIKELY if projects else Confidence.POSSIBLE


def _problem(
    stage: Stage, copy: Copy, builder: Stage, versions: tuple[str, str, str], confidence: Confidence
) -> Problem:
    made, project, run = versions
    by = f" ({quote(project)})" if project else ""
    unless = " unless the project rolls forward" if confidence is Confidence.POSSIBLE else ""
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies a program out of {builder.label} that is published for .NET {made}{by}, and "
        f"runs .NET {run}. It stops at the start{unless}: “You must install or update .NET to run this application”. "
        "Use one version in both.",
        confidence,
        doubt="a file of the project that was not read may roll forward",
        instruction=copy.instruction,
        stage=stage.key,
        key=".NET",
    )
