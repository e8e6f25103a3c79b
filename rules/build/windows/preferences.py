"""Two variables of PowerShell that a build wants set: to stop at an error, and to draw no progress bar."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, Severity, fix, insert, once
from rules.build.windows.code import PowerShell, powershell_of, shown, statements, value_of, without_strings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Edit, Model, Stage

_ERRORS, _PROGRESS = "ErrorActionPreference", "ProgressPreference"
_SETS = {_ERRORS: f"${_ERRORS} = 'Stop';", _PROGRESS: f"${_PROGRESS} = 'SilentlyContinue';"}
_SILENT = frozenset({"silentlycontinue", "ignore", "0", "4"})
"""The values that draw nothing, by name and by number (`System.Management.Automation.ActionPreference`)."""
_DEED = re.compile(
    r"(?<![\w$.\\/-])(?!set-(?:executionpolicy|strictmode|psdebug|psreadline\w*|alias|variable|location)\b|start-sleep\b|"
    r"add-type\b)(?:add|clear|copy|disable|enable|expand|export|import|install|invoke|move|new|register|remove|rename|"
    r"save|set|start|stop|uninstall|unblock|update)-[a-z]\w+|"
    r"(?<![\w$.\\/-])(?:iwr|irm|iex|del|rm|rmdir|rd|md|mkdir|cp|mv|copy|move|ren)(?=\s)|\.downloadfile\s*\(",
    re.IGNORECASE,
)
"""Commands of PowerShell's own that change something, on which what stands behind them relies."""
_ANSWERED = re.compile(r"-(?:erroraction|ea)\b|\btry\b|\btrap\b|\$\?|\bthrow\b|PSDefaultParameterValues", re.IGNORECASE)
"""What shows that the author has thought of failures, in whatever way."""
_DOWNLOAD = re.compile(r"(?<![\w$.\\/-])(?:invoke-webrequest|iwr)(?![\w-])", re.IGNORECASE)
_STREAMS = re.compile(r"2>&1|\*>")
"""With errors to stop at, Windows PowerShell takes what a program writes to a redirected error stream for one."""
_ENDS = "a command may end the script by itself"
_SMALL = "the file may be a small one"
_NO_TERMINAL = "without a terminal it may draw none"


def problems(stage: Stage) -> Iterator[Problem]:
    """Yield for each piece of PowerShell in a stage that lacks one of the two where it matters."""
    fixed: set[tuple[str, int]] = set()
    for found in (one for run in stage.runs for one in powershell_of(run)):
        parts = statements(found.code)
        for name, lacking in ((_ERRORS, _unseen), (_PROGRESS, _drawn)):
            statement = lacking(found, parts) if parts is not None else None
            if statement is not None:
                shell = (name, id(found.run.shell.instruction))
                yield _problem(stage, found, name, statement, first=shell not in fixed)
                fixed.add(shell)


def _unseen(found: PowerShell, parts: tuple[str, ...]) -> str | None:
    """Return the first statement whose failure nobody would see; the last one's is that of the RUN.

    Another value than `Stop` is a choice too.
    """
    prelude = statements(found.prelude)
    if prelude is None or any(value_of(_ERRORS, one) is not None for one in prelude) or _ANSWERED.search(found.code):
        return None
    for part in parts[:-1]:
        if value_of(_ERRORS, part) is not None:
            return None
        if _DEED.search(without_strings(part)) is not None:
            return part
    return None


def _drawn(found: PowerShell, parts: tuple[str, ...]) -> str | None:
    """Return the first statement that downloads with a progress bar."""
    prelude = statements(found.prelude)
    silent = prelude is None or any((value_of(_PROGRESS, one) or "").lower() in _SILENT for one in prelude)
    for part in parts if not silent else ():
        if (value_of(_PROGRESS, part) or "").lower() in _SILENT:
            return None
        if _DOWNLOAD.search(without_strings(part)) is not None:
            return part
    return None


def _problem(stage: Stage, found: PowerShell, name: str, statement: str, *, first: bool) -> Problem:
    shell = found.run.shell.instruction if found.by_shell else None
    errors, own = name == _ERRORS, found.program == "powershell"
    stated = any(value_of(name, part) is not None for part in statements(found.code) or ())
    where = "in the `SHELL`" if shell is not None else "in a `SHELL`" if found.by_shell else "in front of it"
    if stated:
        shell, where = None, "in front of it instead"
    return Problem(
        found.run.instruction.span,
        f"{_failing(found, statement) if errors else _drawing(found, statement)} Set `{_SETS[name]}` {where}.",
        Confidence.LIKELY if errors or own else Confidence.POSSIBLE,
        doubt=_ENDS if errors else _SMALL if own else _NO_TERMINAL,
        instruction=found.run.instruction,
        stage=stage.key,
        severity=Severity.WARNING if errors else Severity.INFO,
        key=name,
        fix=fix(f"Set ${name}", _edit(found, name)) if not stated and (first or not found.by_shell) else None,
        decision=f"{name} {shell.value}" if shell is not None else "",
    )


def _failing(found: PowerShell, statement: str) -> str:
    return (
        f"`{found.program}` goes on after an error: should {shown(statement)} fail, the rest of the `RUN` runs all "
        "the same, and the build passes when the last statement does."
    )


def _drawing(found: PowerShell, statement: str) -> str:
    """Only Windows' own PowerShell is slowed down by what it draws; from version 6 on that is cheap."""
    then = (
        "draws a progress bar while it downloads, and so often that a large file takes many times as long"
        if found.program == "powershell"
        else "draws a progress bar while it downloads, which nobody watches in a build"
    )
    return f"`{found.program}` {then}: {shown(statement)}."


@once
def _redirects_errors(model: Model) -> bool:
    return _STREAMS.search(model.code) is not None


def _edit(found: PowerShell, name: str) -> Edit | None:
    """Put the assignment in front of the code of a call, or into the SHELL, behind what that says already."""
    source = found.run.instruction.source
    if name == _ERRORS and _redirects_errors(found.run.stage.model):
        return None
    if not found.by_shell:
        return insert(source, found.place, f"{_SETS[name]} ") if found.place is not None else None
    shell = found.run.shell.instruction
    words = shell.exec_form if shell is not None else None
    if not words:
        return None
    last = words[-1]
    if last.text.lower() in ("-c", "-command"):
        return insert(source, last.span.end, f', "{_SETS[name]}"')
    joint = " " if last.text.rstrip().endswith(";") else "; "
    return insert(source, last.span.end - 1, f"{joint}{_SETS[name]}") if found.prelude.endswith(last.text) else None
