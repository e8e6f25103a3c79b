"""See invalid_structure.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Fix, Problem, Severity, replace, rule


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
        yield Problem(fault.span, fault.message, fix=repair, key=fault.message)
