"""See base_image_loosened.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    ImageReference,
    Problem,
    Severity,
    Stage,
    quote,
    replace,
    rule,
)
from rules.base_image.lost_digests import WITHOUT_DIGEST, elsewhere, short
from rules.base_image.meant_moving import is_meant_to_be_full, is_meant_to_move
from rules.base_image.tags import (
    gains_compilers,
    is_over,
    moves,
    names_release,
    names_variant_only,
    read_tag,
    without_release,
)
from rules.copying.outputs.machine_code import machine_code
from rules.facts.names import same_image
from rules.model.lineage import built_upon
from rules.purpose import is_named_for_development

_DATE = re.compile(r"[-.]20\d{6}(?:\.\d+)?(?=$|-)")
"""The day of a system's build in its tag: `bookworm-20241016-slim`."""
_FORGOTTEN = 182
"""Days after the end of a line from which on a pin of one of its releases was nobody's care any more."""
_FULL = 3
"""Numbers of a version that names one release and no line of them: major, minor, patch."""
_TESTED = "name the release that was tested, or, where builds are to follow the line, say so in a comment"


class Loosened(NamedTuple):
    """What a reference lost.

    Attributes:
        fact: Behind the stage's name.
        then: What follows from it.
        restore: Whether the old reference can be put back without taking anything else back.
        about_size: Whether only the image that ships suffers.
        renewed: Whether the line before was over for long, so that the change brings more than it takes.
        as_root: Whether it is the user that is lost.
    """

    fact: str
    then: str
    restore: bool
    about_size: bool = False
    renewed: bool = False
    as_root: bool = False


