"""RUNs that end in the middle of their script, whose next line the builder takes for an instruction."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rules.api import INSTRUCTIONS, once, parse_shell
from rules.dockerfile.source import Source
from rules.model.refusals import is_refused

if TYPE_CHECKING:
    from rules.api import Instruction, Model, Run


@once
def torn_runs(model: Model) -> dict[int, Run]:
    """Return the RUNs that a line without a backslash ends too early, by where the keyword behind it begins.

    The script parses once that line, which is no instruction, belongs to it: an open quote, a `&&` at the end.
    """
    runs = {id(run.instruction): run for stage in model.stages for run in stage.runs if is_refused(run)}
    return {
        below.keyword_span.start: runs[id(above)]
        for above, below in pairwise(model.dockerfile.instructions)
        if id(above) in runs and below.keyword not in INSTRUCTIONS and _parses(above, below)
    }


def is_torn(model: Model, instruction: Instruction) -> bool:
    """Tell whether an instruction is such a RUN."""
    return any(run.instruction is instruction for run in torn_runs(model).values())


def _parses(above: Instruction, below: Instruction) -> bool:
    if above.heredocs or above.exec_form is not None:
        return False
    text = above.source.text[above.value_span.start : below.span.end]
    return not parse_shell(text, Source("", text), 0, dialect="sh", joined=False).errors
