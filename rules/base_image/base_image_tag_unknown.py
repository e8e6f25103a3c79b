"""See base_image_tag_unknown.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, is_unpublished, quote, rule, tags_date

_WITHOUT_VERSION = re.compile(r"[a-z-]+$")


@rule(
    "base-image-tag-unknown",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """FROM names a tag that an official image has never had."""
    for stage in change.stages:
        reference, facts, word = stage.reference, stage.facts, stage.base_word
        if reference is None or word is None or reference.digest is not None:
            continue
        if not is_unpublished(reference) if facts is None else facts.listed is not False:
            continue
        if reference.tag is None or not _WITHOUT_VERSION.fullmatch(reference.tag):
            continue  # a version may be newer than the table
        name = quote(reference.path.rpartition("/")[2])
        yield Problem(
            word.span,
            f"{quote(reference.text)} does not exist: the official image {name} has no tag "
            f"{quote(reference.tag)} (as of {tags_date()}). The build stops at this line.",
            Confidence.LIKELY,
            doubt="the tag may be newer than the table of tags",
            stage=stage.key,
            key=reference.text,
        )
