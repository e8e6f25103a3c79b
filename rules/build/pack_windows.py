"""See pack_windows.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule
from rules.build import powershell_calls, powershell_preferences, powershell_programs, windows_instructions


@rule(
    "pack-windows",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    default="off",
    keywords=("FROM",),
    mentions=("windows", "nanoserver", "servercore", "ltsc20", "powershell", "pwsh"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An image for Windows is asked for what Linux alone has, or PowerShell goes on after an error."""
    for stage in change.stages:
        yield from windows_instructions.problems(stage)
        yield from powershell_preferences.problems(stage)
        yield from powershell_programs.problems(stage)
        yield from powershell_calls.problems(stage)
