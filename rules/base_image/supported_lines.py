"""Where to move from an image whose release line has ended, as far as it can be told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.eol import all_end_of_life, ends_soon
from rules.facts.images import image_facts
from rules.quoting import quote

if TYPE_CHECKING:
    from datetime import date

    from rules.change import DockerfileChange
    from rules.dockerfile.reference import ImageReference
    from rules.facts.eol import EndOfLife
    from rules.model.stage import Stage

_ARGUMENT = re.compile(r"\$\{?(\w+)")
_MOVING = re.compile(r"(?:lts|latest|current|stable|mainline|edge)-")


def may_name_a_tag(change: DockerfileChange, stage: Stage, ended: list[EndOfLife]) -> bool:
    """Whether a tag can be named: no comment says why it is this one, and no argument of it is another image's too."""
    said = " ".join(comment.text for comment in stage.from_.comments)
    if any(end.part and re.search(rf"(?<![\w.]){re.escape(end.part)}(?!\w)", said) for end in ended):
        return False
    own = stage.base_word.text if stage.base_word is not None else ""
    arguments = set(_ARGUMENT.findall(own))
    others = (one.base_word.text for one in change.stages if one.base_word is not None and arguments)
    return not any(other != own and not arguments.isdisjoint(_ARGUMENT.findall(other)) for other in others)


def way_out(end: EndOfLife, reference: ImageReference, instead: str | None) -> str:
    """Return the sentence that says where to move.

    Args:
        end: The line that is over.
        reference: The image.
        instead: The same image upon supported lines; `None` where no tag is to be named.
    """
    if end.instead:
        return f"Move to {quote(end.instead)}."
    if instead is not None and instead != reference.text and _names_a_release(instead):
        return f"The nearest supported line of this image is {quote(instead)}."
    if end.successor and not _is_below_a_program(end, reference):
        return f"The nearest supported line is {end.product} {end.successor}."
    if end.note:
        return "Move to an image that is still maintained."
    return "Move to a release line that is still supported."


def ends_next(reference: ImageReference, instead: str | None, today: date) -> str:
    """Name a line that the way out keeps, because it has not ended, and that ends within a quarter of a year."""
    for one in all_end_of_life(reference, today):
        near = one.date is not None and one.date > today and ends_soon(one.date, today)
        if near and one.date is not None and one.part and one.part in (instead or ""):
            return f" {one.product} {one.cycle} itself ends on {day_of(one.date)}."
    return ""


def _names_a_release(text: str) -> bool:
    """Whether a tag holds to a release of its program: `lts-alpine3.23` does of the system alone."""
    return _MOVING.match(text.rpartition(":")[2]) is None


def _is_below_a_program(end: EndOfLife, reference: ImageReference) -> bool:
    """Whether a line is that of the system in an official image of something else: a newer system has no such image."""
    facts = image_facts(reference)
    if facts is None or facts.listed is None or facts.kind == "os" or not facts.distro:
        return False
    return end.product.lower().startswith(facts.distro)


def day_of(day: date) -> str:
    """Return a date in words: `1 May 2020`."""
    return f"{day.day} {day:%B %Y}"
