"""Images past their end out of which a COPY takes files, without a stage upon them: `COPY --from=composer:1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import (
    Confidence,
    Copy,
    DockerfileChange,
    EndOfLife,
    ImageReference,
    Note,
    Problem,
    Span,
    all_end_of_life,
    image_facts,
    quote,
    supported_reference,
)
from rules.base_image.ended.supported_lines import ends_next, is_below_a_program, speaks_of, try_first, way_out
from rules.base_image.ended.told_lines import ends_early, facts_of, is_of_the_day, line_of
from rules.base_image.moved.replaced_image import has_another_name
from rules.base_image.moved.replaced_programs import is_replaced
from rules.copying.stages.foreign_images import foreign_copies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date


class Taken(NamedTuple):
    """Files of an image past its end that ship.

    Attributes:
        copy: What takes them.
        path: The first of them.
        reference: The image.
        span: Where it is named.
        end: The line that is over, or the image that was given up.
    """

    copy: Copy
    path: str
    reference: ImageReference
    span: Span
    end: EndOfLife


def over_where_copied(change: DockerfileChange, told: set[str], today: date) -> Iterator[Problem]:
    """Yield what is to be said of images that no stage starts from, once of each line.

    Args:
        change: The file.
        told: The lines that are spoken of where a stage starts from them.
        today: The day to judge by.
    """
    found: dict[str, list[Taken]] = {}
    for taken in _taken(change, today):
        found.setdefault(line_of(taken.end), []).append(taken)
    for line, every in found.items():
        if line not in told:
            yield _problem(every, today)


def _taken(change: DockerfileChange, today: date) -> Iterator[Taken]:
    contexts = {name for build in change.repository.builds_of(change.path) for name in build.contexts}
    for stage in change.stages:
        for copy, reference, span in foreign_copies(stage) if stage.files_ship else ():
            end = _ended(reference, today)
            path = _shipped_path(copy)
            if end is not None and path is not None and reference.text not in contexts:
                yield Taken(copy, path, reference, span, end)


def _ended(reference: ImageReference, today: date) -> EndOfLife | None:
    """Return the line that is over of what the image is for; nothing of one for Windows, whose tags no table has.

    The system below a program does not come along with the program's files.
    """
    facts = image_facts(reference)
    if facts is not None and facts.windows:
        return None
    over = (one for one in all_end_of_life(reference, today) if one.already_over and not is_of_the_day(one))
    known = (one for one in over if one.note or (facts is not None and not is_below_a_program(one, reference)))
    return next(known, None)


def _shipped_path(copy: Copy) -> str | None:
    """Return the first path that a COPY takes and no later step replaces; all of an image is no part of it."""
    kept = (source for source in copy.sources if not is_replaced(copy, source))
    return next((source.path for source in kept if source.path not in (None, "/")), None)


def _problem(every: list[Taken], today: date) -> Problem:
    """Speak of the first place that takes from a line, and name the others there."""
    copy, path, reference, span, end = every[0]
    said = " ".join(comment.text for comment in copy.instruction.comments)
    instead = None if speaks_of(said, end) else supported_reference(reference, today)
    out = f"{way_out(end, reference, instead, today)}{ends_next(reference, instead, today)}"
    elsewhere = f" See where it has {quote(path)}." if has_another_name(end, reference) else ""
    return Problem(
        span,
        f"{copy.stage.label} copies {quote(path)} out of {quote(reference.text.partition('@')[0])}: {facts_of([end])}. "
        f"{_consequence(end)}{out}{elsewhere}{try_first(())}",
        Confidence.POSSIBLE if ends_early(end) else Confidence.CERTAIN,
        doubt="the lines of this product are short, and its programs are renewed with the image",
        key=f"{end.product} {end.cycle}",
        notes=tuple(Note(other.span, "the same release line") for other in every[1:]),
        fact=f"{end.product} {end.cycle}",
    )


def _consequence(end: EndOfLife) -> str:
    if end.withdrawn:
        return "Its registry has no tag of it any more: the build stops here, unless a mirror or a cache holds it. "
    return "What is copied ships, and gets no more fixes. "
