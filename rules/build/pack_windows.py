"""See pack_windows.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule
from rules.build.windows import calls, instructions, preferences, programs


@rule(
    "pack-windows",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    default="off",
    keywords=("FROM",),
    mentions=("windows", "nanoserver", "servercore", "ltsc20", "powershell", "pwsh"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An image for Windows asks for what only Linux has, or PowerShell goes on after an error."""
    for stage in change.stages:
        yield from instructions.problems(stage)
        yield from preferences.problems(stage)
        yield from programs.problems(stage)
        yield from calls.problems(stage)
