"""What is known of an image that a message may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.dockerfile.reference import parse_reference
from rules.facts.images import image_facts

if TYPE_CHECKING:
    from rules.facts.images import ImageFacts


def facts_named(name: str | None) -> ImageFacts | None:
    """Return what is known of an image by its name, such as `python:3.12-slim`; `None` also where none is named."""
    reference = parse_reference(name) if name is not None else None
    return image_facts(reference) if reference is not None else None
