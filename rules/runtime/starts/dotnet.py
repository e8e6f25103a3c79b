"""A start command that calls .NET's SDK for what the runtime does: `dotnet run Shop.dll`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Fix, Problem, quote, replace
from rules.build.missing_programs import lacks_dotnet_sdk, said_without_sdk

if TYPE_CHECKING:
    from rules.api import Command
    from rules.runtime.starts.instructions import Written


def sdk_started(found: Written) -> Problem | None:
    """Return the problem of a start by `dotnet run` where only the runtime is, or with an assembly for a project.

    `dotnet run` builds and starts the project of a folder, and hands what stands behind it on to that; what is
    published starts by `dotnet Shop.dll` (learn.microsoft.com, "dotnet run" and "dotnet").
    """
    command = next(iter(found.start.commands), None)
    if command is None or command.name != "dotnet" or command.conditional:
        return None
    stage, assembly = found.stage, _assembly(command)
    without = lacks_dotnet_sdk(stage, command)
    if without:
        why = (
            f"a command of .NET's SDK, and {quote(stage.root.base_text or '')} has the runtime alone. The container "
            f"exits with {said_without_sdk(stage)}"
        )
    elif assembly:
        why = (
            f"and that starts no assembly: it looks for a project in the `WORKDIR`, builds it, and gives it "
            f"{quote(assembly)} as an argument. Without a project it exits with “Couldn't find a project to run”"
        )
    else:
        return None
    way_out = f"Write `dotnet {assembly}`" if assembly else "Start what was published: `dotnet <name>.dll`"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(f'dotnet {command.subcommand}')}, {why}. {way_out}.",
        Confidence.LIKELY,
        doubt="a script or a copied folder may bring the SDK or a project",
        stage=stage.key,
        key="sdk",
        fix=_fix(command, assembly) if without else None,
    )


def _assembly(command: Command) -> str:
    """Return the assembly that stands directly behind `dotnet run`, and is meant for what it should start."""
    words = [word.value for word in command.args[:2]]
    return words[1] if words[:1] == ["run"] and words[1:] and words[1].endswith(".dll") else ""


def _fix(command: Command, assembly: str) -> Fix | None:
    if not assembly:
        return None
    verb, file = command.args[:2]
    return Fix(
        f"Start {assembly}", (replace(command.source, command.source.span(verb.span.start, file.span.start), ""),)
    )
