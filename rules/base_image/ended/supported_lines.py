"""Where to move from an image whose release line has ended, as far as it can be told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.base_image.moved.replaced_image import with_its_tag
from rules.build.missing_programs import lacks_dotnet_sdk
from rules.dockerfile.reference import parse_reference
from rules.facts.distributions import release_of
from rules.facts.eol import all_end_of_life, ends_soon
from rules.facts.images import ImageFacts, image_facts
from rules.facts.names import table_name
from rules.model.scope import names_read
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from rules.change import DockerfileChange
    from rules.dockerfile.reference import ImageReference
    from rules.facts.eol import EndOfLife
    from rules.model.stage import Stage

_KEEP_DATA = frozenset(
    "postgres postgis/postgis pgvector/pgvector timescale/timescaledb mysql mongo neo4j elasticsearch rabbitmq "
    "nextcloud sonarqube".split()
)
"""Servers that do not open the data of every older one: not at all, or not over several releases (their manuals)."""
_SERVER = re.compile(
    r"docker-entrypoint|\b(?:postgres|mysqld|mongod|neo4j|elasticsearch|rabbitmq-server|apache2-foreground|php-fpm)\b"
)
"""What starts one of them."""
_DOTNET_RUNTIMES = ("/dotnet/aspnet", "/dotnet/runtime")
_MOVING = re.compile(r"(?:lts|latest|current|stable|mainline|edge)-")


def may_name_a_tag(change: DockerfileChange, stage: Stage, ended: list[EndOfLife]) -> bool:
    """Tell whether a tag can be named: no comment says why it is this one, and no other image reads its argument."""
    said = " ".join(comment.text for comment in stage.from_.comments)
    if said and any(speaks_of(said, end) for end in ended):
        return False
    own = stage.base_word.text if stage.base_word is not None else ""
    arguments = set(names_read(own))
    others = (one.base_word.text for one in change.stages if one.base_word is not None and arguments)
    return not any(other != own and not arguments.isdisjoint(names_read(other)) for other in others)


def speaks_of(said: str, end: EndOfLife) -> bool:
    """Tell whether a comment names the line as the tag does, or a release of the product: `fails with alpine 3.13+`."""
    if end.part and re.search(rf"(?<![\w.]){re.escape(end.part)}(?!\w)", said):
        return True
    product = end.product.removeprefix("Microsoft ").removesuffix(".js")
    name = re.escape(_SHORT_NAMES.get(product, product))
    return re.search(rf"(?i)(?<![\w.]){name}(?:\.?js)?[\s:=-]?\s?v?\d", said) is not None


_SHORT_NAMES = {"Alpine Linux": "alpine", "Rocky Linux": "rocky"}
"""What people call them; of `Oracle` and `Amazon` alone other products are spoken of."""


_OF_THE_OLD_LINE = "what is installed, pinned or compiled for the old line may not fit the new one"


def try_first(lost: Sequence[str]) -> str:
    """Return what goes with every way out: another line is another system, of which a file shows a part.

    Args:
        lost: What it shows, in clauses.
    """
    return f" Build and start it there first: {'; '.join(lost) or _OF_THE_OLD_LINE}."


def way_out(end: EndOfLife, reference: ImageReference, instead: str | None, today: date) -> str:
    """Return the sentence that says where to move.

    Args:
        end: The line that is over.
        reference: The image.
        instead: The same image upon supported lines; `None` where no tag is to be named.
        today: The day to judge by.
    """
    if end.instead:
        return f"Move to {quote(with_its_tag(end, reference, today))}."
    if instead is not None and instead != reference.text and _names_a_release(instead):
        left = _left_too(reference, instead, today)
        return f"The nearest supported line of this image is {quote(instead)}{left}{_passed_over(end, instead, today)}."
    if end.successor and not is_below_a_program(end, reference):
        return f"The nearest supported line is {end.product} {end.successor}{_passed_over(end, '', today)}."
    if end.note:
        return "Move to an image that is still maintained."
    return "Move to a release line that is still supported."


def _passed_over(end: EndOfLife, instead: str, today: date) -> str:
    """Say why it is not a nearer line: whoever moves to one that ends soon moves again at once."""
    other = parse_reference(instead)
    taken = {one.product: one.cycle for one in all_end_of_life(other, today)} if other is not None else {}
    if end.passed_over is None or taken.get(end.product, end.successor) != end.successor:
        return ""  # of lines in between no such image is built
    name, day = end.passed_over
    return f", for {end.product} {name} ends on {day_of(day)}"


def _left_too(reference: ImageReference, instead: str, today: date) -> str:
    """Name a program whose line has not ended and that the way out leaves all the same: no such image is built."""
    other = parse_reference(instead)
    lines = {one.product: one.cycle for one in all_end_of_life(other, today)} if other is not None else {}
    programs = (one for one in all_end_of_life(reference, today) if not _is_system(one, reference))
    kept = (one for one in programs if not one.already_over)
    left = next((one for one in kept if lines.get(one.product, one.cycle) != one.cycle), None)
    return f", another line of {left.product} as well" if left is not None else ""


def goes_along(end: EndOfLife, stage: Stage) -> str:
    """Name a package of the stage that is of the line as well: `postgresql-13-cron`."""
    product = end.product.lower().partition(" ")[0]
    of_the_product = [item.name for item in stage.packages.present if item.name.startswith(product)]
    of_the_line = rf"{re.escape(product)}\D*(?<![\d.]){re.escape(end.cycle)}(?![\d.]*\d)"
    name = next((name for name in of_the_product if re.match(of_the_line, name)), None)
    if name is None:
        return ""
    fits = ", and what is built with it has to fit the newer one" if "-dev" in name else ""
    return f" The package {quote(name)} is of that line, too{fits}."


def moved_to(end: EndOfLife, reference: ImageReference, instead: str | None) -> ImageFacts | None:
    """Return what is known of the image that the way out leads to: of one without a name, the system's release.

    Args:
        end: The line that is over.
        reference: The image.
        instead: The image that is named; `None` where none is.
    """
    newer = parse_reference(instead) if instead is not None else None
    if newer is not None:
        return image_facts(newer)
    facts = image_facts(reference)
    if facts is None or end.successor is None or not _is_system(end, reference) or is_below_a_program(end, reference):
        return None
    release = release_of(facts.distro, end.successor)
    return ImageFacts(facts.name, None, exact=False, distro=facts.distro, release=release)


def published_for(end: EndOfLife, stages: Sequence[Stage]) -> str:
    """Say of .NET that what is published for one line starts on no newer one (Microsoft: roll forward is off there).

    Args:
        end: The line that is over.
        stages: Those that are to move.
    """
    running = [one for one in stages if one.facts is not None and one.facts.name.endswith(_DOTNET_RUNTIMES)]
    if not running or any("DOTNET_ROLL_FORWARD" in one.image.env for one in running):
        return ""
    line = f"{end.product.removeprefix('Microsoft ')} {end.cycle}"
    return f" What is published for {line} does not start there: its `TargetFramework` has to move as well."


def built_with_sdk(stages: Sequence[Stage]) -> str:
    """Say of .NET's runtime, which another image takes the place of, that a command is called which only the SDK has.

    Args:
        stages: Those upon the image.
    """
    calls = (c for one in stages for run in one.runs for c in run.calls("dotnet") if lacks_dotnet_sdk(one, c))
    found = next(calls, None)
    if found is None:
        return ""
    call = quote(f"dotnet {found.subcommand}")
    return f" For {call} (line {found.line}) take `mcr.microsoft.com/dotnet/sdk`: no image of the runtime has it."


def data_kept(end: EndOfLife, stage: Stage, reference: ImageReference) -> str:
    """Say of a server that a newer one may refuse what it has written: the way out is more than another tag."""
    if end.note or table_name(reference) not in _KEEP_DATA or _is_system(end, reference):
        return ""
    starts = [one.value.text for one in stage.image.start_command if one.set_in_file and one.value is not None]
    if starts and not any(_SERVER.search(text) for text in starts):
        return ""  # a script in the server's place
    return " What a volume keeps of it is to be taken over as the manual says; a newer server may not start on it."


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


def is_below_a_program(end: EndOfLife, reference: ImageReference) -> bool:
    """Tell whether a line is that of the system in an image of something else: a newer system may have no such image.

    Where the tags of the image are not known, its own release stands in front of the system's.
    """
    facts = image_facts(reference)
    if facts is None or facts.kind == "os" or not _is_system(end, reference):
        return False
    return facts.listed is not None or bool(end.part and not (reference.tag or "").startswith(end.part))


def _is_system(end: EndOfLife, reference: ImageReference) -> bool:
    """Whether a line is that of the system in an image."""
    facts = image_facts(reference)
    return facts is not None and facts.distro is not None and end.product.lower().startswith(facts.distro)


def day_of(day: date) -> str:
    """Return a date in words: `1 May 2020`."""
    return f"{day.day} {day:%B %Y}"
