"""See invalid_syntax.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Fix, Problem, Severity, replace, rule


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
        repair = None
        if fault.suggestion is not None:
            edit = replace(change.source, fault.span, fault.suggestion)
            repair = Fix(f"Write {fault.suggestion}", (edit,))
        yield Problem(fault.span, fault.message, fix=repair, key=fault.message)
