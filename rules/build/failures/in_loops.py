"""What a loop of a RUN hides: a round that fails, unless it is the last."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.build.failures.ignored import checks_a_file
from rules.comments import code_of
from rules.lazily import once
from rules.problem import Confidence, Problem, Severity
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.dockerfile.shell.command import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_HEAD = re.compile(
    r"(?<![\w$./-])(?:for[ \t]+\w+[ \t]+in[ \t](?P<words>[^;\n]+)|while[ \t]+(?:IFS=\S*[ \t]+)?read\b[^;\n|&]*)"
    r"[;\n]\s*do\s"
)
"""The beginning of a loop over words, or over the lines of a text."""
_END = re.compile(r"[;\n]\s*done(?![\w-])")
_DECIDES = re.compile(
    r"\|\||(?<![\w$./-])(?:if|for|while|until|case|exit|return|break|trap)(?![\w./-])|\bset[ \t]+-\w*e"
)
"""What says in the body what becomes of a failure, or makes it more than a plain list."""
_SEVERAL = re.compile(r"\S\s+\S|[$*?`]")
"""Words of which there may be more than one."""


def loops_over(run: Run, command: Command) -> bool:
    """Tell whether a command stands in a loop that goes on to its next round when the command fails.

    Without `set -e` a loop has the status of its last round (POSIX, 2.9.4, "The for Loop").
    """
    if command.errexit or command.nested or command.negated:
        return False
    return any(start <= command.start < end for start, end in _bodies(run))


def problem_of_loop(stage: Stage, run: Run, command: Command, *, lost: bool) -> Problem:
    """Tell of a command in such a loop.

    Args:
        stage: The stage.
        run: The RUN.
        command: The command.
        lost: Whether its failure stopped the build before the change.
    """
    before, checks = " Before the change it stopped." if lost else "", checks_a_file(command)
    then = " What was not verified goes into the image." if checks else ""
    return Problem(
        command.span,
        f"the build goes on when {quote(str(command), 60)} fails in a round of its loop that is not the last: a loop "
        f"has the status of its last round.{before}{then} Write `|| exit 1` behind it.",
        Confidence.LIKELY if lost or checks else Confidence.POSSIBLE,
        doubt="a failure may be meant to be passed over",
        instruction=run.instruction,
        stage=stage.key,
        key=f"loop {command.name}",
        severity=Severity.ERROR if checks else None,
    )


@once
def _bodies(run: Run) -> list[tuple[int, int]]:
    """Where the bodies of loops stand in which nothing says what becomes of a failure; of nested ones the inner."""
    start, code = run.instruction.span.start, code_of(run.instruction)
    found = []
    for head in _HEAD.finditer(code):
        end = _END.search(code, head.end())
        if end is None:
            break
        several = head["words"] is None or _SEVERAL.search(head["words"].strip())
        if several and not _DECIDES.search(code, head.end(), end.start()):
            found.append((start + head.end(), start + end.start()))
    return found
