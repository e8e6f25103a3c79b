"""Images that a stage takes files out of without starting from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.dockerfile.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.reference import ImageReference
    from rules.dockerfile.source import Span
    from rules.model.stage import Stage


def foreign_images(stage: Stage) -> Iterator[tuple[ImageReference, Span]]:
    """Yield each external image that a stage copies from or mounts, with the place of the flag's value."""
    for copy in stage.copies:
        flag = copy.instruction.flag("from")
        if copy.from_image is not None and flag is not None and _is_image(copy.from_text or ""):
            yield copy.from_image, flag.value_span
    for run in stage.runs:
        for mount in run.mounts if run.instruction.flags else ():
            text = mount.options.get("from", "")
            reference = parse_reference(text) if _is_image(text) else None
            if reference is not None and stage.model.copied_stage(text, stage.index) is None:
                yield reference, mount.flag.value_span


def _is_image(text: str) -> bool:
    """Whether a name can only be an image: a bare word may be a named context or a misspelt stage."""
    return any(mark in text for mark in "/:@")
