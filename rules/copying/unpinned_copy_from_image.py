"""See unpinned_copy_from_image.md."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace as replaced

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    ImageReference,
    Model,
    Problem,
    Severity,
    Span,
    Stage,
    comments_on,
    quote,
    replace,
    rule,
)
from rules.base_image.built_here import is_built_here
from rules.base_image.tags import moves
from rules.comments import is_meant_to_move
from rules.copying.stages.foreign_images import foreign_images
from rules.facts.names import table_name

_KNOWN = re.compile(r"\b(?:latest|newest|un-?pinned)\b", re.IGNORECASE)
"""What a comment says whose author sees that it moves, whether or not it says why."""
_RELEASE = re.compile(r"v?\d+(?:\.\d+)+")


@rule(
    "unpinned-copy-from-image",
    severity=Severity.WARNING,
    category=Category.REPRODUCIBILITY,
    keywords=("COPY", "RUN"),
    mentions=("from=",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file is taken out of an image without a tag, or with one that moves."""
    contexts = {name for build in change.repository.builds_of(change.path) for name in build.contexts}
    found = [
        (stage, reference, span)
        for stage in change.stages
        for reference, span in foreign_images(stage)
        if _is_loose(reference) and reference.text not in contexts
    ]
    tagged = _tagged(change) if found else {}
    for stage, reference, span in found:
        said = _said(stage, span)
        problem = _problem(stage, reference, span, _fix(change, reference, span, tagged))
        yield replaced(problem, untold=_is_known(change, reference, said), minor=_KNOWN.search(said) is not None)
    for stage, reference, span in _by_stages(change.after):
        if _is_loose(reference):
            yield replaced(_problem(stage, reference, span, None), untold=True)


def _is_known(change: DockerfileChange, reference: ImageReference, said: str) -> bool:
    """Whether it moves with commits of the repository, which builds the image, or on purpose."""
    return is_meant_to_move(said) or is_built_here(change, reference)


def _is_loose(reference: ImageReference) -> bool:
    return reference.digest is None and moves(reference.tag or "latest")


def _said(stage: Stage, span: Span) -> str:
    """Return what the comments on a COPY say; those on a RUN with a mount speak of what it does."""
    copies = (copy for copy in stage.copies if copy.instruction.span.start <= span.start < copy.instruction.span.end)
    return next(map(comments_on, copies), "")


def _by_stages(model: Model) -> Iterator[tuple[Stage, ImageReference, Span]]:
    """Yield the images that COPYs name by a stage which is nothing else: base-image-unpinned speaks of those."""
    for stage in model.stages:
        for copy in stage.copies:
            source, flag = copy.from_stage, copy.instruction.flag("from")
            if source is not None and source.reference is not None and not source.instructions and flag is not None:
                yield stage, source.reference, flag.value_span


def _problem(stage: Stage, reference: ImageReference, span: Span, fix: Fix | None) -> Problem:
    fact = "has no tag" if reference.tag is None else "moves"
    return Problem(
        span,
        f"{stage.label} takes files out of {quote(reference.text)}, which {fact}. Whatever is published there on the "
        "day of the build goes into this image, unreviewed. Name the release that was tested, or its digest.",
        stage=stage.key,
        key=table_name(reference),
        fix=fix,
        decision=reference.text,
        of_change=True,  # one release is chosen for all Dockerfiles that a change has it copied in
    )


def _fix(
    change: DockerfileChange, reference: ImageReference, span: Span, tagged: Mapping[str, ImageReference]
) -> Fix | None:
    """Offer a tag that the file, or the file before the change, uses for the same image; never invent one."""
    written = change.source.cut(span)
    other = tagged.get(reference.repository)
    if other is None or reference.text not in written:
        return None
    edit = replace(change.source, span, written.replace(reference.text, other.text))
    return Fix(f"Use {other.text}, as elsewhere", (edit,))


def _tagged(change: DockerfileChange) -> dict[str, ImageReference]:
    """Return by repository the first tag that is a release and nothing else, in the file or as it was before.

    A tag with more to it is another variant, which may hold the files elsewhere (`uv:python3.12-bookworm-slim`).
    """
    found: dict[str, ImageReference] = {}
    for model in (change.after, *([change.before] if change.before is not None else [])):
        for other in _references(model):
            if _RELEASE.fullmatch(other.tag or ""):
                found.setdefault(other.repository, other)
    return found


def _references(model: Model) -> Iterator[ImageReference]:
    for stage in model.stages:
        if stage.reference is not None:
            yield stage.reference
        yield from (reference for reference, _ in foreign_images(stage))
