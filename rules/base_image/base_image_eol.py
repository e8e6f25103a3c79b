"""See base_image_eol.md."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from rules.api import (
    BY_ARGUMENT,
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
    all_end_of_life,
    quote,
    rule,
    supported_reference,
)
from rules.api import replace as replace_text
from rules.base_image.choices import is_argued, is_given_otherwise, may_be_chosen
from rules.base_image.ended.left_behind import laid_over, lost_on_the_way
from rules.base_image.ended.lists_gone import lists_gone, stops_anew
from rules.base_image.ended.named_releases import are_named
from rules.base_image.ended.pinned_release import release_left
from rules.base_image.ended.supported_lines import (
    built_with_sdk,
    data_kept,
    ends_next,
    goes_along,
    may_name_a_tag,
    moved_to,
    published_for,
    try_first,
    way_out,
)
from rules.base_image.ended.taken_over import over_where_copied
from rules.base_image.ended.told_lines import (
    LINKED,
    Told,
    as_well,
    ended_lines,
    ends_early,
    facts_of,
    line_of,
    told_once,
)
from rules.base_image.moved.left_running import left_running, upon_their_release
from rules.base_image.moved.line_breaks import broken_by
from rules.base_image.moved.replaced_image import later_release, lies_elsewhere
from rules.base_image.moved.replaced_programs import is_replaced_where_taken
from rules.base_image.taken_out import links_a_program, may_fetch_go, taken_out
from rules.facts.eol import codenames

_OF_CONTAINERS = ("VOLUME", "EXPOSE", "HEALTHCHECK")
"""Instructions that do nothing for a stage from which files are copied."""


@rule(
    "base-image-eol",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The base image's release line is past its end of life."""
    today = change.today
    if today is None:
        return
    used = (stage for stage in change.stages if not is_replaced_where_taken(stage))
    over = [(stage, ended) for stage in used if (ended := ended_lines(stage, today))]
    for told in told_once(over):
        problem = _problem(change, told, today)
        if not stops_anew(change, [told.stage, *told.others], today):
            yield problem
        else:
            yield replace(problem, untold=True)  # the line was over before, and nothing of that is repaired
            stops = f"{problem.key} stops the build"
            yield replace(problem, key=stops, fact=stops, held_before=False)
    yield from over_where_copied(change, {line_of(end) for _, ended in over for end in ended}, today)


def _lines(ended: Iterable[EndOfLife]) -> frozenset[str]:
    return frozenset(f"{one.product} {one.cycle}" for one in ended)


def _problem(change: DockerfileChange, told: Told, today: date) -> Problem:
    """Speak of a stage, and of the others upon its lines."""
    stage, ended, word, reference = told.stage, told.ended, told.stage.base_word, told.stage.reference
    assert word is not None, "a stage with a reference has a word for it"
    assert reference is not None, "only a reference has an end of life"
    moving = [stage, *told.others]
    instead, upon = _instead(change, told, reference, today)
    key = _key(change, stage, ended[0], today)
    own = _own_part(stage)
    along = goes_along(ended[0], stage)
    gone = lists_gone([one for one in change.stages if one.root in moving], today)
    lost = lost_on_the_way(change, moving, moved_to(ended[0], reference, instead), along)
    besides = upon + _besides(change, moving, ended[0], instead)
    offered = _fix(change, told, instead) if not (lost or besides) else None
    return Problem(
        word.span,
        f"{stage.label} starts from {quote(reference.text.partition('@')[0])}: {facts_of(ended)}. "
        f"{_consequence(ended[0], stage, own)}{gone}{way_out(ended[0], reference, instead, today)}"
        f"{ends_next(reference, instead, today)}{besides}"
        f"{along}{_kept(ended[0], stage, reference)}{try_first(lost) if offered is None else ''}",
        _confidence(change, stage, told.every),
        doubt=_doubt(stage),
        key=key,
        notes=tuple(Note(other.from_.span, as_well(other, ended[0], today)) for other in told.others),
        fix=offered,
        severity=None if stage.files_ship or own is not None or gone or ended[0].withdrawn else Severity.INFO,
        fact=key,
        minor=not gone and are_named(change.path, ended),
        of_change=True,  # who moves off a release does so in all Dockerfiles
        held_before=_is_as_it_was(change, stage),
    )


def _kept(end: EndOfLife, stage: Stage, reference: ImageReference) -> str:
    return data_kept(end, stage, reference) if not _only_builds(stage) else ""


def _instead(change: DockerfileChange, told: Told, reference: ImageReference, today: date) -> tuple[str | None, str]:
    """Return the image to move to, as far as a tag can be named, and why it is of the release that it is of."""
    instead = supported_reference(reference, today) if may_name_a_tag(change, told.stage, told.ended) else None
    return upon_their_release(change, [told.stage, *told.others], instead, today)


