"""See onbuild_forbidden.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule

_FORBIDDEN = {
    "ONBUILD": "a trigger cannot set another trigger",
    "FROM": "the child image has its own `FROM` already",
    "MAINTAINER": "it says who maintains this image, not the child; use `ONBUILD LABEL`",
}


@rule(
    "onbuild-forbidden",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ONBUILD",),
    aliases=("DL3043",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """ONBUILD holds an instruction that cannot be a trigger."""
    for instruction in change.after.dockerfile.instructions:
        trigger = instruction.trigger
        reason = _FORBIDDEN.get(trigger.keyword) if trigger is not None else None
        if trigger is not None and reason is not None:
            yield Problem(
                trigger.keyword_span,
                f"`ONBUILD {trigger.keyword}` is refused: {reason}. The build stops at this line.",
                instruction=instruction,
            )
