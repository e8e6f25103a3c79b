"""Images that a stage takes files out of without starting from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.dockerfile.reference import parse_reference
from rules.facts.images import image_facts
from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.reference import ImageReference
    from rules.dockerfile.source import Span
    from rules.model.model import Model
    from rules.model.stage import Stage
    from rules.model.steps import Copy


def foreign_images(stage: Stage) -> Iterator[tuple[ImageReference, Span]]:
    """Yield each external image that a stage copies from or mounts, with the place of the flag's value."""
    yield from ((reference, span) for _, reference, span in foreign_copies(stage))
    for run in stage.runs:
        for mount in run.mounts if run.instruction.flags else ():
            text = mount.options.get("from", "")
            reference = parse_reference(text) if text else None
            if (
                reference is not None
                and _is_image(stage, reference)
                and stage.model.copied_stage(text, stage.index) is None
            ):
                yield reference, mount.flag.value_span


def foreign_copies(stage: Stage) -> Iterator[tuple[Copy, ImageReference, Span]]:
    """Yield each COPY out of an external image, with that and the place of the flag's value."""
    for copy in stage.copies:
        flag = copy.instruction.flag("from")
        if copy.from_image is not None and flag is not None and _is_image(stage, copy.from_image):
            yield copy, copy.from_image, flag.value_span


def _is_image(stage: Stage, reference: ImageReference) -> bool:
    """Whether a name is an image's: a bare word that none has may be a named context or a misspelt stage."""
    if any(mark in reference.text for mark in "/:@"):
        return True
    return image_facts(reference) is not None and reference.text.lower() not in _names(stage.model)


@once
def _names(model: Model) -> frozenset[str | None]:
    return frozenset(stage.name for stage in model.stages)