@rule(
    "base-image-loosened",
    severity=Severity.WARNING,
    category=Category.REPRODUCIBILITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change makes a base image less specific, or larger."""
    for stage in change.stages:
        was = change.was(stage)
        old, new = (was.reference if was is not None else None), stage.reference
        if was is None or old is None or new is None or old.text == new.text or _chosen_elsewhere(stage, was):
            continue
        found = (
            _loosened(change, old, new)
            or _with_compilers(stage, was, old, new)
            or _shorter(change, stage, old, new)
            or _without_system(change, old, new)
            or _without_alpine(stage, old, new)
            or _as_root(stage, was, old, new)
        )
        if found is not None and same_image(old, new) and old.repository != new.repository:
            found = found._replace(restore=False)  # which would take the mirror back as well
        if found is not None and (stage.layers_ship or not found.about_size):
            yield _problem(change, stage, was, found)
    yield from elsewhere(change)


def _chosen_elsewhere(stage: Stage, was: Stage) -> bool:
    """Whether the reference now comes from an ARG that it did not come from: the build may set what it was."""
    now = stage.base_word.text if stage.base_word is not None else ""
    before = was.base_word.text if was.base_word is not None else ""
    return "$" in now and "$" not in before


def _loosened(change: DockerfileChange, old: ImageReference, new: ImageReference) -> Loosened | None:
    names = f"from {quote(short(old))} to {quote(new.text)}"
    same = same_image(old, new)
    if old.digest is not None and new.digest is None:
        return Loosened(f"goes {names} and loses its digest", WITHOUT_DIGEST, restore=same and old.tag == new.tag)
    if not same:
        return None
    return None if new.digest is not None else _loosened_tag(change, old, new, names)


def _loosened_tag(change: DockerfileChange, old: ImageReference, new: ImageReference, names: str) -> Loosened | None:
    before, after = read_tag(old.tag), read_tag(new.tag)
    if before.is_early and not after.is_early:
        return None  # from a release candidate to what was released
    unnumbered = not after.version and before.variant == f"-{new.tag}"  # `0.5.4-python3.12` to `python3.12`
    if (moves(new.tag or "latest") or names_variant_only(new) or unnumbered) and before.version:
        return _moving(new, names)
    undated = _DATE.sub("", old.tag or "")
    shortened = bool(after.version) and after.is_part_of(before)
    if (shortened or undated == new.tag != old.tag) and not is_over(change, new):
        return Loosened(
            f"goes {names}, which names less of the release",
            f"Builds then take whatever {quote(after.number if shortened else new.tag or '')} is that day; {_TESTED}",
            restore=before.variant == after.variant,
        )
    return None


def _moving(new: ImageReference, names: str) -> Loosened:
    """Judge a tag that moves: within the release that the image's own name says, or from release to release."""
    if names_release(new.path):
        return Loosened(
            f"goes {names}, which names less of the release",
            f"Builds then take whatever is newest within it that day; {_TESTED}",
            restore=True,
        )
    return Loosened(
        f"goes {names}, which moves from release to release",
        "The next build may take another major version without any change in the repository. Name the release, "
        "or, where the newest is wanted, say so in a comment",
        restore=True,
    )


def _with_compilers(stage: Stage, was: Stage, old: ImageReference, new: ImageReference) -> Loosened | None:
    """Find the variant with compilers in the place of a small one. A tag without suffix alone says nothing of it."""
    if new.digest is not None or not gains_compilers(was, stage):
        return None
    full = stage.facts is not None and stage.facts.full
    brings = "compilers, headers and hundreds of packages more" if full else "compilers and headers"
    return Loosened(
        f"goes from {quote(short(old))} to {quote(new.text)}, {'the full image' if full else 'which has compilers'}",
        f"It brings {brings} to pull and to patch. If one package was missing, install that one; "
        "where most of it is needed, say so in a comment",
        restore=read_tag(old.tag).version == read_tag(new.tag).version,
        about_size=True,
    )


def _shorter(change: DockerfileChange, stage: Stage, old: ImageReference, new: ImageReference) -> Loosened | None:
    """Find another release line that is named as a line, where one release of the old line was named.

    Of a line that is over no release comes any more, here as where the same line is named.
    """
    before, after = read_tag(old.tag), read_tag(new.tag)
    known = same_image(old, new) and new.digest is None and stage.facts is not None
    if not known or before.is_early or not after.version or not len(before.version) >= _FULL > len(after.version):
        return None
    if is_over(change, new):
        return None
    return Loosened(
        f"goes from {quote(short(old))} to {quote(new.text)}, which names less of the release",
        f"Builds then take whatever {quote(after.number)} is that day; {_TESTED}",
        restore=False,
        renewed=is_over(change, old, days=_FORGOTTEN),
    )


def _without_system(change: DockerfileChange, old: ImageReference, new: ImageReference) -> Loosened | None:
    """Find a tag that loses the system's release in it, `-slim-bookworm` to `-slim`, unless that one is over."""
    before, after = read_tag(old.tag), read_tag(new.tag)
    named = same_image(old, new) and bool(before.version) and bool(after.version)
    if not named or new.digest is not None or is_over(change, old):
        return None
    rest = without_release(before.variant)
    if rest is None or without_release(after.variant) is not None or ("alpine" in rest) != ("alpine" in after.variant):
        return None
    return Loosened(
        f"goes from {quote(short(old))} to {quote(new.text)}, which no longer names the system's release",
        "A later build may bring another one, with other versions of its packages, without any change in the "
        f"repository; {_TESTED}",
        restore=before.version == after.version and rest == after.variant,
    )


def _without_alpine(stage: Stage, old: ImageReference, new: ImageReference) -> Loosened | None:
    """Find a tag of an image not listed that names Alpine no longer, though what stands upon it calls `apk`."""
    before, after = read_tag(old.tag), read_tag(new.tag)
    named = same_image(old, new) and bool(before.version) and bool(after.version)
    if not named or stage.facts is not None or new.digest is not None:
        return None
    call = next((command for one in built_upon(stage) for run in one.runs for command in run.calls("apk")), None)
    if "alpine" not in before.variant or after.variant or call is None:
        return None
    return Loosened(
        f"goes from {quote(short(old))} to {quote(new.text)}, which no longer names Alpine",
        f"Line {call.line} calls `apk`: it stops the build on the day that the tag stands upon another system. Name "
        "the system again where the publisher has such a tag",
        restore=False,
    )


def _as_root(stage: Stage, was: Stage, old: ImageReference, new: ImageReference) -> Loosened | None:
    """Find an image that starts as root where its variant before did not, and no instruction sets another user."""
    if stage.facts is None or was.facts is None or stage.image.user.set_in_file:
        return None
    if not same_image(old, new) and was.facts.name not in stage.facts.relatives.nonroot:
        return None
    if was.facts.runs_as_root is not False or stage.facts.runs_as_root is not True:
        return None
    besides = ", or set `USER`" if same_image(old, new) else ""  # another image's folders may be root's alone
    return Loosened(
        f"goes from {quote(short(old))} to {quote(new.text)}, which starts as root",
        f"The variant before ran as {quote(was.facts.user or 'nonroot')}. Take it again{besides}",
        restore=old.repository == new.repository or old.tag == new.tag,
        about_size=True,
        as_root=True,
    )


def _problem(change: DockerfileChange, stage: Stage, was: Stage, found: Loosened) -> Problem:
    word, old = stage.base_word, was.base_word
    assert word is not None, "a stage with a reference has a word for it"
    fix = None
    over = was.reference is not None and is_over(change, was.reference)
    plain = old is not None and "$" not in f"{word.text}{old.text}"
    if old is not None and plain and found.restore and not over and not _takes_newer_programs(change, stage, was):
        fix = Fix("Go back to the reference before", (replace(change.source, word.span, old.text),))
    confidence, doubt = _certainty(change, word.text, found)
    return Problem(
        word.span,
        f"{stage.label} {found.fact}. {found.then}.",
        confidence,
        doubt=doubt,
        instruction=stage.from_,
        stage=stage.key,
        decision=found.fact,
        cause=f"{stage.key} as root" if found.as_root else "",
        fix=fix,
        untold=_is_meant(change, stage, found),
    )


def _certainty(change: DockerfileChange, reference: str, found: Loosened) -> tuple[Confidence, str]:
    """Return how sure the finding is, and what could overturn it."""
    if change.identity != change.path:  # the files of several systems are much alike
        return Confidence.POSSIBLE, f"this may be another image than that of {quote(change.identity)}, which is gone"
    if found.renewed:
        return Confidence.POSSIBLE, "the pin before was of a line that ended long ago"
    return (Confidence.LIKELY, BY_ARGUMENT) if "$" in reference else (Confidence.CERTAIN, "")


def _is_meant(change: DockerfileChange, stage: Stage, found: Loosened) -> bool:
    """Whether a comment says that it is, or people work in the image, where a larger one is no loss."""
    if not found.about_size:
        return is_meant_to_move(stage)
    return not found.as_root and (is_meant_to_be_full(stage) or is_named_for_development(change, stage))


def _takes_newer_programs(change: DockerfileChange, stage: Stage, was: Stage) -> bool:
    """Whether a stage takes programs out of one that the change moved: the old image may have too old a C library."""
    old = was.runtime.glibc
    for copy in stage.copies:
        builder = copy.from_stage
        before = change.was(builder) if builder is not None else None
        if builder is None or (before is not None and before.root.base_text == builder.root.base_text):
            continue
        linked = builder.runtime.glibc
        fits = (was.runtime.libc == builder.runtime.libc == "musl") or (
            old is not None and linked is not None and old >= linked
        )
        if not fits and machine_code(stage, copy) is not None:
            return True
    return False
