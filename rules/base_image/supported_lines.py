"""Where to move from an image whose release line has ended, as far as it can be told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.base_image.replaced_image import with_its_tag
from rules.base_image.version_ranges import numbers_of
from rules.copying.binaries import is_static, program_of
from rules.dockerfile.reference import parse_reference
from rules.facts.distributions import release_of
from rules.facts.dropped import dropped
from rules.facts.eol import all_end_of_life, ends_soon
from rules.facts.images import ImageFacts, image_facts
from rules.facts.names import table_name
from rules.model.packages import OS_MANAGERS
from rules.packages.pip_externally_managed import is_refused_upon
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from rules.change import DockerfileChange
    from rules.dockerfile.reference import ImageReference
    from rules.facts.eol import EndOfLife
    from rules.model.stage import Stage
    from rules.model.steps import Copy

_ARGUMENT = re.compile(r"\$\{?(\w+)")
_KEEP_DATA = frozenset(
    "postgres postgis/postgis pgvector/pgvector timescale/timescaledb mysql mongo neo4j elasticsearch rabbitmq "
    "nextcloud sonarqube".split()
)
"""Servers that do not open the data of every older one: not at all, or not over several releases (their manuals)."""
_SERVER = re.compile(
    r"docker-entrypoint|\b(?:postgres|mysqld|mongod|neo4j|elasticsearch|rabbitmq-server|apache2-foreground|php-fpm)\b"
)
"""What starts one of them."""
_NUMBERED = re.compile(
    r"(?:php|postgresql|openjdk|mariadb|nodejs|ruby|lua|libicu|libssl|libffi|llvm|clang)-?\d"
    r"|(?:gcc|g\+\+)-\d|python(?:2|3\.\d)"
)
"""Packages of which a release has one version, or few, in whose name it stands."""
_LINKING = frozenset({"elixir", "erlang", "haskell", "swift"})
"""Languages whose programs, as their images build them, load the system's libraries, OpenSSL's above all."""
_NAMED = 4
"""So many packages are named."""
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
        return f"The nearest supported line of this image is {quote(instead)}{left}."
    if end.successor and not _is_below_a_program(end, reference):
        return f"The nearest supported line is {end.product} {end.successor}."
    if end.note:
        return "Move to an image that is still maintained."
    return "Move to a release line that is still supported."


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
    of_the_line = re.compile(rf"{re.escape(product)}\D*(?<![\d.]){re.escape(end.cycle)}(?![\d.]*\d)")
    name = next((item.name for item in stage.packages.present if of_the_line.match(item.name)), None)
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
    if facts is None or end.successor is None or not _is_system(end, reference) or _is_below_a_program(end, reference):
        return None
    release = release_of(facts.distro, end.successor)
    return ImageFacts(facts.name, None, exact=False, distro=facts.distro, release=release)


def lost_on_the_way(stages: Sequence[Stage], facts: ImageFacts | None, told: str) -> str:
    """Say what stages upon the old release rely on that the one of the way out does not have, or may not have.

    Args:
        stages: Those that are to move.
        facts: Where to (`moved_to`).
        told: What is said of packages already.
    """
    if facts is None:
        return ""
    packages = [name for stage in stages if _is_older(stage, facts) for name in _system_packages(stage)]
    gone = [name for name in dict.fromkeys(packages) if dropped(name, facts.distro, facts.release) is not None]
    others = (name for name in dict.fromkeys(packages) if name not in gone and quote(name) not in told)
    numbered = [name for name in others if _NUMBERED.match(name)]
    said = f" It has no {listed(map(quote, gone), _NAMED)}." if gone else ""
    if numbered:
        is_named = "is named by its version" if len(numbered) == 1 else "are named by their versions"
        said += f" {listed(map(quote, numbered), _NAMED)} {is_named}: see which it has."
    if any(is_refused_upon(stage, facts) for stage in stages):
        said += " There the system's Python takes nothing from pip (PEP 668): install into a virtual environment then."
    return f"{said}{_pinned(stages, facts)}{_taken(stages, facts)}{_linked_elsewhere(stages, facts)}"


def _pinned(stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name packages that are held at a version, the closest first: another release of the system has other versions."""
    older = (stage for stage in stages if _is_older(stage, newer))
    packages = (item.package for stage in older for item in stage.packages.installed if item.manager in OS_MANAGERS)
    held = {f"{one.name}{one.version}": one.version or "" for one in packages if _is_held(one.version)}
    names = sorted(held, key=lambda name: -len(numbers_of(held[name])))
    return f" See that it has what is pinned: {listed(map(quote, names), _NAMED)}." if names else ""


def _is_held(version: str | None) -> bool:
    return version is not None and version[0] in "=~" and "$" not in version


def _taken(stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name an account of the newer image that has the number of one that the file makes: Ubuntu's own, since 24.04."""
    holders = {str(uid): name for name, uid in newer.users.items() if uid is not None}
    made = (account for stage in stages if _is_older(stage, newer) for account in stage.users.created)
    found = next((one for one in made if one.uid in holders and holders[one.uid] != one.name), None)
    if found is None or found.uid is None:
        return ""
    return f" There {quote(holders[found.uid])} has the number {found.uid}, which {quote(found.name)} is given here."


def _linked_elsewhere(stages: Sequence[Stage], newer: ImageFacts) -> str:
    """Name a stage that does not move along and whose programs are linked with libraries of another release."""
    moving = set(stages)
    for copy in (copy for stage in stages for copy in stage.copies):
        builder = copy.from_stage
        if builder is None or builder in moving or builder.facts is None or not _is_older(builder, newer):
            continue
        if not _LINKING.isdisjoint(builder.facts.languages) or _is_linked(builder, copy):
            return f" What {builder.label} compiles is linked with the libraries of its own release: move both to one."
    return ""


def _is_linked(builder: Stage, copy: Copy) -> bool:
    """Whether a COPY takes a program that needs the system's libraries; Go's seldom need more than any release has."""
    found = program_of(copy)
    return found is not None and found[1].language != "go" and not is_static(builder, found[1])


def _is_older(stage: Stage, newer: ImageFacts) -> bool:
    """Whether a stage stands upon another release of the same distribution."""
    facts = stage.facts
    return facts is not None and facts.distro == newer.distro and facts.release != newer.release


def _system_packages(stage: Stage) -> Iterator[str]:
    return (item.name for item in stage.packages.installed if item.manager in OS_MANAGERS)


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


def _is_below_a_program(end: EndOfLife, reference: ImageReference) -> bool:
    """Whether a line is that of the system in an image of something else: a newer system may have no such image.

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
