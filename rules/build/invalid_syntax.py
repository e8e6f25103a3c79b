"""See invalid_syntax.md."""

from collections.abc import Iterator
from itertools import pairwise

from rules.api import Category, DockerfileChange, Fix, Problem, Severity, SyntaxFault, replace, rule

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
    instructions = change.after.dockerfile.instructions
    if fault.suggestion is not None:
        if any(one.keyword_span == fault.span and not one.value for one in instructions):
            return None  # the keyword alone would be refused as well
        return Fix(f"Write {fault.suggestion}", (replace(change.source, fault.span, fault.suggestion),))
    for before, torn in pairwise(instructions):
        if torn.keyword_span.start == fault.span.start and before.keyword == "RUN" and torn.keyword in _OPERATORS:
            escape = change.after.dockerfile.escape
            end = before.span.end
            start = end - len(before.text) + len(before.text.rstrip(" \t"))
            return Fix("Join the lines again", (replace(change.source, change.source.span(start, end), f" {escape}"),))
    return None
