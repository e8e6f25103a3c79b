"""See env_stray_brace.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    ShellWord,
    Word,
    quote,
    replace,
    rule,
)

_STRAY = re.compile(r"\$\{[A-Za-z_]\w*\}(\})")


@rule(
    "env-stray-brace",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ENV", "ARG", "LABEL", "RUN"),
    mentions=("}}",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A value has one closing brace too many behind a variable."""
    for stage in change.stages:
        for run in stage.runs:
            for command in run.commands:
                for name, word in command.assignments:
                    yield from _check(change, run.instruction, name, word)
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword in ("ENV", "ARG", "LABEL"):
            for pair_name, value in instruction.pairs:
                if value is not None:
                    yield from _check(change, instruction, pair_name.text, value)


def _check(change: DockerfileChange, instruction: Instruction, name: str, value: Word | ShellWord) -> Iterator[Problem]:
    match = _STRAY.search(value.text)
    if match is None or value.text.startswith("'") or value.text.count("{") >= value.text.count("}"):
        return
    plain = value.span.end - value.span.start == len(value.text)
    at = value.span.start + match.start(1)
    edit = replace(change.source, change.source.span(at, at + 1), "")
    yield Problem(
        value.span,
        f"the value of {quote(name)} has a brace that opens nowhere: {quote(value.text)}. The brace becomes "
        "part of the value; delete it.",
        instruction=instruction,
        key=name,
        fix=Fix("Delete the brace", (edit,)) if plain else None,
    )
