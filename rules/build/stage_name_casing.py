"""See stage_name_casing.md."""

import re
from collections import Counter
from collections.abc import Iterator

from rules.api import (
    Category,
    Dockerfile,
    DockerfileChange,
    Edit,
    Instruction,
    Problem,
    Severity,
    Stage,
    fix,
    quote,
    replace,
    rule,
)


@rule(
    "stage-name-casing",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("FROM",),
    aliases=("StageNameCasing", "DF085"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The name of a stage has capitals."""
    named = Counter(stage.name for stage in change.stages)
    for stage in change.stages:
        word = stage.name_word
        if word is None or stage.name is None or word.text == stage.name:
            continue
        edits = _edits(change.after.dockerfile, stage, stage.name) if named[stage.name] == 1 else ()
        yield Problem(
            word.span,
            f"the stage {quote(word.text)} has capitals in its name. Docker compares stage names without regard to "
            f"case: {quote(stage.name)} is the same stage, though it looks like another one. Write it in lower case "
            "everywhere.",
            instruction=stage.from_,
            stage=stage.key,
            fix=fix(f"Call it {stage.name}", *edits),
        )


def _edits(dockerfile: Dockerfile, stage: Stage, name: str) -> Iterator[Edit]:
    """Yield the edits that write the name in lower case, where it is given and where it is used."""
    assert stage.name_word is not None
    yield replace(dockerfile.source, stage.name_word.span, name)
    for instruction in dockerfile.instructions:
        if instruction.line > stage.from_.line:
            yield from _uses(instruction, name)


def _uses(instruction: Instruction, name: str) -> Iterator[Edit]:
    """Yield the edits of `FROM name`, `COPY --from=name` and `RUN --mount=from=name`, of a trigger's too."""
    source = instruction.source
    if instruction.keyword == "FROM" and instruction.words and _is(instruction.words[0].text, name):
        yield replace(source, instruction.words[0].span, name)
    for flag in (*instruction.flags, *(instruction.trigger.flags if instruction.trigger is not None else ())):
        text = source.cut(flag.value_span)
        if flag.name == "from" and _is(text, name):
            yield replace(source, flag.value_span, name)
        if flag.name == "mount":
            for use in re.finditer(r"(?<![^,])from=([^,]+)", text):
                if _is(use[1], name):
                    start = flag.value_span.start
                    yield replace(source, source.span(start + use.start(1), start + use.end(1)), name)


def _is(text: str, name: str) -> bool:
    return text != name and text.lower() == name
