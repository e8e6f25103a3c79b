"""The stage that runs what a builder compiles: upon an older release, it cannot stay where the builder moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.base_image.ended.told_lines import ended_lines
from rules.base_image.named_images import facts_named
from rules.base_image.tags import read_tag, without_release
from rules.copying.outputs.binaries import brings_libraries, is_static, program_of
from rules.copying.outputs.carried_runtimes import has_erlang, runtimes_taken
from rules.copying.outputs.machine_code import machine_code
from rules.dockerfile.reference import parse_reference
from rules.facts.distributions import release_title
from rules.facts.eol import all_end_of_life, ends_soon
from rules.facts.glibc import asked_by_some, glibc_of, needed_by, shown
from rules.facts.image_table import is_built
from rules.facts.images import image_facts
from rules.facts.names import table_name
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from rules.change import DockerfileChange
    from rules.dockerfile.reference import ImageReference
    from rules.facts.images import ImageFacts
    from rules.model.stage import Stage
    from rules.model.steps import Copy

_SEEN = frozenset({"go", "python"})
"""Languages of which only a program that is seen to be made asks for the builder's C library."""


class _Behind(NamedTuple):
    """A stage that stays on its release and runs what the ones that move compile.

    Attributes:
        stage: The stage.
        surely: Whether what is compiled is known to ask for a newer C library than it has; else some programs do.
    """

    stage: Stage
    surely: bool


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
    behind = _left_behind(change, stages, linked)
    if newer is None or linked is None or not behind:
        return ""
    system = f"{release_title(newer.distro or '', newer.release)} (glibc {shown(linked)})"
    where = f"That image stands on {system}" if newer is facts else f"Its newer tags stand on {system}, as a rule"
    surely = any(one.surely for one in behind)
    lines = [str(one.stage.from_.line) for one in behind if one.surely or not surely]
    one = len(lines) == 1
    return (
        f" {where}; what is compiled there {'does' if surely else 'may'} not start on the older release of "
        f"{'line' if one else 'lines'} {listed(lines)}, which {'has' if one else 'have'} to move as well."
    )


def upon_their_release(
    change: DockerfileChange, stages: Sequence[Stage], instead: str | None, today: date
) -> tuple[str | None, str]:
    """Return where to move, upon the release of the stages that stay behind where such an image is built, and why.

    Args:
        change: The file.
        stages: Those that are to move.
        instead: Where to; it is returned as it is, with an empty reason, where no stage would stay behind.
        today: The day to judge by: to a release that has ended nothing is held.
    """
    reference = parse_reference(instead) if instead is not None else None
    facts = image_facts(reference) if reference is not None else None
    if reference is None or facts is None:
        return instead, ""
    behind = [one.stage for one in _left_behind(change, stages, glibc_of(facts.libc, facts.distro, facts.release))]
    releases = {(one.runtime.distribution, one.runtime.release) for one in behind}
    distribution, kept = releases.pop() if len(releases) == 1 else (None, None)
    if kept is None or not kept.codename or any(ended_lines(one, today) for one in behind):
        return instead, ""
    text = _upon(reference, kept.codename, today)
    if text is None:
        return instead, ""
    lines = [str(one.from_.line) for one in behind]
    runs = f"does line {lines[0]}, which runs" if len(lines) == 1 else f"do lines {listed(lines)}, which run"
    return text, f" It stands on {release_title(distribution or '', kept)}, as {runs} what is compiled there."


def _upon(reference: ImageReference, codename: str, today: date) -> str | None:
    """Return an image upon a release of its system; `None` where none is built, or the release soon ends."""
    tag = read_tag(reference.tag)
    plain = without_release(tag.variant)
    upon = f"{tag.number}{tag.variant if plain is None else plain}-{codename}"
    found = parse_reference(reference.with_tag(upon))
    if found is None or not is_built(table_name(reference), upon):
        return None
    ends = [one.date for one in all_end_of_life(found, today) if one.part == codename]
    return None if any(end is not None and ends_soon(end, today) for end in ends) else found.text


def _left_behind(
    change: DockerfileChange, moving: Sequence[Stage], linked: tuple[int, int] | None
) -> tuple[_Behind, ...]:
    if linked is None:
        return ()
    judged = ((stage, _stays_too_old(stage, moving, linked)) for stage in change.stages)
    return tuple(_Behind(stage, surely) for stage, surely in judged if surely is not None)


def _plain(reference: ImageReference) -> ImageFacts | None:
    """Return what is known of the image's moving tag of the same variant, that of no release."""
    variant = read_tag(reference.tag).variant
    released = without_release(variant)
    moving = (variant if released is None else released).strip("-")
    return facts_named(reference.with_tag(moving or "latest"))


def _stays_too_old(stage: Stage, moving: Sequence[Stage], linked: tuple[int, int]) -> bool | None:
    """Tell whether a stage's C library is surely too old for what it takes then; `None` where nothing says so."""
    here = stage.runtime.glibc
    if here is None or stage in moving or not moving or brings_libraries(stage):
        return None
    found = [surely for copy in stage.copies for surely in _asks_for_more(stage, copy, moving, here, linked)]
    return any(found) if found else None


def _asks_for_more(
    stage: Stage, copy: Copy, moving: Sequence[Stage], here: tuple[int, int], linked: tuple[int, int]
) -> Iterator[bool]:
    """Yield whether a program that a COPY takes will surely ask for more; nothing where it does already."""
    builder = copy.from_stage
    if builder not in moving or builder is None or machine_code(stage, copy) != "programs":
        return
    found = program_of(copy)
    if found is not None and is_static(builder, *found):
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
        if needed is not None and needed > here and (before is None or before <= here):
            yield True
        elif found is not None and (then is None or not asked_by_some(language, then, here)):
            yield from (False for _ in asked_by_some(language, linked, here))
