"""See base_image_tag_unknown.md."""

import re
from collections.abc import Iterator
from itertools import permutations

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    ImageReference,
    Note,
    Problem,
    Severity,
    Stage,
    is_unpublished,
    quote,
    rule,
    tags_date,
)
from rules.base_image.named_images import facts_named
from rules.facts.images import newer_systems
from rules.quoting import listed

_LATEST = "latest-"
_PARTS = 4
"""Parts of a tag whose order is tried."""
_NAMED = 3
"""So many systems are named."""
_WITHOUT_VERSION = re.compile(r"[a-z-]+$")


@rule(
    "base-image-tag-unknown",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """FROM names a tag that an official image has never had."""
    alike: dict[str, list[Stage]] = {}
    for stage in change.stages:
        if stage.reference is not None and stage.base_word is not None and stage.reference.digest is None:
            alike.setdefault(stage.reference.text, []).append(stage)
    for stages in alike.values():
        why = _why(stages[0])
        if why is not None:
            yield _problem(stages, *why)


def _why(stage: Stage) -> tuple[str, str] | None:
    """Return how it is known that a tag never was, and what may overturn it."""
    reference, facts = stage.reference, stage.facts
    assert reference is not None, "the caller looked"
    newer = newer_systems(reference)
    if newer:
        return _of_systems(newer), "the table of tags may leave one out"
    if not is_unpublished(reference) if facts is None else facts.listed is not False:
        return None
    if reference.tag is None or not _WITHOUT_VERSION.fullmatch(reference.tag):
        return None  # a version may be newer than the table
    return f"has no tag {quote(reference.tag)}", "the tag may be newer than the table of tags"


def _of_systems(newer: tuple[str, ...]) -> str:
    """Say for which systems a version was published, all of them later than the one that is asked for."""
    systems = listed(map(quote, newer[:_NAMED]))
    later = " and later" if len(newer) > _NAMED else ""
    return f"has that version for {systems}{later}, and builds none for an older system afterwards"


def _meant(reference: ImageReference) -> str:
    """Name the tag with the same words in the order that is published, or say what `latest` stands in the place of."""
    tag = reference.tag or ""
    if tag.startswith(_LATEST) and _is_listed(reference, tag.removeprefix(_LATEST)):
        return " Name a version in the place of `latest`."
    parts = tag.split("-")
    orders = ("-".join(order) for order in permutations(parts)) if 1 < len(parts) <= _PARTS else ()
    found = next((one for one in orders if _is_listed(reference, one)), None)
    return f" The tag is called {quote(found)}." if found is not None else ""


def _is_listed(reference: ImageReference, tag: str) -> bool:
    facts = facts_named(reference.with_tag(tag))
    return facts is not None and facts.listed is True


def _problem(stages: list[Stage], how: str, doubt: str) -> Problem:
    """Speak once of a reference, at the first stage upon it."""
    stage, *others = stages
    reference, word = stage.reference, stage.base_word
    assert reference is not None, "the caller looked"
    assert word is not None, "the caller looked"
    name = quote(reference.path.rpartition("/")[2])
    return Problem(
        word.span,
        f"{quote(reference.text)} does not exist: the official image {name} {how} (as of {tags_date()}). The build "
        f"stops at this line.{_meant(reference)}",
        Confidence.LIKELY,
        doubt=BY_ARGUMENT if "$" in word.text else doubt,
        stage=stage.key,
        key=reference.text,
        notes=tuple(Note(other.from_.span, "the same tag") for other in others),
    )
