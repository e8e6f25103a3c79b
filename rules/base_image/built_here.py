"""Images that the repository builds itself, and that another of its Dockerfiles starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import parse_reference
from rules.facts.names import table_name

if TYPE_CHECKING:
    from rules.api import DockerfileChange, ImageReference


def is_built_here(change: DockerfileChange, reference: ImageReference) -> bool:
    """Tell whether the repository builds the image from another of its Dockerfiles: what moves it is a commit here."""
    built = (
        parse_reference(text)
        for build in change.repository.builds
        if build.dockerfile != change.path
        for text in build.images
        if "$" not in text
    )
    tag = reference.effective_tag
    return any(
        one is not None and table_name(one) == table_name(reference) and one.effective_tag == tag for one in built
    )
