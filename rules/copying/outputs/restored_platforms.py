"""A build of .NET for a platform that the restore above it was not for.

Microsoft's "NETSDK1047": the assets file has a target for each runtime identifier that the restore knew of, from the
project or from an option, and the build stops where its own is none of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Note, Problem, quote

if TYPE_CHECKING:
    from rules.api import Command, DockerfileChange, Run, Stage

_OPTIONS = ("-r", "--runtime", "-a", "--arch", "--os")
_IDENTIFIER = re.compile(rb"RuntimeIdentifier|PublishAot|SelfContained", re.IGNORECASE)
_PROJECTS = (".csproj", ".fsproj", ".vbproj", ".props", ".targets", ".rsp")
_OWN = ("--use-current-runtime", "--ucr")
"""Options of a restore for the builder's own platform ("dotnet restore")."""


def for_another_platform(
    change: DockerfileChange, stage: Stage, run: Run, command: Command, restores: list[Command]
) -> Problem | None:
    """Return what there is to say of a build without a restore, where those above are for no platform."""
    wanted = _platform(command) if command.subcommand in ("build", "publish") else None
    if wanted is None or not restores or any(one.name != "dotnet" or _names_one(one) for one in restores):
        return None
    if _is_named_by_project(change) or any("runtimeidentifier" in name.lower() for name in run.stage.image.env):
        return None  # MSBuild takes variables of the environment for properties
    last = restores[-1]
    return Problem(
        command.span,
        f"{stage.label} runs {quote(f'dotnet {command.subcommand} … {wanted}')} with `--no-restore`, and "
        f"{quote(str(last), 60)} (line {last.line}) restores for no platform: “Assets file doesn't have a target” "
        f"(NETSDK1047), and the build stops here. Give the restore {quote(wanted)} as well.",
        Confidence.LIKELY,
        doubt="a file that is not read may name the platform",
        instruction=run.instruction,
        stage=stage.key,
        key="platform",
        notes=(Note(last.span, "restores for no platform"),),
    )


def _platform(command: Command) -> str | None:
    """Return the option that names a platform, as it is written."""
    for name in _OPTIONS:
        value = command.option(name)
        if value is not None:
            return f"{name} {value}"
    return None


def _names_one(command: Command) -> bool:
    return command.has(*_OPTIONS, *_OWN) or "runtimeidentifier" in str(command).lower()


def _is_named_by_project(change: DockerfileChange) -> bool:
    """Whether a project's file names a platform, or may: not read, or none at all."""
    read, listing = change.repository.files, change.repository.listing
    paths = [path for path in (*(listing or ()), *read) if path.endswith(_PROJECTS)]
    return not paths or any(path not in read or _IDENTIFIER.search(read[path]) is not None for path in paths)
