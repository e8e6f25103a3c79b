"""See untrusted_registry.md."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    ImageReference,
    Problem,
    Severity,
    Span,
    Stage,
    image_facts,
    quote,
    rule,
)
from rules.base_image.taken_images import taken_images

_HTTPS = ":443"
"""The port that is meant where none is written."""


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
        for reference, span in taken_images(stage):
            if not any(_covers(pattern, reference) for pattern in allowed):
                yield _problem(stage, reference, span, allowed, _doubt(reference, change.source.cut(span)))


def _covers(pattern: str, reference: ImageReference) -> bool:
    """Tell whether an entry covers an image: a registry, `*.example.com`, or a registry with the start of a path."""
    host, slash, path = pattern.rstrip("/").partition("/")
    registry = reference.registry.removesuffix(_HTTPS)
    if host == "*" or not fnmatchcase(registry, host.removesuffix(_HTTPS)):
        return host == "*"
    return not slash or reference.path == path or reference.path.startswith(f"{path}/")


def _doubt(reference: ImageReference, written: str) -> str:
    """Say what may bring the image from elsewhere: another value, or a name that is an image's of this machine only."""
    if "$" in written.partition("@")[0].rpartition(":")[0] or "$" in written.partition(":")[0]:
        return BY_ARGUMENT
    bare = "/" not in reference.written_name and image_facts(reference) is None
    return "the name may be that of a build context, or of an image that is built on the spot" if bare else ""


def _problem(stage: Stage, reference: ImageReference, span: Span, allowed: tuple[str, ...], doubt: str) -> Problem:
    return Problem(
        span,
        f"{stage.label} takes {quote(reference.text)} from {quote(reference.registry)}, which the policy does not "
        f"allow. Allowed: {', '.join(map(quote, allowed))}. Mirror the image there, or add its registry to the policy.",
        Confidence.LIKELY if doubt else Confidence.CERTAIN,
        doubt=doubt,
        stage=stage.key,
        key=reference.familiar,
        decision=reference.familiar,
    )
