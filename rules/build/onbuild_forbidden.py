"""See onbuild_forbidden.md."""

from collections.abc import Iterator

from rules.api import INSTRUCTIONS, Category, DockerfileChange, Fix, Problem, Severity, nearest, quote, replace, rule

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
        if trigger is None:
            continue
        reason = _FORBIDDEN.get(trigger.keyword)
        if reason is not None:
            yield Problem(
                trigger.keyword_span,
                f"`ONBUILD {trigger.keyword}` is refused: {reason}. The build stops at this line.",
                instruction=instruction,
            )
        elif trigger.keyword not in INSTRUCTIONS:
            near = nearest(trigger.keyword, INSTRUCTIONS)
            edit = replace(change.source, trigger.keyword_span, near) if near is not None else None
            yield Problem(
                trigger.keyword_span,
                f"{quote(trigger.keyword)} behind `ONBUILD` is no instruction"
                f"{f'; did you mean {quote(near)}?' if near is not None else '.'} This build passes over it; every "
                "build on top of the image stops.",
                instruction=instruction,
                fix=Fix(f"Write {near}", (edit,)) if edit is not None else None,
            )
