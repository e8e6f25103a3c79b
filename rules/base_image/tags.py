"""Versions in tags: how much of a release a tag names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.eol import all_end_of_life, codenames, data_date
from rules.facts.images import image_facts
from rules.packages.build_tools.compilers import COMPILER

if TYPE_CHECKING:
    from rules.api import DockerfileChange, EndOfLife, ImageReference, Stage

MOVING_TAGS = frozenset({"latest", "edge", "nightly", "main", "master", "dev", "devel", "rawhide", "rolling", "canary"})
"""Tags that move from release to release by their name alone; `rawhide` is Fedora's, `devel` Ubuntu's next release."""

_MOVING_LINES = re.compile(
    r"(?:latest|edge|nightly|rolling|canary|main|master|stable|oldstable|testing|unstable|sid)(?:-[a-z]+)*"
    r"(?:-(?:amd64|arm64(?:v8)?|armv?[67]|x86_64))?|"
    r"latest(?:-(?:[a-z]+|(?:alpine|debian|ubuntu|ubi|php|py|python|node|ruby|jdk|java|go|pg)-?\d[\d.]*))+"
)
"""The same, and with a variant: `stable-slim`, `master-amd64`, `latest-php8.4`; any other number behind it may name one
build."""

_VARIANTS = frozenset(
    "alpine amazoncorretto apache cli community curl current dind eclipse enterprise fastcgi fpm glibc ibmjava jdk "
    "jre lts mainline management musl openjdk openssl perl sapmachine scm slim standalone temurin threaded uclibc "
    "zts".split()
)
"""Words of the official library's tags that name a variant, or the newest of a kind, and no release."""
_SYSTEMS = frozenset({"debian", "ubuntu", "buildpack-deps"})
"""Official images whose tags name the release of the system by its codename."""
_VERSIONED = re.compile(r"v?(\d+(?:\.\d+)*)(?=$|[-_+a-z])(.*)")
_SLIM = re.compile(r"(?:^|-)(?:slim|alpine|distroless|chiseled|minimal|micro|nonroot)")


_RELEASE_IN_NAME = re.compile(
    r"(?:^|[/-])(?:ubi|rhel|sles?|el|f|fedora|centos|debian|ubuntu|alpine|rockylinux|almalinux|openjdk|java|jdk|python|"
    r"nodejs|node|ruby|php|postgresql)-?\d+(?:\.\d+)*(?:sp\d+)?(?=$|[-/])|-c\d+s$"
)
_NUMBERED = re.compile(r"(alpine)\d+(?:\.\d+)*")
_EARLY = re.compile(r"-(?:rc|beta|alpha|preview|pre|ea)[.-]?\d*(?=$|-)")


def moves(tag: str) -> bool:
    """Tell whether a tag moves from release to release by its name."""
    return tag in MOVING_TAGS or _MOVING_LINES.fullmatch(tag) is not None


def names_variant_only(reference: ImageReference) -> bool:
    """Tell whether an official image's tag leaves the program's release open: `golang:alpine`, `python:trixie`."""
    parts = (reference.tag or "").split("-")
    if not all(part in _VARIANTS or part in codenames() or _NUMBERED.fullmatch(part) for part in parts):
        return False
    facts = image_facts(reference)
    if facts is None or facts.listed is not True:
        return False
    of_system = facts.kind == "os" or facts.name in _SYSTEMS
    return not of_system or all(part in _VARIANTS for part in parts)


def without_release(variant: str) -> str | None:
    """Return a variant without the system's release in it: `-slim` for `-slim-bookworm`; `None` where it names none."""
    parts = variant.split("-")
    kept = [_NUMBERED.sub(r"\1", part) for part in parts if part not in codenames()]
    return "-".join(kept) if kept != parts else None


def names_release(repository: str) -> bool:
    """Tell whether a repository's name holds the release, so that `latest` stays in it: `redhat/ubi9`."""
    return bool(_RELEASE_IN_NAME.search(repository))


class Tag(NamedTuple):
    """A tag taken apart.

    Attributes:
        version: Its leading numbers: `("3", "12")`; empty without.
        variant: What follows them: `-slim-bookworm`.
    """

    version: tuple[str, ...]
    variant: str

    @property
    def number(self) -> str:
        """The version as written: `3.12`."""
        return ".".join(self.version)

    @property
    def is_small(self) -> bool:
        """Whether the variant is a small or hardened one: slim, alpine, distroless and their like."""
        return bool(_SLIM.search(self.variant))

    @property
    def is_early(self) -> bool:
        """Whether it names a release candidate or another early build."""
        return bool(_EARLY.search(self.variant))

    def is_part_of(self, other: Tag) -> bool:
        """Tell whether this version names the same release line with fewer numbers: 3.12 for 3.12.4."""
        return len(self.version) < len(other.version) and other.version[: len(self.version)] == self.version


def read_tag(tag: str | None) -> Tag:
    """Take a tag apart; a tag without version is all variant."""
    match = _VERSIONED.fullmatch(tag or "")
    return Tag(tuple(match[1].split(".")), match[2]) if match is not None else Tag((), tag or "")


def is_over(change: DockerfileChange, reference: ImageReference, days: int = 0) -> bool:
    """Tell whether what a reference names is past its end of life: no fix may lead there.

    Args:
        change: The change under review.
        reference: The image.
        days: For how long at least.
    """
    ends = all_end_of_life(reference, change.today or data_date())
    return any(one.already_over and (not days or (one.days or 0) >= days) for one in ends)


def given_up(change: DockerfileChange, reference: ImageReference) -> EndOfLife | None:
    """Return why nobody builds the image that a reference names any more, under no tag; `None` of one that is built."""
    ends = all_end_of_life(reference, change.today or data_date())
    return next((one for one in ends if one.already_over and one.note), None)


def gains_compilers(was: Stage, stage: Stage) -> bool:
    """Tell whether a stage moves from a small variant of an image to one that has compilers.

    Of another version it does where the system stays: else that is the larger change.

    Where the file itself installed compilers before, the larger image brings none that were not there.

    The tables must say it of both: a server's tag without suffix, such as `nginx:1.29`, stands on a slim system.
    """
    old, new = was.reference, stage.reference
    if old is None or new is None or old.repository != new.repository or was.facts is None or stage.facts is None:
        return False
    before, after = read_tag(old.tag), read_tag(new.tag)
    if not before.version or not after.version or not before.is_small or after.is_small:
        return False
    if before.version != after.version and was.facts.distro != stage.facts.distro:
        return False
    if any(COMPILER.match(item.name) and "make" not in item.name for item in was.packages.present):
        return False
    return stage.facts.toolchain is True and was.facts.toolchain is False
