"""A start of what only a runtime can read: `["./shop.dll"]`, `["./shop.jar"]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Fix, Origin, Problem, fix, insert, quote
from rules.runtime.starts.instructions import is_script_entrypoint

if TYPE_CHECKING:
    from rules.api import Command, Stage
    from rules.runtime.starts.instructions import Written

_READERS = {".dll": ("dotnet",), ".jar": ("java", "-jar"), ".war": ("java", "-jar")}
"""What starts a file of each kind (learn.microsoft.com, "dotnet"; Java SE, `java`)."""


def read_by_a_runtime(found: Written) -> Problem | None:
    """Return the problem of a start that names an assembly or an archive of Java as the program.

    The kernel executes neither. An archive of Spring Boot may have a script in front (`executable`, Spring Boot
    reference): it is left alone where the file makes something executable that may be it.
    """
    command = next(iter(found.start.commands), None)
    if command is None or command.program is None:
        return None
    kind = command.name[-4:].lower()
    entrypoint = found.stage.image.entrypoint
    by_script = entrypoint.origin is Origin.BASE and is_script_entrypoint(found.stage)
    handed_on = found.instruction.keyword == "CMD" and not by_script and (bool(entrypoint) or not entrypoint.known)
    if kind not in _READERS or command.conditional or handed_on or found.stage.runtime.is_windows:
        return None
    if kind != ".dll" and _may_be_executable(found.stage, command.name):
        return None
    program, reader = command.program.value, _READERS[kind]
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(program)} itself, which is no program but what {quote(reader[0])} reads. "
        "The container exits with “permission denied”, or “exec format error”. "
        f"Write {quote(' '.join([*reader, program]))}.",
        Confidence.CERTAIN if kind == ".dll" else Confidence.LIKELY,
        doubt="the archive may begin with a script and be executable",
        stage=found.stage.key,
        key=program,
        fix=_fix(found, command, reader),
    )


def _may_be_executable(stage: Stage, name: str) -> bool:
    """Whether a `COPY --chmod` or a `chmod` may make a file of this name executable."""
    if any(copy.instruction.flag("chmod") is not None for copy in stage.all_copies):
        return True
    opened = (change.path for change in stage.files.attribute_changes if change.kind == "chmod")
    return any(path is None or "*" in path or path.endswith(name) or "." not in path for path in opened)


def _fix(found: Written, command: Command, reader: tuple[str, ...]) -> Fix | None:
    """Put the reader in front, as words of an array or of a command line."""
    if command.program is None or command.nested:
        return None  # quotes around the script would be ended by those of the text
    in_array = found.start.form == "exec"
    text = "".join(f'"{word}", ' if in_array else f"{word} " for word in reader)
    return fix(f"Start it with {reader[0]}", insert(command.source, command.program.span.start, text))
