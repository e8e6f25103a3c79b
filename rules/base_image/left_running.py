"""The stage that runs what a builder compiles: upon an older release, it cannot stay where the builder moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.base_image.tags import read_tag, without_release
from rules.copying.binaries import brings_libraries, is_static, program_of
from rules.copying.carried_runtimes import has_erlang, runtimes_taken
from rules.copying.machine_code import machine_code
from rules.dockerfile.reference import parse_reference
from rules.facts.distributions import release_title
from rules.facts.glibc import glibc_of, needed_by, shown
from rules.facts.images import image_facts
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.change import DockerfileChange
    from rules.dockerfile.reference import ImageReference
    from rules.facts.images import ImageFacts
    from rules.model.stage import Stage
    from rules.model.steps import Copy

_SEEN = frozenset({"go", "python"})
"""Languages of which only a program that is seen to be made asks for the builder's C library."""


def left_running(
    change: DockerfileChange, stages: Sequence[Stage], reference: ImageReference, facts: ImageFacts | None
) -> str:
    """Name the stages that stay behind and run what the ones that move compile, where its C library is too old then.

    Args:
        change: The file.
        stages: Those that are to move.
        reference: Their image.
        facts: Where to, if that is told; without, what the image's tags stand upon that name no release.
    """
    newer = facts if facts is not None and facts.release is not None else _plain(reference)
    linked = glibc_of(newer.libc, newer.distro, newer.release) if newer is not None else None
    if newer is None or linked is None:
        return ""
    lines = [stage.from_.line for stage in change.stages if _stays_too_old(stage, stages, linked)]
    if not lines:
        return ""
    system = f"{release_title(newer.distro or '', newer.release)} (glibc {shown(linked)})"
    where = f"That image stands on {system}" if newer is facts else f"Its newer tags stand on {system}, as a rule"
    one = len(lines) == 1
    return (
        f" {where}; what is compiled there does not start on the older release of {'line' if one else 'lines'} "
        f"{listed(map(str, lines))}, which {'has' if one else 'have'} to move as well."
    )


def _plain(reference: ImageReference) -> ImageFacts | None:
    """Return what is known of the image's moving tag of the same variant, that of no release."""
    variant = read_tag(reference.tag).variant
    released = without_release(variant)
    moving = (variant if released is None else released).strip("-")
    plain = parse_reference(reference.with_tag(moving or "latest"))
    return image_facts(plain) if plain is not None else None


def _stays_too_old(stage: Stage, moving: Sequence[Stage], linked: tuple[int, int]) -> bool:
    here = stage.runtime.glibc
    if here is None or stage in moving or not moving or brings_libraries(stage):
        return False
    return any(needed > here for copy in stage.copies for needed in _needed(stage, copy, moving, here, linked))


def _needed(
    stage: Stage, copy: Copy, moving: Sequence[Stage], here: tuple[int, int], linked: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Yield what a program that a COPY takes will ask for; nothing where it asks for too much already."""
    builder = copy.from_stage
    if builder not in moving or builder is None or machine_code(stage, copy) != "programs":
        return
    found = program_of(copy)
    if found is not None and is_static(builder, found[1]):
        return
    # Of Go, only what is seen to be built can be told: most of it is linked with no C library at all.
    languages = {found[1].language} if found is not None else set(builder.runtime.languages) - _SEEN
    if found is None:
        languages |= {
            one.language for _, one in runtimes_taken(copy) if one.language != "erlang" or not has_erlang(stage)
        }
    then = builder.runtime.glibc
    for language in languages:
        needed = needed_by(language, linked)
        before = needed_by(language, then) if then is not None else None
        if needed is not None and (before is None or before <= here):
            yield needed
