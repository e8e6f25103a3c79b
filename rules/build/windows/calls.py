"""RUNs in a row that call PowerShell, one by one, where a SHELL would."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rules.api import Confidence, Note, Problem, Severity
from rules.build.windows.code import PowerShell, powershell_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.api import Run, Stage


def problems(stage: Stage) -> Iterator[Problem]:
    """Yield for each row of RUNs that consist of a call of PowerShell with the same options, nothing else between."""
    runs = [run for run in stage.runs if not run.deferred and run.instruction.exec_form is None]
    for start, row in groupby(((_call(run), run) for run in runs), key=lambda pair: _start(pair[0])):
        calls = [call for call, _ in row if call is not None]
        if start and len(calls) > 1:
            yield _problem(stage, calls)


def _call(run: Run) -> PowerShell | None:
    found = powershell_of(run)
    return found[0] if len(found) == 1 and found[0].alone and not found[0].by_shell else None


def _start(call: PowerShell | None) -> tuple[str, tuple[str, ...]] | None:
    return (call.start, call.run.shell.value or ()) if call is not None else None


def _problem(stage: Stage, calls: Sequence[PowerShell]) -> Problem:
    first, *others = calls
    program = first.program
    return Problem(
        first.run.instruction.span,
        f"{len(calls)} `RUN`s in a row call `{program}`, each through another shell that reads quotes and signs of its "
        f'own first. `SHELL ["{program}", "-Command", "$ErrorActionPreference = \'Stop\';"]` above them says it once: '
        "a `RUN` then is plain PowerShell, and stops at its first error.",
        Confidence.LIKELY if stage.layers_ship else Confidence.CERTAIN,
        doubt="images that are built upon this one take its SHELL over" if stage.layers_ship else "",
        instruction=first.run.instruction,
        stage=stage.key,
        severity=Severity.INFO,
        notes=tuple(Note(call.run.instruction.span, "the same call") for call in others),
        key="powershell calls",
    )
