"""See registry_misspelt.md."""

from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    ImageReference,
    Problem,
    Severity,
    Span,
    Stage,
    nearest,
    quote,
    replace,
    rule,
)
from rules.base_image.taken_images import taken_images

_REGISTRIES = (
    "docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "icr.io",
    "nvcr.io",
    "lscr.io",
    "cgr.dev",
    "k8s.gcr.io",
    "registry.k8s.io",
    "public.ecr.aws",
    "mcr.microsoft.com",
    "docker.elastic.co",
    "registry.gitlab.com",
    "registry.redhat.io",
    "registry.access.redhat.com",
)
"""Public registries, as their operators write them."""
_SHORTEST = 7
"""Letters of a name that is no other's by one slip: `gcr.io`, `icr.io` and `ocr.io` are three registries."""

_LONG = 9
"""Letters of a name beside which nobody gives a registry a name of a slip's difference: `cr.dev` may be anybody's."""

_ENDINGS = frozenset({"com", "org", "net", "co", "dev", "app", "cr", "in", "ai"})
"""What stands for `.io` in a name that was written from memory."""
_SITE = "docker.com"
"""Docker's own, which answers no pull: whoever writes it is not sent to a stranger."""
_OWN = 4
"""Letters before the ending that nobody else's registry has by chance."""


@rule(
    "registry-misspelt",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An image comes from a registry whose name is a public one's but for one slip."""
    for stage in change.stages:
        for reference, span in taken_images(stage):
            meant = _meant(reference.registry)
            if meant is not None and reference.registry not in change.policy.registries:
                yield _problem(change, stage, reference, span, meant)


def _meant(registry: str) -> str | None:
    """Return the registry that was probably meant.

    One letter is too many, too few, wrong, or swapped with the next; or the last part of the name is another one.
    """
    name = registry.lower()  # as every name of a host
    if name in _REGISTRIES or "." not in name or ":" in name:
        return None
    own, _, ending = name.rpartition(".")
    if ending in _ENDINGS and f"{own}.io" in _REGISTRIES:
        return f"{own}.io" if len(own) >= _OWN else None  # `gcr.dev` is as near to `gcr.io` as to `cgr.dev`
    return nearest(name, (one for one in _REGISTRIES if len(one) >= _SHORTEST), slips=1)


def _problem(change: DockerfileChange, stage: Stage, reference: ImageReference, span: Span, meant: str) -> Problem:
    written = change.source.cut(span)
    at = written.find(reference.registry)
    literal = at >= 0 and "$" not in written[: at + len(reference.registry)]
    place = change.source.span(span.start + at, span.start + at + len(reference.registry)) if literal else span
    return Problem(
        span,
        f"{stage.label} takes {quote(reference.text)} from {quote(reference.registry)}, which is "
        f"{_consequence(reference.registry, meant)} Write {quote(meant)}.",
        Confidence.CERTAIN if literal and len(meant) >= _LONG else Confidence.LIKELY,
        doubt="the registry may be your own" if literal else BY_ARGUMENT,
        stage=stage.key,
        key=reference.registry,
        fix=Fix(f"Write {quote(meant)}", (replace(change.source, place, meant),)) if literal else None,
    )


def _consequence(registry: str, meant: str) -> str:
    if registry.lower() == _SITE:
        return "Docker's site and no registry. The build stops here."
    return (
        f"{quote(meant)} but for a slip. Such names are registered by others: whoever owns it hands out the image, "
        "and is sent the password of whoever logs in there."
    )