def _is_as_it_was(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the stage had the image before, for the same use, though another stage may have told the line then."""
    was = change.was(stage)
    return was is not None and was.base_text == stage.base_text and was.files_ship == stage.files_ship


def _besides(change: DockerfileChange, moving: list[Stage], end: EndOfLife, instead: str | None) -> str:
    """Say what has to move besides the image, or is known to break."""
    reference, today = moving[0].reference, change.today
    assert reference is not None, "only a reference has an end of life"
    assert today is not None, "nothing ends without a day"
    newer = moved_to(end, reference, instead)
    found = left_running(change, moving, reference, newer) if not end.note else ""
    found += laid_over(moving, newer or later_release(end, reference, today))
    found += lies_elsewhere(change, moving, end, today) + release_left(change, moving[0], instead, today)
    built = built_with_sdk([one for one in change.stages if one.root in moving])
    return f"{built}{found}{published_for(end, moving)}{broken_by(end, reference, moving)}"


def _key(change: DockerfileChange, stage: Stage, end: EndOfLife, today: date) -> str:
    """Name the line, or the tag of an image that was given up.

    It has another name where it ships now, and before the change only other stages were built upon it.
    """
    line, key = line_of(end), f"{end.product} {end.cycle}"
    if not stage.files_ship or change.before is None:
        return key
    was = change.was(stage)
    upon = [one for one in change.before.stages if line in map(line_of, ended_lines(one, today))]
    there = not upon or was in upon or any(one.files_ship for one in upon)
    return key if there else f"{key} in the image"


def _confidence(change: DockerfileChange, stage: Stage, ended: list[EndOfLife]) -> Confidence:
    """Say it quietly of a builder whose language replaces its lines within weeks, unless the change chose this one."""
    quiet = not stage.files_ship and not stage.image.start_in_file and all(map(ends_early, ended))
    if (quiet and not _is_chosen(change, stage, ended)) or is_given_otherwise(change, stage):
        return Confidence.POSSIBLE
    return Confidence.LIKELY if is_argued(stage) or _is_unknown(stage) else Confidence.CERTAIN


def _doubt(stage: Stage) -> str:
    if is_argued(stage):
        return BY_ARGUMENT
    if _is_unknown(stage):
        return "its publisher may mean something else by the name"
    return "the lines of this product are short, and builders are renewed with their program"


def _is_unknown(stage: Stage) -> bool:
    """Whether the tables do not have the image: a codename in its tag, or Ubuntu in its name, then tells its system."""
    reference = stage.reference
    if reference is None or stage.facts is not None:
        return False
    tag = reference.tag or ""
    return not codenames().isdisjoint(tag.split("-")) or "ubuntu" in f"{reference.path}:{tag}"


def _is_chosen(change: DockerfileChange, stage: Stage, ended: list[EndOfLife]) -> bool:
    """Whether the change brought the image: in the place of another, or with a new stage to a file without its line."""
    was = change.was(stage)
    if was is not None:
        return was.base_text != stage.base_text
    if change.before is None or change.today is None or any(end.newest_only for end in ended):
        return False
    references = (other.reference for other in change.before.stages)
    lines = (_lines(all_end_of_life(reference, change.today)) for reference in references if reference is not None)
    return all(_lines(ended[:1]).isdisjoint(others) for others in lines)


def _runs(stage: Stage) -> bool:
    """Whether containers of a stage are run: it starts something, or has a volume, a port or a health check."""
    return stage.image.start_in_file or any(one.keyword in _OF_CONTAINERS for one in stage.instructions)


def _only_builds(stage: Stage) -> bool:
    """Whether neither its files ship nor containers of it are run, so far as the file says."""
    return not stage.files_ship and not _runs(stage) and not may_be_chosen(stage)


def _own_part(stage: Stage) -> str | None:
    """Return a part of the base image that ships although the stage does not."""
    return taken_out(stage) if _only_builds(stage) else None


def _consequence(end: EndOfLife, stage: Stage, own: str | None) -> str:
    if end.withdrawn:
        return "Its registry has no tag of it any more: the build stops here, unless a mirror or a cache holds it. "
    if end.note:
        return "Nobody fixes its vulnerabilities any more. "
    if _only_builds(stage):
        if own is not None:
            return f"What is copied out of it, {quote(own)}, ships, and gets no more fixes. "
        fetched = end.product == "Go" and may_fetch_go(stage)
        if end.product in LINKED and not fetched and links_a_program(stage):
            return "The program that it builds takes the standard library along, without later fixes. "
        return (
            "Its layers do not ship, but what it builds with, and any part of the image that is copied out, gets no "
            "more fixes. "
        )
    return "Vulnerabilities found since then stay open in every image built from it. "


def _fix(change: DockerfileChange, told: Told, instead: str | None) -> Fix | None:
    """Offer the new tag where only the system below the program is old: the program itself stays what it is.

    Not where another stage is upon the line: it would speak then.
    """
    word, reference, ended = told.stage.base_word, told.stage.reference, told.every
    if instead is None or word is None or reference is None or told.others:
        return None
    if word.text != reference.text or reference.digest is not None:
        return None
    system = ended[0]
    tag = reference.tag or ""
    if len(ended) != 1 or not system.part or tag.startswith(system.part):
        return None
    before, _, after = tag.partition(system.part)
    if not any(letter.isdigit() for letter in before):
        return None  # `lts-alpine3.14` stopped at the version of its day; the same words today are another one
    kept = instead.removeprefix(f"{reference.written_name}:")
    if not (kept.startswith(before) and kept.endswith(after)):
        return None
    return Fix(f"Use {instead}", (replace_text(change.source, word.span, instead),))
