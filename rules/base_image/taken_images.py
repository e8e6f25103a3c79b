"""The images that a stage takes something from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.copying.stages.foreign_images import foreign_images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import ImageReference, Span, Stage


def taken_images(stage: Stage) -> Iterator[tuple[ImageReference, Span]]:
    """Yield the images that a stage starts from, copies out of or mounts, each with the place that names it."""
    word = stage.base_word  # a build may put the registry in front of it
    if stage.reference is not None and word is not None and not stage.model.has_open_prefix(word.text):
        yield stage.reference, word.span
    yield from foreign_images(stage)
