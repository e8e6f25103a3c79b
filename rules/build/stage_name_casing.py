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
    Span,
    Stage,
    fix,
    once,
    quote,
    replace,
    rule,
)

_FROM = re.compile(r"(?<![^,])from=([^,]+)")


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
    """Yield the edits that write the name in lower case, where it is given and where it is used below."""
    assert stage.name_word is not None
    yield replace(dockerfile.source, stage.name_word.span, name)
    for span in _uses(dockerfile).get(name, ()):
        if span.line > stage.from_.line:
            yield replace(dockerfile.source, span, name)


@once
def _uses(dockerfile: Dockerfile) -> dict[str, list[Span]]:
    """Return where names with capitals stand that may be stages', by the name in lower case."""
    found: dict[str, list[Span]] = {}
    for instruction in dockerfile.instructions:
        for span in _names(instruction):
            text = dockerfile.source.cut(span)
            if text != text.lower():
                found.setdefault(text.lower(), []).append(span)
    return found


def _names(instruction: Instruction) -> Iterator[Span]:
    """Yield the name in `FROM name`, `COPY --from=name` and `RUN --mount=from=name`, of a trigger's too."""
    source = instruction.source
    if instruction.keyword == "FROM" and instruction.words:
        yield instruction.words[0].span
    for flag in (*instruction.flags, *(instruction.trigger.flags if instruction.trigger is not None else ())):
        if flag.name == "from":
            yield flag.value_span
        if flag.name == "mount":
            start = flag.value_span.start
            for use in _FROM.finditer(source.cut(flag.value_span)):
                yield source.span(start + use.start(1), start + use.end(1))
