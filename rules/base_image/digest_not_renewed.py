"""See digest_not_renewed.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    ImageReference,
    Model,
    Problem,
    Severity,
    Stage,
    Word,
    parse_reference,
    quote,
    rule,
)

_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


@rule(
    "digest-not-renewed",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("FROM", "COPY"),
    mentions=("@sha256:",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change names another version of an image, and the digest behind it stays."""
    assert change.before is not None
    old: dict[tuple[str, str], set[str]] = {}
    for _, _, reference in _references(change.before):
        old.setdefault((reference.repository, reference.digest or ""), set()).add(reference.tag or "")
    for stage, word, reference in _references(change.after):
        tags = old.get((reference.repository, reference.digest or ""), set())
        tag = reference.tag or ""
        if tags and all(_is_other(known, tag) for known in tags):
            yield _problem(stage, word, reference, max(tags))


def _references(model: Model) -> Iterator[tuple[Stage, Word, ImageReference]]:
    """Yield the images that the file names with a tag and a digest, each with its stage and the word that names it."""
    for stage in model.stages:
        words = [stage.base_word] if stage.base_stage is None else []
        flags = (copy.instruction.flag("from") for copy in stage.copies)
        words += [Word(flag.value, flag.value_span) for flag in flags if flag is not None and flag.value]
        for word in words:
            text = stage.model.global_scope.expand(word.text) if word is not None else None
            reference = parse_reference(text) if text else None
            if word is not None and reference is not None and reference.digest and reference.tag:
                yield stage, word, reference


def _is_other(was: str, now: str) -> bool:
    """Whether the versions of two tags contradict one another: `22` and `22.4` may be one image, `22.3` is another."""
    first, second = _NUMBERS.search(was), _NUMBERS.search(now)
    if first is None or second is None:
        return False
    pairs = zip(first[0].split("."), second[0].split("."), strict=False)
    return any(one != other for one, other in pairs)


def _problem(stage: Stage, word: Word, reference: ImageReference, was: str) -> Problem:
    digest = reference.digest or ""
    return Problem(
        word.span,
        f"{stage.label} still takes the image of {quote(was)}: the tag is now {quote(reference.tag or '')}, but the "
        f"digest behind it, {quote(digest[:19] + '…')}, is the old one, and a digest wins over the tag. Nothing is "
        "upgraded. Write the digest of the new tag.",
        stage=stage.key,
        key=reference.repository,
    )
