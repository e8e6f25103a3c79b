"""See base_image_unpinned.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    OS_MANAGERS,
    Category,
    Confidence,
    DockerfileChange,
    EndOfLife,
    Fix,
    ImageReference,
    Note,
    Problem,
    Severity,
    Stage,
    image_facts,
    parse_reference,
    quote,
    replace,
    rule,
)
from rules.base_image.built_here import is_built_here
from rules.base_image.choices import is_argued
from rules.base_image.meant_moving import is_meant_to_move
from rules.base_image.tags import given_up, is_over, moves, names_release, names_variant_only, read_tag
from rules.copying.stages.foreign_images import foreign_images
from rules.facts.eol import codenames
from rules.facts.names import path_name, table_name
from rules.model.audience import is_fuzzing_base

_LATEST_ONLY = (
    *("cgr.io/chainguard/", "gcr.io/distroless/", "cgr.dev/chainguard/"),
    *("distroless.dev/", "ghcr.io/distroless/"),  # where Chainguard's images were before
)
_BUILD = re.compile(r"[-.]\d{3,}$")
"""What the tag of one build ends in: `9.6-1760340943`."""
_RELEASE = re.compile(r"(?<![a-z\d.])v?\d+\.\d|\d{4,}|(?:^|-)[0-9a-f]{7,40}$")
"""What tells a release behind other words: a version with a point, a day, a commit."""
_ROLLING = frozenset({"opensuse/tumbleweed", "registry.opensuse.org/opensuse/tumbleweed", "kalilinux/kali-rolling"})
"""Distributions without releases: their images have no tag but those that move."""
_NEXT_OF_DEBIAN = frozenset({"sid", "testing", "unstable"})
_NEXT = {"fedora": "rawhide", "ubuntu": "devel", "alpine": "edge"}
"""What other distributions call theirs; of other images such a tag is a build of their developers."""
_BY_DAY = frozenset({"archlinux", "archlinux/archlinux", "manjarolinux/base"})
"""Such as have tags of a day, which a build that brings all packages up to date is not held to."""


_BY_NIGHT = re.compile(r"(?i:(?<![a-z])nightly(?![a-z])[^/]*\Z)")
"""The name of a Dockerfile that is built each night, upon what is newest then."""


@rule(
    "base-image-unpinned",
    severity=Severity.WARNING,
    category=Category.REPRODUCIBILITY,
    keywords=("FROM",),
    aliases=("DL3006", "DL3007", "DS-0001", "CKV_DOCKER_7", "S6596"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The base image has no tag, or one that moves from release to release."""
    alike: dict[str, list[Stage]] = {}
    for stage in change.stages:
        if stage.reference is not None and _is_unpinned(change, stage.reference):
            name = f"{table_name(stage.reference)}:{stage.reference.effective_tag}"
            alike.setdefault(name, []).append(stage)
    for name, stages in alike.items():
        yield _problem(change, name, sorted(stages, key=is_argued))


def _is_unpinned(change: DockerfileChange, reference: ImageReference) -> bool:
    if reference.digest is not None or _is_made_by_hand(reference):
        return False
    over = given_up(change, reference)
    if over is not None and over.withdrawn:
        return False  # no tag of it is left
    by_variant = names_variant_only(reference)
    if not by_variant and not moves(reference.tag or "latest"):
        return False
    # Nothing moves within a line that is over, which base-image-eol says.
    return not ((by_variant or _stays_in_release(reference)) and is_over(change, reference))


def _confidence(change: DockerfileChange, stage: Stage, reference: ImageReference) -> Confidence:
    """Say it quietly where the image or its line is over: another one is to be named, as base-image-eol says."""
    if is_over(change, reference):
        return Confidence.POSSIBLE
    return Confidence.LIKELY if is_argued(stage) else Confidence.CERTAIN


