"""Programs whose failure PowerShell passes over: it looks at an exit status in the last statement alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, Severity
from rules.build.windows.code import PowerShell, powershell_of, shown, statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Stage

_PROGRAM = re.compile(
    r"(?:&\s*)?['\"]?(?:[\w:.$ ()-]*[\\/])*"
    r"(?:7z|apk|apt-get|cargo|choco|cmake|dotnet|git|gem|go|make|mingw32-make|msbuild|npm|npx|nuget|pip|pip3|pnpm|python|tar|vcpkg|winget|yarn)(?:\.exe|\.cmd|\.bat)?['\"]?\s+"
    r"(?!--?v(?:ersion)?\b|version\b|config\b|feature\b|env\b|list\b|--?help\b)",
    re.IGNORECASE,
)
"""Programs that builds call for what they make, and not for what they show, whose status means what it says.

That of robocopy is 1 when it has copied, and one with windows (`setup.exe`) runs on while the script does.
"""
_ANSWERED = re.compile(r"LASTEXITCODE|\$\?|PSNativeCommandUseErrorActionPreference", re.IGNORECASE)

_FROM_7_4 = (
    "From 7.4 on, `$PSNativeCommandUseErrorActionPreference = $true` beside it makes that stop for programs, too."
)


def problems(stage: Stage) -> Iterator[Problem]:
    """Yield for each piece of PowerShell in which a program's failure would go unseen."""
    for found in (one for run in stage.runs for one in powershell_of(run)):
        if _ANSWERED.search(f"{found.prelude} {found.code}"):
            continue
        parts = statements(found.code) or ()
        called = next((part for part in parts[:-1] if _PROGRAM.match(part)), None)
        if called is not None:
            yield _problem(stage, found, called)


def _problem(stage: Stage, found: PowerShell, called: str) -> Problem:
    newer = f" {_FROM_7_4}" if found.program == "pwsh" else ""
    return Problem(
        found.run.instruction.span,
        f"`{found.program}` looks at a program's exit status in the last statement alone: should {shown(called)} fail, "
        "the rest of the `RUN` runs all the same, whatever `$ErrorActionPreference` is. Give it a `RUN` of its own, or "
        f"have `if ($LASTEXITCODE) {{ exit $LASTEXITCODE }}` behind it.{newer}",
        Confidence.LIKELY,
        doubt="what stands behind it may fail then as well",
        instruction=found.run.instruction,
        stage=stage.key,
        severity=Severity.INFO,
        key="exit status",
    )
