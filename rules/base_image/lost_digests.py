"""Digests that a change takes away outside FROM: of `# syntax=`, of `COPY --from=` and of mounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.reference import parse_reference
from rules.facts.names import table_name
from rules.model.steps import Copy, Run
from rules.problem import Confidence, Problem, Severity
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.reference import ImageReference
    from rules.dockerfile.source import Span
    from rules.model.model import Model

WITHOUT_DIGEST = (
    "The tag can be pushed again with other content, so the same commit no longer builds the same image. Pin the new "
    "image by its digest too"
)
"""What follows where a digest goes."""


class _Use(NamedTuple):
    """A place that names an image: what it is called, the image, and where it stands."""

    what: str
    reference: ImageReference
    span: Span
    instruction: Instruction | None


def short(reference: ImageReference) -> str:
    """Return a reference as it is written, its digest cut short."""
    if reference.digest is None:
        return reference.text
    head, _, digest = reference.text.partition("@")
    return f"{head}@{digest[:15]}…"


def elsewhere(change: DockerfileChange) -> Iterator[Problem]:
    """Yield what loses its digest outside FROM: an image that was named with one there, and is named without one."""
    if change.before is None:
        return
    before: dict[tuple[str, str], list[ImageReference]] = {}
    for use in _uses(change.before):
        before.setdefault((use.what, use.reference.repository), []).append(use.reference)
    told: set[tuple[str, str]] = set()
    for use in _uses(change.after):
        key = (use.what, use.reference.repository)
        were = before.get(key, [])
        if use.reference.digest is None and were and all(one.digest is not None for one in were) and key not in told:
            told.add(key)
            yield _problem(use, were[0])


def _uses(model: Model) -> Iterator[_Use]:
    for directive in model.dockerfile.directives:
        reference = parse_reference(directive.value) if directive.name == "syntax" else None
        if reference is not None:
            yield _Use("`# syntax`", reference, directive.span, None)
    for stage in model.stages:
        for step in stage.steps:
            if isinstance(step, Copy) and step.from_image is not None:
                yield _Use(
                    f"`{step.instruction.keyword} --from`", step.from_image, step.instruction.span, step.instruction
                )
            elif isinstance(step, Run) and step.instruction.flags:
                for mount in step.mounts:
                    name = mount.options.get("from", "")
                    reference = parse_reference(name) if name and "$" not in name else None
                    if reference is not None and model.copied_stage(name, stage.index) is None:
                        yield _Use("`RUN --mount`", reference, step.instruction.span, step.instruction)


def _problem(use: _Use, old: ImageReference) -> Problem:
    return Problem(
        use.span,
        f"{use.what} goes from {quote(short(old))} to {quote(use.reference.text)} and loses its digest. "
        f"{WITHOUT_DIGEST}.",
        Confidence.CERTAIN,
        instruction=use.instruction,
        key=f"{use.what} {table_name(use.reference)}",
        severity=Severity.INFO if use.instruction is None else None,
    )