def _problem(change: DockerfileChange, name: str, stages: list[Stage]) -> Problem:
    """Speak once of a reference, at the first stage that writes it out; the others upon it are named there."""
    stage, *others = stages
    word, reference = stage.base_word, stage.reference
    assert word is not None, "a stage with a reference has a word for it"
    assert reference is not None, "the caller looked"
    by_argument = "$" in word.text.rpartition("/")[2]
    over = given_up(change, reference)
    weak = by_argument or names_variant_only(reference) or _stays_in_release(reference)
    return Problem(
        word.span,
        _message(reference) if over is None else _stays(reference, over),
        Confidence.POSSIBLE if _is_renewed(change, stages, reference) else _confidence(change, stage, reference),
        doubt=BY_ARGUMENT if is_argued(stage) else "another image is to be named first, which is still built",
        key=_key(change, stages, reference),
        notes=tuple(Note(other.from_.span, "the same image") for other in others),
        fix=None if _is_rolling(reference) else _same_as_elsewhere(change, stages, reference),
        severity=Severity.INFO if weak else None,
        minor=_is_rolling(reference) or change.is_for_developers,
        of_change=True,  # one release is chosen for all Dockerfiles that start from it
        fact=name,
        held_before=_was_copied_from(change, stages, reference) or _was_made_by_hand(change, stages, reference),
        untold=any(map(is_meant_to_move, stages))
        or is_fuzzing_base(reference.text)
        or is_built_here(change, reference)
        or _BY_NIGHT.search(change.path) is not None,
    )


def _tells_release(reference: ImageReference) -> bool:
    """Whether a tag has a release or a digest: `base:ubuntu`, `base:python3` and `base:amd64` move as well."""
    tag, facts = reference.tag or "", image_facts(reference)
    by_name = facts is not None and facts.kind == "os" and not codenames().isdisjoint(tag.split("-"))
    return reference.digest is not None or by_name or bool(read_tag(tag).version or _RELEASE.search(tag))


def _was_copied_from(change: DockerfileChange, stages: list[Stage], reference: ImageReference) -> bool:
    """Whether a COPY or a mount named the image before, and all that is new is the stage that it names now."""
    if change.before is None or any(stage.layers_ship or stage.instructions for stage in stages):
        return False
    before = (found for stage in change.before.stages for found, _ in foreign_images(stage))
    return any(found.text == reference.text for found in before)


def _was_made_by_hand(change: DockerfileChange, stages: list[Stage], reference: ImageReference) -> bool:
    """Whether the same name stood there, as loose, without the registry to which the image is published now."""
    olds = [was.reference if (was := change.was(stage)) is not None else None for stage in stages]
    return all(
        old is not None
        and _is_made_by_hand(old)
        and old.digest is None
        and moves(old.tag or "latest")
        and _is_same_name(old, reference)
        for old in olds
    )


def _is_same_name(one: ImageReference, other: ImageReference) -> bool:
    """Whether two images go by the same name, in whatever registry and of whatever owner."""
    return posixpath.basename(path_name(one)) == posixpath.basename(path_name(other))


def _is_renewed(change: DockerfileChange, stages: list[Stage], reference: ImageReference) -> bool:
    """Whether the build takes each day's packages upon the image on purpose, so that no digest makes it repeatable."""
    if not _stays_in_release(reference) and reference.familiar not in _BY_DAY:
        return False
    upon = [one for one in change.stages if any(stage in one.chain for stage in stages)]
    calls = (call for one in upon for run in one.runs for call in run.package_calls if call.manager in OS_MANAGERS)
    return any(
        (call.action == "upgrade" and not call.packages)
        or (call.manager == "pacman" and call.has("-u", "--sysupgrade"))
        for call in calls
    )


def _key(change: DockerfileChange, stages: list[Stage], reference: ImageReference) -> str:
    """Return what tells one image from another: another tag of it is none, nor is one put in its place as loose as it.

    An image that is loose as the one was which stood in its place is nothing that the change brought.
    """
    stages_before = [change.was(stage) for stage in stages]
    befores = [was.reference if was is not None else None for was in stages_before]
    old = befores[0]
    if (
        old is None
        or path_name(old) == path_name(reference)
        or any(one is None or path_name(one) != path_name(old) for one in befores)
    ):
        return path_name(reference)
    if not _is_unpinned(change, old) or _is_still_there(change, old):
        return path_name(reference)
    weak = (names_variant_only, _stays_in_release)
    moved = _is_same_name(old, reference)
    # Who writes no tag of another image has not looked for one.
    lost = any(loose(old) and not loose(reference) for loose in weak) or (reference.tag is None and not moved)
    # In what developers work in nothing ships: one loose image for another changes nothing for anybody.
    lost = lost and not change.is_for_developers and not all(map(_stays_in_release, (old, reference)))
    return path_name(reference) if lost else path_name(old)


