"""A start that only stands in for one: a language that says its version, for callers who bring the script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model.settings import PROMPTS
from rules.problem import Confidence, Note, Problem, Severity
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from rules.api import Setting, Stage, Start

_INTRODUCES = frozenset({"--version", "-V", "-v", "--help", "-h"})
"""With these alone a language says what it is and ends, whatever lies in the image."""


def is_placeholder(lost: tuple[Setting[Start], ...]) -> bool:
    """Tell whether what a change takes away, all of it together, is a language that says its version or its use."""
    words = [word for setting in lost if setting.value is not None for word in setting.value.words]
    in_exec = all(setting.value is not None and setting.value.form == "exec" for setting in lost)
    return in_exec and words[0].rpartition("/")[2] in PROMPTS and words[1:] in ([said] for said in _INTRODUCES)


def problem_of_placeholder(stage: Stage, was: Stage, lost: tuple[Setting[Start], ...]) -> Problem | None:
    """Ask about the callers who hand over a script alone; `None` where no ENTRYPOINT took it, or another one does.

    Args:
        stage: The stage now.
        was: The stage before.
        lost: What `is_placeholder` says of that it is one.
    """
    entrypoint = was.image.entrypoint
    if entrypoint not in lost or entrypoint.value is None or stage.image.entrypoint.set_in_file:
        return None
    program = quote(entrypoint.value.words[0])
    instructions = [setting.instruction for setting in lost if setting.instruction is not None]
    return Problem(
        stage.from_.span,
        f"{stage.label} loses {listed(quote(str(one)) for one in instructions)}. Without arguments that started no "
        f"application, but whoever runs the image with a script's name alone relies on the {program} in front of it: "
        f"they have to write {program} themselves now.",
        Confidence.POSSIBLE,
        stage=stage.key,
        notes=tuple(Note(one.span, "set here before", before=True) for one in instructions),
        severity=Severity.INFO,
    )
