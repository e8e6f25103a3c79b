"""See digest_not_renewed.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
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
from rules.facts.eol import codenames

_NUMBERS = re.compile(r"\d+(?:\.\d+)*")
_ALPINE = re.compile(r"alpine\d*(?:\.\d+)*")

_DATE = re.compile(r"20\d{6}")
_KINDS = (
    frozenset({"alpine", "slim", "windowsservercore", "nanoserver"}),
    frozenset({"jdk", "jre"}),
    frozenset({"apache", "cli", "fpm"}),
)
"""Words of tags of which an image can be one only."""


@rule(
    "digest-not-renewed",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("FROM", "COPY"),
    mentions=("sha256:",),
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
    """Whether the versions of two tags, or the systems in them, contradict one another.

    `22` and `22.4` may be one image, `22.3` is another; so are `alpine3.22` and `alpine`, and `bookworm`.
    """
    if _is_other_system(_system(was), _system(now)):
        return True
    if _is_other_kind(was, now):
        return True
    if was != now and _NUMBERS.sub("#", was) == _NUMBERS.sub("#", now):
        return any(map(_differ, _NUMBERS.findall(was), _NUMBERS.findall(now)))  # `17-3.5` and `17-3.6`
    numbers, others = _NUMBERS.search(was), _NUMBERS.search(now)
    if numbers is None or others is None or _is_date(numbers[0]) != _is_date(others[0]):
        return False  # `24.04` and `noble-20250805` may be one image
    return _differ(numbers[0], others[0])


def _differ(one: str, other: str) -> bool:
    """Whether two numbers contradict one another, of which the longer one may be the shorter one made exact."""
    return any(first != second for first, second in zip(one.split("."), other.split("."), strict=False))


def _is_date(number: str) -> bool:
    """Whether a number is a day on which an image was built: `20250805`."""
    return _DATE.fullmatch(number) is not None


def _is_other_kind(was: str, now: str) -> bool:
    """Whether one tag names a kind of image that the other's cannot be: `alpine` and `slim`, `jdk` and `jre`."""
    first, second = (
        frozenset(tag.split("-")) | {part.rstrip(".0123456789") for part in tag.split("-")} for tag in (was, now)
    )
    return any(first & kinds and second & kinds and not first & second & kinds for kinds in _KINDS)


def _system(tag: str) -> str:
    """Return what a tag says of the system: a codename of Debian's or Ubuntu's, or Alpine with its release."""
    return next((part for part in tag.split("-") if part in codenames() or _ALPINE.fullmatch(part)), "")


def _is_other_system(first: str, second: str) -> bool:
    if not first or not second or first == second:
        return False
    alpine = first.startswith("alpine") and second.startswith("alpine")
    return not alpine or "alpine" not in (first, second)  # without a release it is any


def _problem(stage: Stage, word: Word, reference: ImageReference, was: str) -> Problem:
    digest = reference.digest or ""
    return Problem(
        word.span,
        f"{stage.label} still takes the image of {quote(was)}: the tag is now {quote(reference.tag or '')}, but the "
        f"digest behind it, {quote(digest[:19] + '…')}, is the old one, and a digest wins over the tag. Nothing "
        "changes. Write the digest of the new tag.",
        Confidence.LIKELY,
        doubt="the digest may be that of the new tag already",
        stage=stage.key,
        key=reference.repository,
        decision=f"{reference.text} {digest}",
    )
