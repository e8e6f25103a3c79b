"""See malformed_exec_form.md."""

import json
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    Stage,
    Step,
    fix,
    quote,
    replace,
    rule,
)
from rules.runtime.json_arrays import Attempt, attempt

_KEYWORDS = ("ADD", "CMD", "COPY", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL", "VOLUME")
_THEN = {
    "ADD": "The builder takes the pieces, brackets included, for file names",
    "COPY": "The builder takes the pieces, brackets included, for file names",
    "VOLUME": "The builder makes volumes whose names hold the brackets and quotes",
    "SHELL": "The build stops here: `SHELL` knows only the JSON form",
    "HEALTHCHECK": "It goes to `/bin/sh -c` as it stands, the shell looks for a program `[`, and the probe "
    "never succeeds",
}
_DEFAULT = "It goes to `/bin/sh -c` as it stands, and the shell looks for a program whose name begins with `[`"


@rule(
    "malformed-exec-form",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=_KEYWORDS,
    mentions=("[",),
    aliases=("S7030",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What looks like the JSON form is no JSON, so it is taken for something else."""
    if "[" not in change.after.code:
        return
    seen: set[int] = set()
    for stage in change.stages:
        for step in stage.steps:
            instruction = step.instruction
            if instruction.keyword in _KEYWORDS and id(instruction) not in seen and "[" in instruction.value:
                seen.add(id(instruction))
                yield from _problem(stage, step)


def _problem(stage: Stage, step: Step) -> Iterator[Problem]:
    instruction = step.instruction
    found = attempt(instruction, powershell="powershell" in _shell(step) or "pwsh" in _shell(step))
    if found is None:
        return
    if found.fault == "text behind":
        yield Problem(
            instruction.span,
            f"`{instruction.keyword}` of {stage.label} has {quote(found.rest)} behind its JSON array. BuildKit "
            "drops it or, "
            "since 2024, runs the whole line through a shell, where `[` is no program. Put everything into the "
            "array, or "
            "take the brackets away.",
            Confidence.LIKELY,
            doubt="which of the two happens depends on the builder's version",
            stage=stage.key,
        )
        return
    yield Problem(
        instruction.span,
        f"`{instruction.keyword}` of {stage.label} looks like the JSON form but {found.fault}, so it is none: "
        f"{quote(instruction.value, 80)}. {_THEN.get(instruction.keyword, _DEFAULT)}. "
        f"{_way_out(instruction.keyword, found)}.",
        stage=stage.key,
        fix=_fix(instruction, found),
    )


def _shell(step: Step) -> str:
    return " ".join(step.shell.value or ()).lower()


def _way_out(keyword: str, found: Attempt) -> str:
    items = list(found.items)
    if len(items) == 1 and " " in items[0] and keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK", "RUN"):
        items = items[0].split()  # in one pair of quotes it would be the name of a program
    array = json.dumps(items, ensure_ascii=False)
    return f"Write {quote(array)}" if found.items and not found.rest else "Quote every word with double quotes"


def _fix(instruction: Instruction, found: Attempt) -> Fix | None:
    if "\n" in instruction.text or found.rest or not found.items:
        return None
    span = instruction.value_span
    source = instruction.source
    start = span.start + found.start
    if source.text[span.start : span.end] != instruction.value:
        return None
    array = json.dumps(list(found.items), ensure_ascii=False)
    return fix("Write it as JSON", replace(source, source.span(start, span.end), array))
