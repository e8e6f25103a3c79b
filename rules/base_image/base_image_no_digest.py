"""See base_image_no_digest.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, Stage, quote, rule
from rules.base_image.built_here import is_built_here
from rules.base_image.tags import moves, names_variant_only
from rules.facts.names import table_name

_PINNED_FROM = re.compile(rb"^[ \t]*FROM[ \t][^\n]*@sha256:[0-9a-f]{64}", re.IGNORECASE | re.MULTILINE)


@rule(
    "base-image-no-digest",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="config",
    keywords=("FROM",),
    aliases=("S7023", "DF086"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The base image is not pinned by digest, although the repository pins others."""
    wanted = change.policy.rules.get("base-image-no-digest") is not None
    pinned_by = None if wanted else _pinned_elsewhere(change)
    if not wanted and pinned_by is None:
        return
    for stage in change.stages:
        reference, word = stage.reference, stage.base_word
        if reference is None or word is None or reference.digest is not None:
            continue
        if moves(reference.tag or "latest") or names_variant_only(reference):
            continue  # base-image-unpinned speaks of it
        if is_built_here(change, reference):
            continue  # it has no digest before that build, which commits here move
        if wanted or stage.index in change.after.needed_by_shipped:
            yield _problem(change, stage, pinned_by)


def _pinned_elsewhere(change: DockerfileChange) -> str | None:
    """Return what pins its images by digest: another stage, or most of the other Dockerfiles that were read."""
    for stage in change.stages:
        if stage.reference is not None and stage.reference.digest is not None:
            return stage.label
    files = change.repository.files
    others = [path for path in sorted(files) if _is_other_dockerfile(change, path)]
    pinned = [path for path in others if _PINNED_FROM.search(files[path])]
    return quote(pinned[0]) if pinned and 2 * len(pinned) >= len(others) else None


def _is_other_dockerfile(change: DockerfileChange, path: str) -> bool:
    return path != change.path and "dockerfile" in path.lower()


def _held_before(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the image is the one of before, and so are those with a digest, if only a COPY named them."""
    was = change.was(stage)
    if change.before is None or was is None or was.base_text != stage.base_text:
        return False
    digests = {one.reference.digest for one in change.stages if one.reference is not None} - {None}
    return bool(digests) and all(str(digest) in change.before.source.text for digest in digests)


def _problem(change: DockerfileChange, stage: Stage, pinned_by: str | None) -> Problem:
    word, reference = stage.base_word, stage.reference
    assert word is not None and reference is not None, "only stages with an image are reported"  # noqa: PT018 - one reason
    others = f", while {pinned_by} pins its image" if pinned_by is not None else ""
    return Problem(
        word.span,
        f"{stage.label} takes {quote(reference.text)} without a digest{others}. The tag can be pushed again with other "
        "content. Add the digest, and let Renovate or Dependabot move tag and digest together.",
        Confidence.CERTAIN if pinned_by is None else Confidence.LIKELY,
        doubt="the tag may be left to move on purpose",
        stage=stage.key,
        key=table_name(reference),
        decision=f"digests as {pinned_by}" if pinned_by is not None else "",
        held_before=_held_before(change, stage),
        untold="$" in word.text,  # a digest would not go with another value of the argument
    )
