"""See user_escalated.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    Note,
    Problem,
    Severity,
    Stage,
    append_to_stage,
    insert_line_before,
    quote,
    rule,
)
from rules.user.root_by_design import drops_privileges, is_no_service


@rule(
    "user-escalated",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change makes a shipped image run as root that did not."""
    for stage, was in change.shipped():
        if was is None or was.users.final_is_root is not False or stage.users.final_is_root is not True:
            continue
        if drops_privileges(stage) or is_no_service(stage):
            continue
        yield _problem(stage, was)


def _problem(stage: Stage, was: Stage) -> Problem:
    old, new = was.image.user, stage.image.user
    by = (
        f" ({old.instruction} at line {old.instruction.line})"
        if old.instruction is not None
        else " (its base's own user)"
    )
    place = new.instruction if new.instruction is not None and new.stage is stage else stage.from_
    how = f"`{new.instruction}`" if new.instruction is not None else "nothing sets `USER` any more"
    notes = (Note(old.instruction.span, "set here before", before=True),) if old.instruction is not None else ()
    return Problem(
        place.span,
        f"{stage.label} now runs as root: it ran as {quote(old.value or '')} before{by}, and {how}. "
        "Files that the container writes will belong to root, clusters that require non-root refuse to start it, and a "
        "break-in starts from root. If that is intended, say why in a comment; else restore the user.",
        stage=stage.key,
        notes=notes,
        fix=_fix(stage, was),
    )


def _fix(stage: Stage, was: Stage) -> Fix | None:
    """Restore the USER line, where its account still exists."""
    old, new = was.image.user, stage.image.user
    if old.instruction is None or old.value is None or stage.users.exists(old.value.partition(":")[0]) is not True:
        return None
    if new.instruction is not None:
        return Fix("Switch back to the user", (append_to_stage(stage, old.instruction.text),))
    starts = [i for i in stage.instructions if i.keyword in ("ENTRYPOINT", "CMD")]
    place = (
        insert_line_before(starts[0], old.instruction.text) if starts else append_to_stage(stage, old.instruction.text)
    )
    return Fix("Restore the user", (place,))
