"""See invalid_syntax.md."""

from collections.abc import Iterator
from itertools import pairwise

from rules.api import Category, DockerfileChange, Fix, Problem, Severity, SyntaxFault, insert, replace, rule

_OPERATORS = ("&&", "||", "|")
"""With one of these a line of a RUN goes on, and no instruction begins."""


@rule(
    "invalid-syntax",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    aliases=("DL1000", "S2260"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The builder refuses a line."""
    for fault in change.after.dockerfile.faults:
        if fault.rule != "invalid-syntax":
            continue
        yield Problem(fault.span, fault.message, fix=_fix(change, fault), key=fault.message)


def _fix(change: DockerfileChange, fault: SyntaxFault) -> Fix | None:
    """Write the instruction that was meant, or the backslash that was lost in front of an operator of the shell."""
    if fault.suggestion is not None:
        return Fix(f"Write {fault.suggestion}", (replace(change.source, fault.span, fault.suggestion),))
    instructions = change.after.dockerfile.instructions
    for before, torn in pairwise(instructions):
        if torn.keyword_span.start == fault.span.start and before.keyword == "RUN" and torn.keyword in _OPERATORS:
            escape = change.after.dockerfile.escape
            return Fix("Join the lines again", (insert(change.source, before.span.end, f" {escape}"),))
    return None
