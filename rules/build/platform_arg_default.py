"""See platform_arg_default.md."""

from collections.abc import Iterator
from itertools import takewhile

from rules.api import (
    PLATFORM_ARGS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    Word,
    delete_word,
    quote,
    rule,
)


@rule(
    "platform-arg-default",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
    mentions=tuple(sorted(name.lower() for name in PLATFORM_ARGS)),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ARG gives one of BuildKit's platform values a default, which hides the real one."""
    above = _above_first_from(change)
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ARG":
            continue
        for name, value in instruction.pairs:
            if name.text not in PLATFORM_ARGS or value is None or name.text == "TARGETSTAGE":
                continue
            if _is_itself(name, value) and instruction in above:
                continue
            gap = change.source.span(name.span.end, value.span.end)
            yield Problem(
                instruction.span,
                f"`ARG {name.text}` has the default {quote(value.text)}, which hides the value that BuildKit fills in: "
                f"a build for another platform gets {quote(value.text)} binaries all the same. "
                "Declare it without a default.",
                Confidence.CERTAIN,
                key=name.text,
                fix=Fix("Declare it without a default", (delete_word(change.source, gap),)),
            )


def _above_first_from(change: DockerfileChange) -> tuple[Instruction, ...]:
    instructions = change.after.dockerfile.instructions
    return tuple(takewhile(lambda instruction: instruction.keyword != "FROM", instructions))


def _is_itself(name: Word, value: Word) -> bool:
    """Whether a variable is given its own value; above the first FROM, BuildKit's values are there to be read."""
    return value.text.strip('"') in (f"${name.text}", f"${{{name.text}}}")
