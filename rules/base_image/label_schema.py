"""See label_schema.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, Stage, Word, quote, rule
from rules.base_image.given_labels import is_given_by_build
from rules.quoting import listed

_KEY = re.compile(r"[a-z](?:[a-z0-9]|[.-](?![.-]))*(?<![.-])")
_RESERVED = ("com.docker.", "io.docker.", "org.dockerproject.")
_ASKED_FOR = ("com.docker.extension.", "com.docker.desktop.")
"""What Docker itself wants from the images of its extensions (Docker Extensions, "Extension image labels")."""


@rule(
    "label-schema",
    severity=Severity.WARNING,
    category=Category.MAINTAINABILITY,
    default="config",
    keywords=("FROM",),
    aliases=("DL3048", "DL3049", "S7028", "DF074"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A label that the policy requires is missing, or a label's key is not one."""
    required = change.policy.required_labels
    if not required and "label-schema" not in change.policy.rules:
        return
    for stage, _ in change.shipped():
        missing = [key for key in required if key not in stage.image.labels and not is_given_by_build(change, key)]
        if missing:
            yield _missing(stage, missing)
    for stage in change.stages:
        yield from _invalid(stage)


def _missing(stage: Stage, missing: list[str]) -> Problem:
    names = listed(map(quote, missing))
    example = quote(f'LABEL {missing[0]}="…"')
    told = "what this label says" if len(missing) == 1 else "what these labels say"
    known = stage.root.is_scratch or stage.facts is not None
    return Problem(
        stage.from_.span,
        f"{stage.label} ships without {names}, which the policy requires. Whoever finds the running container cannot "
        f"tell from it {told}.{_left_behind(stage, missing)} Add {example}.",
        Confidence.CERTAIN if known and not _has_open_key(stage) else Confidence.LIKELY,
        doubt="a build may name the label" if known else "the base image may bring it",
        stage=stage.key,
        key=" ".join(missing),
    )


def _has_open_key(stage: Stage) -> bool:
    """Whether a label's name is left to the build."""
    labels = (step for step in stage.all_steps if step.instruction.keyword == "LABEL")
    return any(step.scope.expand(name.text) is None for step in labels for name, _ in step.instruction.pairs)


def _left_behind(stage: Stage, missing: list[str]) -> str:
    """Name a stage that has one of the labels, which do not ship with what is copied out of it."""
    for other in stage.model.stages:
        for key in missing:
            found = other.image.labels.get(key)
            if found is not None and found.instruction is not None and not other.files_ship:
                line = found.instruction.line
                return f" The one of {quote(key)} on line {line} stays in its stage, {other.label}."
    return ""


def _invalid(stage: Stage) -> Iterator[Problem]:
    seen: dict[str, Word] = {}
    for step in stage.steps:
        for name, _ in step.instruction.pairs if step.instruction.keyword == "LABEL" else ():
            key = step.scope.expand(name.text)
            fault = _fault(key, seen) if key else None
            if key and fault:
                yield Problem(
                    name.span,
                    f"{stage.label} has the label {quote(key)}: {fault}.",
                    instruction=step.instruction,
                    stage=stage.key,
                    key=key,
                )
            if key:
                seen.setdefault(key, name)


def _fault(key: str, seen: dict[str, Word]) -> str | None:
    if key.startswith(_RESERVED) and not key.startswith(_ASKED_FOR):
        return "names that begin so are reserved for Docker's own use"
    if key in seen:
        return f"it is set on line {seen[key].span.line} already, and this value replaces that one"
    if not _KEY.fullmatch(key):
        return (
            "keys are lower-case letters, digits, single dots and hyphens, from a letter on (Docker's guidelines for "
            "labels); what reads the label has to change with it"
        )
    return None
