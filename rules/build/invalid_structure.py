"""See invalid_structure.md."""

from collections.abc import Iterator
from dataclasses import replace as replaced

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    replace,
    rule,
)
from rules.build.whole_files import has_stage, is_given_to_builders


@rule(
    "invalid-structure",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    aliases=("DL3061",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The file has no stage, or something stands before the first one."""
    for fault in change.after.dockerfile.faults:
        if fault.rule != "invalid-structure":
            continue
        repair = None
        if fault.suggestion is not None:
            edit = replace(change.source, fault.span, fault.suggestion)
            repair = Fix(f"Write {fault.suggestion}", (edit,))
        problem = Problem(fault.span, fault.message, fix=repair, key=fault.message)
        yield problem if has_stage(change.after.dockerfile) else _without_stage(change, problem)


def _without_stage(change: DockerfileChange, problem: Problem) -> Problem:
    """Ask of a file without any stage whether a script puts it together with others, unless a build names it."""
    stood = change.before is not None and not has_stage(change.before.dockerfile)
    built = is_given_to_builders(change)
    return replaced(
        problem,
        message=problem.message if built else f"{problem.message} A build of the file as it is stops there.",
        confidence=Confidence.CERTAIN if built else Confidence.POSSIBLE,
        doubt="" if built else "a script may put the file together with others",
        held_before=stood,
    )
