"""Where Python looks for modules without being told by `PYTHONPATH`."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.runtime.starts.instructions import full_words, shipped
from rules.runtime.starts.scripts import start_script, start_target

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.runtime.starts.instructions import Written

_LOOKS_HERE = re.compile(
    r"(?<![\w.-])(?:python[\d.]*[\"',\s]+(?:-[uBO]+[\"',\s]+)*(?:-m|[\w-]+\.py)|uvicorn|gunicorn|flask|celery|daphne)"
    r"(?![\w./-])"
)
"""What puts the folder where it is started in front of the others: `python -m`, and a script that lies there and whose
own folder it is (Python, "Command line"); and servers as their manuals say (`--app-dir` of Uvicorn, `--chdir` of
Gunicorn; Flask, Celery and Daphne do it without an option)."""
_PYTHON = re.compile(r"(?<![\w.-])python[\d.]*(?![\w./-])")


def looks_there_anyway(change: DockerfileChange, stage: Stage, value: str | None) -> bool:
    """Tell whether all that starts looks for modules in the folders of a `PYTHONPATH` without it: in its WORKDIR.

    Args:
        change: The change.
        stage: The stage that ships.
        value: What the variable was.
    """
    folder = stage.image.workdir.value
    if not value or folder is None:
        return False
    if {posixpath.normpath(path) for path in value.split(":") if path} != {posixpath.normpath(folder)}:
        return False
    starts = [found for found in shipped(change, "ENTRYPOINT", "CMD") if found.stage is stage]
    return bool(starts) and all(_looks_here(_text(change, found)) for found in starts)


def _text(change: DockerfileChange, found: Written) -> str:
    """Return what says what a start command starts: its script's text, or the RUNs that write the script."""
    script, (target, _) = start_script(change, found), start_target(found)
    if script is not None:
        return script.text
    if target is None or not target.endswith(".sh"):
        words = full_words(found) if found.start.form == "exec" else None
        return " ".join(words) if words is not None else found.start.text
    return "\n".join(run.instruction.text for run in found.stage.all_runs if target in run.instruction.text)


def _looks_here(text: str) -> bool:
    here = [match.span() for match in _LOOKS_HERE.finditer(text)]
    return bool(here) and all(
        any(start <= match.start() < end for start, end in here) for match in _PYTHON.finditer(text)
    )
