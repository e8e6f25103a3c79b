"""See argument_read_at_start.md."""

import re
from collections.abc import Iterator

from rules.api import (
    PREDEFINED_ARGS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    Stage,
    fix,
    insert_line_after,
    once,
    quote,
    rule,
)
from rules.runtime.start_instructions import Written, written

_USED = re.compile(r"(?<![\\$])\$(?:(?P<bare>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})")
"""A variable without a default of its own: `${PORT:-80}` does without."""
_SET = re.compile(r"(?:^|[\s;&|(])(?:export\s+|read\s+)?([A-Za-z_]\w*)=|\b(?:read|for)\s+([A-Za-z_]\w*)")


@rule(
    "argument-read-at-start",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
    mentions=("cmd", "entrypoint", "healthcheck"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What starts in the container reads a variable that is only an ARG, and gone by then."""
    given = {name for build in change.repository.builds_of(change.path) for name in build.environment}
    for found in written(change, "CMD", "ENTRYPOINT", "HEALTHCHECK"):
        text = _code(found)
        if text is None or found.stage.runtime.is_windows:
            continue
        own = {name for pair in _SET.findall(text) for name in pair if name}
        for match in _USED.finditer(text):
            name = match["bare"] or match["braced"]
            declared = arguments(found.stage).get(name)
            if declared is not None and name not in own and name not in given and not _is_there(found.stage, name):
                yield _problem(found, name, declared)
                break


def _code(found: Written) -> str | None:
    """Return the shell code of a start: its shell form, or what `sh -c` is given."""
    words = found.start.words
    if found.start.form == "shell":
        return found.start.text
    named = words and words[0].rpartition("/")[2] in ("sh", "bash", "ash", "dash")
    return words[2] if named and len(words) > 2 and words[1].endswith("c") else None  # noqa: PLR2004 - sh, -c, the code


@once
def arguments(stage: Stage) -> dict[str, Instruction]:
    """Return the ARGs of a stage and of those that it starts from, each with the instruction that declares it."""
    return {
        pair.text: instruction
        for link in stage.chain
        for instruction in link.instructions
        if instruction.keyword == "ARG"
        for pair, _ in instruction.pairs
    }


def _is_there(stage: Stage, name: str) -> bool:
    """Whether the container has it otherwise: by ENV, by its base, or by its engine's settings."""
    facts = stage.facts
    return name in stage.image.env or name in PREDEFINED_ARGS or (facts is not None and name in facts.env_names)


def _problem(found: Written, name: str, declared: Instruction) -> Problem:
    stage = found.stage
    return Problem(
        found.instruction.span,
        f"`{found.instruction.keyword}` of {stage.label} reads {quote('$' + name)}, which is only an `ARG` (line "
        f"{declared.line}): it is gone when the build ends, so that the shell puts in nothing. Hand it on: "
        f"{quote(f'ENV {name}=${name}')}.",
        Confidence.LIKELY,
        doubt="whoever starts the container may set it",
        instruction=found.instruction,
        stage=stage.key,
        key=name,
        fix=_fix(stage, name, declared),
    )


def _fix(stage: Stage, name: str, declared: Instruction) -> Fix | None:
    if declared not in stage.instructions:
        return None
    return fix(f"Hand {name} on", insert_line_after(declared, f"ENV {name}=${name}"))
