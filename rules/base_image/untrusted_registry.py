"""See untrusted_registry.md."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from rules.api import (
    Category,
    DockerfileChange,
    ImageReference,
    Problem,
    Severity,
    Span,
    Stage,
    quote,
    rule,
)
from rules.copying.foreign_images import foreign_images


@rule(
    "untrusted-registry",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    default="config",
    keywords=("FROM",),
    aliases=("DL3026", "DF065", "DF073"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An image comes from a registry that the policy does not list."""
    allowed = change.policy.registries
    if not allowed:
        return
    for stage in change.stages:
        for reference, span in _images(stage):
            if not any(_covers(pattern, reference) for pattern in allowed):
                yield _problem(stage, reference, span, allowed)


def _images(stage: Stage) -> Iterator[tuple[ImageReference, Span]]:
    """Yield the images that a stage starts from, copies out of or mounts."""
    if stage.reference is not None and stage.base_word is not None:
        yield stage.reference, stage.base_word.span
    yield from foreign_images(stage)


def _covers(pattern: str, reference: ImageReference) -> bool:
    """Tell whether an entry covers an image: a registry, `*.example.com`, or a registry with the start of a path."""
    host, slash, path = pattern.rstrip("/").partition("/")
    if host == "*" or not fnmatchcase(reference.registry, host):
        return host == "*"
    return not slash or reference.path == path or reference.path.startswith(f"{path}/")


def _problem(stage: Stage, reference: ImageReference, span: Span, allowed: tuple[str, ...]) -> Problem:
    return Problem(
        span,
        f"{stage.label} takes {quote(reference.text)} from {quote(reference.registry)}, which the policy does not "
        f"allow. Allowed: {', '.join(map(quote, allowed))}. Mirror the image there, or add its registry to the policy.",
        stage=stage.key,
        key=reference.familiar,
    )
