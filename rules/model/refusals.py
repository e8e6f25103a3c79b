"""Scripts that their shell refuses, so that nothing of them runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.model.steps import Run

_OF_WINDOWS = re.compile(r"(?<!\w)[A-Za-z]:[\\/](?!/)|\$env:|\.exe\b|%\w+%|powershell|\bpwsh\b", re.IGNORECASE)
"""What scripts for the shells of Windows hold, where the base image does not tell: drives, variables, programs."""


def is_refused(run: Run) -> bool:
    """Tell whether the shell refuses a RUN's script, so that the build ends there.

    Returns:
        `False` also where it is not known: in a language that is not read, and in an image of Windows.
    """
    if not run.script.errors or not run.script.understood:
        return False
    windows = run.instruction.escape != "\\" or run.stage.runtime.is_windows
    return not windows and _OF_WINDOWS.search(run.instruction.text) is None