def _is_still_there(change: DockerfileChange, reference: ImageReference) -> bool:
    return any(
        stage.reference is not None and path_name(stage.reference) == path_name(reference) for stage in change.stages
    )


def _is_made_by_hand(reference: ImageReference) -> bool:
    """Whether nobody publishes the image: a bare name that is no official image is built on the spot, or a context.

    Podman puts `localhost` in front of the names of what it builds.
    """
    if reference.registry == "localhost":
        return True
    return "/" not in reference.written_name and image_facts(reference) is None


def _stays_in_release(reference: ImageReference) -> bool:
    return _is_rolling(reference) or _has_no_releases(reference) or names_release(reference.path)


def _is_rolling(reference: ImageReference) -> bool:
    """Whether the tag is a distribution's next release, which whoever names it wants for what is in it."""
    suite = (reference.tag or "").split("-")[0]
    return suite in _NEXT_OF_DEBIAN or suite == _NEXT.get(posixpath.basename(path_name(reference)))


def _has_no_releases(reference: ImageReference) -> bool:
    return reference.text.startswith(_LATEST_ONLY) or reference.familiar in _ROLLING


def _stays(reference: ImageReference, over: EndOfLife) -> str:
    """Say it of an image that was given up: what has no release is then the last that was built."""
    other = quote(over.instead) if over.instead else "an image that is still built"
    return (
        f"{quote(reference.text)} names no release, and the image was given up: it stays what it was built as last. "
        f"Name a release of {other}."
    )


def _message(reference: ImageReference) -> str:
    name = quote(reference.text)
    if _has_no_releases(reference):
        return f"{name} is not pinned. Its publisher rebuilds `latest` in place; a digest makes the build repeatable."
    if names_release(reference.path) and (reference.tag or "latest") == "latest":
        return (
            f"{name} is pinned by the release in its name only: `latest` is rebuilt within it. "
            "A tag of one build, or a digest, makes the build repeatable."
        )
    if _is_rolling(reference):
        return (
            f"{name} moves with each rebuild of the suite, as it should. A digest, or the tag of one day, makes the "
            "base the same in every build."
        )
    if names_variant_only(reference):
        return (
            f"{name} names a variant and no release: it moves as `latest` does. "
            "Name the release that was tested, so that an upgrade is a change someone reviews."
        )
    if reference.tag is None:
        return (
            f"{name} has no tag, so every build takes whatever `latest` is that day. "
            "Name the release that was tested, so that an upgrade is a change someone reviews."
        )
    return (
        f"{name} moves: the same file may build another image tomorrow. "
        "Name the release that was tested, so that an upgrade is a change someone reviews."
    )


def _same_as_elsewhere(change: DockerfileChange, stages: list[Stage], reference: ImageReference) -> Fix | None:
    """Offer the tag that another stage, or another one of before the change, uses for this image; never invent one.

    The tag that stood in the same place is what the change is there to leave.
    """
    words = [stage.base_word for stage in stages if stage.base_word is not None]
    if any("$" in word.text for word in words):
        return None
    left = [change.was(stage) for stage in stages]
    models = [change.after, *([change.before] if change.before is not None else [])]
    for other in (stage for model in models for stage in model.stages if stage not in left):
        found = other.reference
        if found is not None and _is_held(change, found, reference):
            edits = tuple(replace(change.source, word.span, found.text) for word in words)
            return Fix(f"Use {found.text}, as {other.label} does", edits)
    return None


def _is_held(change: DockerfileChange, found: ImageReference, loose: ImageReference) -> bool:
    """Whether a reference names a release of the image that another one leaves open, and one that is not over."""
    if found.repository != loose.repository or moves(found.tag or "latest") or names_variant_only(found):
        return False
    if _stays_in_release(loose) and found.digest is None and not _BUILD.search(found.tag or ""):
        return False  # `8.4` in the place of the newest `ubi8`: older, and rebuilt as well
    return _tells_release(found) and not is_over(change, found) and parse_reference(found.text) is not None
