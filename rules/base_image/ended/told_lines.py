"""Which stage speaks of a release line that is over, so that each is said once in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import EndOfLife, Stage, all_end_of_life, quote
from rules.base_image.ended.supported_lines import day_of
from rules.base_image.taken_out import links_a_program

if TYPE_CHECKING:
    from datetime import date

LINKED = ("Go", "Rust")
"""Languages whose compiler links the standard library into the program."""
YEAR = 365
NAMED = 2
"""Lines that a comment names: the program's, and the system's below it."""


class Told(NamedTuple):
    """What is told of a stage.

    Attributes:
        stage: The stage that speaks.
        ended: Its lines that are over and that no other stage speaks of, at most two.
        every: All its lines that are over.
        others: The stages below or above upon one of its lines, for which it speaks.
    """

    stage: Stage
    ended: list[EndOfLife]
    every: list[EndOfLife]
    others: list[Stage]


def told_once(over: list[tuple[Stage, list[EndOfLife]]]) -> list[Told]:
    """Say each line once in a file: where the first stage that ships is upon it, else the first that starts something.

    A stage that only builds and whose first line is told has nothing to add; what stands below it stays there.
    """
    speakers: dict[str, Told] = {}
    for stage, ended in sorted(over, key=lambda one: (_rank(one), _only_fetches(*one))):
        fresh = [end for end in ended[:NAMED] if line_of(end) not in speakers]
        first = speakers.get(line_of(ended[0]))
        if first is not None:
            first.others.append(stage)
        if fresh and (first is None or _rank((stage, ended)) < _ONLY_BUILDS):
            told = Told(stage, fresh, ended, [])
            speakers.update({line_of(end): told for end in fresh})
    return list({told.stage.index: told for told in speakers.values()}.values())


_ONLY_BUILDS = 2


def _rank(one: tuple[Stage, list[EndOfLife]]) -> int:
    stage, _ = one
    if stage.files_ship:
        return 0
    return 1 if stage.image.start_in_file else _ONLY_BUILDS


def _only_fetches(stage: Stage, ended: list[EndOfLife]) -> bool:
    """Whether a stage that does not ship links no program, so that another upon its line has more to say."""
    return not stage.files_ship and ended[0].product in LINKED and not links_a_program(stage)


def ended_lines(stage: Stage, today: date) -> list[EndOfLife]:
    """Return the lines of a stage that are over; a stage that only builds may stay on one of the last year."""
    over = [one for one in all_end_of_life(stage.reference, today) if one.already_over] if stage.reference else []
    over = [one for one in over if one.product != "Ubuntu" or not _is_extended(stage)]
    return over if stage.files_ship else [one for one in over if not is_of_the_day(one)]


def _is_extended(stage: Stage) -> bool:
    """Whether the build takes updates from Ubuntu Pro, which go on for years (Ubuntu Pro Client, "pro attach")."""
    return any(command.subcommand == "attach" for run in stage.all_runs for command in run.calls("pro", "ua"))


def is_of_the_day(end: EndOfLife) -> bool:
    """Tell whether a line is over only because a newer one came within the year, as with all lines of its product."""
    return end.newest_only and end.days is not None and end.days < YEAR


def line_of(end: EndOfLife) -> str:
    """Name what is over: a release line, or an image that was given up, whatever its tag.

    What follows it tells one tag from another only where that is one with a tag, which can be suggested at its place.
    """
    if not end.note:
        return f"{end.product} {end.cycle}"
    return f"{end.product} {end.instead if end.instead and ':' in end.instead else ''}"


def as_well(other: Stage, ended: EndOfLife, today: date) -> str:
    """Say what another stage upon the line shares, and what follows its image where that is another one."""
    if not ended.note:
        return "the same release line"
    own = next(iter(ended_lines(other, today)), None)
    if own is None or own.instead is None or own.instead == ended.instead:
        return "given up as well"
    return f"given up as well: move to {quote(own.instead)}"


def ends_early(end: EndOfLife) -> bool:
    """Tell whether lines of a product end so soon that builders are mostly behind: Rust's always, Go's for a year."""
    return end.newest_only or (end.product == "Go" and end.days is not None and end.days < YEAR)


def facts_of(ended: list[EndOfLife]) -> str:
    """Return what is so of lines, as clauses: when each ended, or that the image was given up."""
    return ", and ".join(map(_fact, ended[:NAMED]))


def _fact(end: EndOfLife) -> str:
    if end.note:
        since = f" on {day_of(end.date)}" if end.date is not None else ""
        rebuilt = (
            f", and its tag has not been rebuilt since {day_of(end.rebuilt_until)}"
            if end.rebuilt_until is not None
            else ""
        )
        return f"this image was given up{since} ({end.note.rpartition(': ')[2].rstrip('.')}){rebuilt}"
    name = f"{end.product} {end.cycle}"
    if end.date is None:
        return f"{name} is past its end of life"
    return f"{name} reached its end of life on {day_of(end.date)}"
