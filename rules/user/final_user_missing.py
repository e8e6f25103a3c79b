"""See final_user_missing.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Origin,
    Problem,
    Severity,
    Stage,
    append_to_stage,
    insert_line_before,
    quote,
    rule,
)
from rules.user.account_choice import Choice, choose
from rules.user.root_by_design import drops_privileges, is_no_service


@rule(
    "final-user-missing",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("FROM",),
    aliases=("DS-0002", "CKV_DOCKER_3", "S6471"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image that ships never leaves root."""
    for stage in change.after.shipped:
        user = stage.image.user
        if user.origin not in (Origin.ABSENT, Origin.BASE) or stage.is_scratch or is_no_service(stage):
            continue
        if drops_privileges(stage):
            continue
        if stage.users.final_is_root:
            yield _problem(stage)


def _problem(stage: Stage) -> Problem:
    choice = choose(stage)
    base = quote(stage.root.base_text or "its base")
    way_out = f" Switch to {quote(choice.user)} before the start command: {choice.why}." if choice is not None else ""
    return Problem(
        stage.from_.span,
        f"{stage.label} runs as root: no `USER` is set, and {base} does not set one either. "
        f"Whoever breaks into the process owns the container's files, and an escape starts from root.{way_out}",
        Confidence.CERTAIN if stage.image.start_command else Confidence.LIKELY,
        stage=stage.key,
        fix=_fix(stage, choice),
    )


def _fix(stage: Stage, choice: Choice | None) -> Fix | None:
    """Put the switch above the stage's start command, or at its end."""
    if choice is None:
        return None
    starts = [i for i in stage.instructions if i.keyword in ("ENTRYPOINT", "CMD", "HEALTHCHECK")]
    behind = [
        i
        for i in stage.instructions
        if i.keyword in ("RUN", "COPY", "ADD", "WORKDIR") and starts and i.line > starts[0].line
    ]
    place = (
        insert_line_before(starts[0], *choice.lines) if starts and not behind else append_to_stage(stage, *choice.lines)
    )
    return Fix(f"Run as {choice.user}", (place,))
