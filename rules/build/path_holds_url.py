"""See path_holds_url.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import Category, Copy, DockerfileChange, Fix, Problem, Severity, Span, Step, quote, replace, rule

_ADDRESS = re.compile(r"(?:https?|ftp|git|ssh|file|docker)://", re.IGNORECASE)


@rule(
    "path-holds-url",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("WORKDIR", "COPY", "ADD"),
    mentions=("://",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A path in the image has an address in it."""
    for stage in change.stages:
        for step in stage.steps:
            place = _path(step)
            if place is None or step.deferred:
                continue
            text, span = place
            found = _ADDRESS.search(text)
            if found is None:
                continue
            yield _problem(change, step, text, span, text[: found.start()])


def _problem(change: DockerfileChange, step: Step, text: str, span: Span, before: str) -> Problem:
    plain = before.startswith("/") and before.strip("/") and not before.endswith("/")
    is_word = step.instruction.exec_form is None
    way_out = f"Write {quote(before)}." if plain else "Write the folder alone."
    return Problem(
        step.instruction.span,
        f"{step.stage.label} has a path with an address in it, {quote(text, 120)}. {quote(step.instruction.keyword)} "
        f"makes {quote(posixpath.normpath(text), 120)} of it, and what other lines look for in the folder that was "
        f"meant is not there. {way_out}",
        stage=step.stage.key,
        fix=Fix("Leave the address out", (replace(change.source, span, before),)) if plain and is_word else None,
    )


def _path(step: Step) -> tuple[str, Span] | None:
    """Return what an instruction names as a folder of the image, as it is written, and where."""
    if isinstance(step, Copy):
        word = step.destination_word
        return (word.text, word.span) if word is not None else None
    if step.instruction.keyword == "WORKDIR":
        return step.instruction.value, step.instruction.value_span
    return None
