"""See base_image_eol.md."""

from collections.abc import Iterable, Iterator
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
    image_facts,
    quote,
    replace,
    rule,
    supported_reference,
)
from rules.base_image.choices import may_be_chosen

_LINKED = ("Go", "Rust")
"""Languages whose compiler links the standard library into the program."""
_OF_CONTAINERS = ("VOLUME", "EXPOSE", "HEALTHCHECK")
"""Instructions that do nothing for a stage from which files are copied."""
_YEAR = 365
_NAMED = 2
"""Lines that a comment names: the program's, and the system's below it."""


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
    over = [(stage, ended) for stage in change.stages if (ended := _ended(stage, today))]
    hosts = _hosts(over)
    spoken_for: dict[int, list[Stage]] = {stage.index: [] for stage, _ in over}
    for stage, _ in over:
        if stage.index in hosts:
            spoken_for[hosts[stage.index].index].append(stage)
    for stage, ended in over:
        if stage.index not in hosts:
            yield _problem(change, stage, ended, today, spoken_for[stage.index])


def _hosts(over: list[tuple[Stage, list[EndOfLife]]]) -> dict[int, Stage]:
    """Return, for builders, the stage that speaks for them: one that ships and names their line, or has their image."""
    by_line: dict[str, Stage] = {}
    for stage, ended in over:
        for line in _lines(ended[:_NAMED]) if stage.layers_ship else ():
            by_line.setdefault(line, stage)
    by_image: dict[str | None, Stage] = {}
    found: dict[int, Stage] = {}
    for stage, ended in over:
        if stage.layers_ship or stage.image.start_in_file:
            continue
        (line,) = _lines(ended[:1])
        host = by_line.get(line) or by_image.setdefault(stage.base_text, stage)
        if host is not stage:
            found[stage.index] = host
    return found


def _ended(stage: Stage, today: date) -> list[EndOfLife]:
    """Return the lines that are over; a stage that only builds may stay on one of the last year."""
    over = [one for one in all_end_of_life(stage.reference, today) if one.already_over] if stage.reference else []
    return over if stage.layers_ship else [one for one in over if not _is_of_the_day(one)]


def _is_of_the_day(end: EndOfLife) -> bool:
    """Whether a line is over only because a newer one came within the year, as all of its product's lines soon are."""
    return end.newest_only and end.days is not None and end.days < _YEAR


def _lines(ended: Iterable[EndOfLife]) -> frozenset[str]:
    return frozenset(f"{one.product} {one.cycle}" for one in ended)


def _problem(
    change: DockerfileChange, stage: Stage, ended: list[EndOfLife], today: date, spoken_for: list[Stage]
) -> Problem:
    """Speak of a stage; `spoken_for` are stages that only build, upon the same lines."""
    word, reference = stage.base_word, stage.reference
    assert word is not None, "a stage with a reference has a word for it"
    assert reference is not None, "only a reference has an end of life"
    instead = supported_reference(reference, today)
    return Problem(
        word.span,
        f"{stage.label} starts from {quote(reference.text.partition('@')[0])}: {_fact(ended[0])}{_also(ended[1:])}. "
        f"{_consequence(ended[0], stage)}{_way_out(ended[0], reference, instead)}",
        _confidence(change, stage, ended),
        doubt=BY_ARGUMENT,
        stage=stage.key,
        key=f"{ended[0].product} {ended[0].cycle}",
        notes=tuple(Note(other.from_.span, "the same release line") for other in spoken_for),
        fix=_fix(change, stage, reference, ended, instead) if not spoken_for else None,  # which would speak then
        severity=None if stage.layers_ship else Severity.INFO,
    )


def _confidence(change: DockerfileChange, stage: Stage, ended: list[EndOfLife]) -> Confidence:
    """Say it quietly of a builder whose language replaces its lines within weeks, unless the change chose this one."""
    quiet = not stage.layers_ship and not stage.image.start_in_file and all(map(_ends_soon, ended))
    if quiet and not _is_chosen(change, stage, ended):
        return Confidence.POSSIBLE
    return Confidence.LIKELY if stage.base_word is not None and "$" in stage.base_word.text else Confidence.CERTAIN


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


def _ends_soon(end: EndOfLife) -> bool:
    """Whether lines of a product end so soon that builders are mostly behind: Rust's always, Go's in the first year."""
    return end.newest_only or (end.product == "Go" and end.days is not None and end.days < _YEAR)


def _runs(stage: Stage) -> bool:
    """Whether containers of a stage are run: it starts something, or has a volume, a port or a health check."""
    return stage.image.start_in_file or any(one.keyword in _OF_CONTAINERS for one in stage.instructions)


def _fact(end: EndOfLife) -> str:
    if end.note:
        since = f" on {_day(end.date)}" if end.date is not None else ""
        return f"this image was given up{since} ({end.note.rpartition(': ')[2].rstrip('.')})"
    name = f"{end.product} {end.cycle}"
    if end.date is None:
        return f"{name} is past its end of life"
    return f"{name} reached its end of life on {_day(end.date)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _also(others: list[EndOfLife]) -> str:
    return "".join(f", and {_fact(other)}" for other in others[: _NAMED - 1])


def _consequence(end: EndOfLife, stage: Stage) -> str:
    if end.note:
        return "Nobody fixes its vulnerabilities any more. "
    if not stage.layers_ship and not _runs(stage) and not may_be_chosen(stage):
        if end.product in _LINKED:
            return "The program that it builds takes the standard library along, without later fixes. "
        return "Its layers do not ship, but what it builds with, and what is copied out of it, gets no more fixes. "
    return "Vulnerabilities found since then stay open in every image built from it. "


def _way_out(end: EndOfLife, reference: ImageReference, instead: str | None) -> str:
    if end.instead:
        return f"Move to {quote(end.instead)}."
    if instead is not None and instead != reference.text:
        return f"The nearest supported line of this image is {quote(instead)}."
    if end.successor and not _is_below_a_program(end, reference):
        return f"The nearest supported line is {end.product} {end.successor}."
    if end.note:
        return "Move to an image that is still maintained."
    return "Move to a release line that is still supported."


def _is_below_a_program(end: EndOfLife, reference: ImageReference) -> bool:
    """Whether a line is that of the system in an official image of something else: a newer system has no such image."""
    facts = image_facts(reference)
    if facts is None or facts.listed is None or facts.kind == "os" or not facts.distro:
        return False
    return end.product.lower().startswith(facts.distro)


def _fix(
    change: DockerfileChange, stage: Stage, reference: ImageReference, ended: list[EndOfLife], instead: str | None
) -> Fix | None:
    """Offer the new tag where only the system below the program is old: the program itself stays what it is."""
    word = stage.base_word
    if instead is None or word is None or word.text != reference.text or reference.digest is not None:
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
    return Fix(f"Use {instead}", (replace(change.source, word.span, instead),))
