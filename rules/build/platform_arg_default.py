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
            is_linux = name.text == "TARGETOS" and value.text.strip("'\"") == "linux"
            if not is_linux or _may_be_for_another_system(change):
                yield _problem(change, instruction, name, value)


def _may_be_for_another_system(change: DockerfileChange) -> bool:
    """Whether what ships may be a program for Windows or macOS: an image that stands on Linux is for Linux."""
    return any(stage.root.is_scratch for stage in change.after.shipped)


def _problem(change: DockerfileChange, instruction: Instruction, name: Word, value: Word) -> Problem:
    """Of the builder's own platform it says less: a wrong one costs emulation and breaks no image."""
    default, of_builder = quote(value.text), name.text.startswith("BUILD")
    then = (
        f"a build on a machine of another platform goes on as if it were {default}, under emulation at best"
        if of_builder
        else f"a build for another platform gets {default} binaries all the same"
    )
    gap = change.source.span(name.span.end, value.span.end)
    return Problem(
        instruction.span,
        f"`ARG {name.text}` has the default {default}, which hides the value that BuildKit fills in: {then}. "
        "Declare it without a default.",
        Confidence.LIKELY if of_builder else Confidence.CERTAIN,
        doubt="the file may have to build with the classic builder, which fills in nothing",
        severity=Severity.INFO if of_builder else None,
        key=name.text,
        fix=Fix("Declare it without a default", (delete_word(change.source, gap),)),
    )


def _above_first_from(change: DockerfileChange) -> tuple[Instruction, ...]:
    instructions = change.after.dockerfile.instructions
    return tuple(takewhile(lambda instruction: instruction.keyword != "FROM", instructions))


def _is_itself(name: Word, value: Word) -> bool:
    """Whether a variable is given its own value; above the first FROM, BuildKit's values are there to be read."""
    return value.text.strip('"') in (f"${name.text}", f"${{{name.text}}}")
