"""See final_user_root.md."""

from collections.abc import Iterator

from rules.api import (
    ROOT_NAMES,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    quote,
    replace,
    rule,
)
from rules.user.account_choice import choose
from rules.user.root_by_design import drops_privileges, is_no_service


@rule(
    "final-user-root",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("USER",),
    aliases=("DL3002", "DS-0002", "CKV_DOCKER_8", "S6471"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image that ships switches to root at its end."""
    for stage in change.after.shipped:
        user = stage.image.user
        if user.instruction is None or stage.users.final_is_root is not True:
            continue
        if drops_privileges(stage) or is_no_service(stage):
            continue
        yield _problem(change, stage)


def _problem(change: DockerfileChange, stage: Stage) -> Problem:
    user = stage.image.user
    assert user.instruction is not None
    earlier = _last_other_user(stage)
    choice = choose(stage)
    target = earlier or (choice.user if choice is not None and len(choice.lines) == 1 else None)
    way_out = f" Switch back to {quote(target)} for the start command." if target is not None else ""
    inherited = f", set in {user.stage.label}" if user.stage is not None and user.stage is not stage else ""
    fix = None
    if target is not None and user.stage is stage:
        word = user.instruction.words[0]
        fix = Fix(f"Run as {target}", (replace(change.source, word.span, target),)) if _is_plain(stage) else None
    return Problem(
        user.instruction.span if user.stage is stage else stage.from_.span,
        f"{stage.label} runs as root: its last `USER` is {quote(user.value or '')}{inherited}. "
        f"Whoever breaks into the process owns the container's files, and an escape starts from root.{way_out}",
        Confidence.CERTAIN if "$" not in user.instruction.value else Confidence.LIKELY,
        stage=stage.key,
        fix=fix,
    )


def _last_other_user(stage: Stage) -> str | None:
    """Return the last user of the chain that is not root."""
    found = None
    for step in stage.all_steps:
        if step.instruction.keyword == "USER":
            value = step.scope.expand(step.instruction.value)
            if value and value.partition(":")[0] not in ROOT_NAMES:
                found = step.instruction.value
    return found


def _is_plain(stage: Stage) -> bool:
    """Whether nothing that needs root stands behind the last USER."""
    user = stage.image.user.instruction
    assert user is not None
    return not any(i.keyword in ("RUN", "COPY", "ADD") and i.line > user.line for i in stage.instructions)
