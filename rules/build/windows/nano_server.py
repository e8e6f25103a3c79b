"""What Nano Server has not, which other images of Windows have.

Microsoft's "Windows container base images": Windows PowerShell is no part of Nano Server, from version 1709 on.
PowerShell for every system, `pwsh`, is in some images upon it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import BY_ARGUMENT, Confidence, Problem, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Run, Stage

_WITHOUT = re.compile(r"nanoserver.*(?<![\d.])(?:1709|180[39]|190[39]|2004|20h2|ltsc20(?:19|22|25))(?!\d)")
"""The releases since then, as tags name them."""
_CALL = re.compile(r"(?:\A|&)[ \t]*@?powershell(?:\.exe)?(?=[ \t\"])", re.IGNORECASE)
_PROGRAM = re.compile(r"(?:.*[\\/])?powershell(?:\.exe)?", re.IGNORECASE)


def without_powershell(stage: Stage) -> Iterator[Problem]:
    """Yield the first RUN of a stage that calls Windows PowerShell where there is none."""
    base = stage.root.base_text or ""
    if not _WITHOUT.search(base.lower()) or "powershell" in base.lower() or _is_brought(stage):
        return
    run = next((run for run in stage.runs if not run.deferred and _calls(run)), None)
    if run is None:
        return
    word = stage.root.base_word
    yield Problem(
        run.instruction.span,
        f"{stage.label} calls `powershell`, and {quote(base)} is Nano Server, which has none. The build stops here: "
        "“'powershell' is not recognized”. Do it in a stage upon Windows Server Core and copy the result, or stay on "
        "that.",
        Confidence.LIKELY if word is not None and "$" in word.text else Confidence.CERTAIN,
        doubt=BY_ARGUMENT,
        instruction=run.instruction,
        stage=stage.key,
        key="powershell",
    )


def _is_brought(stage: Stage) -> bool:
    """Whether a COPY, or an ENV with the folders of programs, speaks of it."""
    steps = (step for step in stage.done_steps if step.instruction.keyword in ("COPY", "ADD", "ENV"))
    return any("powershell" in step.instruction.text.lower() for step in steps)


def _calls(run: Run) -> bool:
    words, shell = run.instruction.exec_form, run.shell.value or ()
    if words is not None:
        return bool(words) and _PROGRAM.fullmatch(words[0].text) is not None
    by_shell = bool(shell) and _PROGRAM.fullmatch(shell[0]) is not None
    return by_shell or _CALL.search(run.instruction.value) is not None
