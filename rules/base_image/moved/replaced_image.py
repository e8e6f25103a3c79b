"""Another image in the place of one that was given up: what the file names of the old one may lie elsewhere there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.base_image.ended.left_behind import installed_otherwise, number_taken
from rules.base_image.named_images import facts_named
from rules.dockerfile.reference import parse_reference
from rules.facts.cycles import Cycle
from rules.facts.eol import all_end_of_life, successors
from rules.facts.image_table import is_built
from rules.matching.fingerprint import unnumbered
from rules.quoting import listed, quote
from rules.user.root.start_scripts import start_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from rules.change import DockerfileChange
    from rules.dockerfile.reference import ImageReference
    from rules.facts.eol import EndOfLife
    from rules.facts.images import ImageFacts
    from rules.model.stage import Stage

_PATH = re.compile(r"(?<![\w.$}~/-])(?!/usr/share/)(?:/[\w.+@-]+){2,}(?![\w.+@${*-])")
_SHOWN = 3
_TEMURIN = "eclipse-temurin"
_OF_JAVA = {_TEMURIN: "", "ibm-semeru-runtimes": "open-"}
"""Images of Java, with what stands before the release in their tags; Semeru follows the lines that Temurin has."""
_NUMBER = re.compile(r"(?:openjdk)?(?P<number>\d{1,2})(?!\d)")
"""The release of Java in a tag, or in the name of an image: `8u171-jre`, `adoptopenjdk/openjdk11`."""


def with_its_tag(end: EndOfLife, reference: ImageReference, today: date) -> str:
    """Return the image to use instead: under the same tag where it is built with that and supported, else its name.

    Of Java's images, whose tags tell the release by its number, it is the nearest release line that is supported.
    """
    name = end.instead or ""
    same = _supported(name, reference.tag or "", today)
    return same or (_of_java(name, reference, today) if name in _OF_JAVA else None) or name


def _supported(name: str, tag: str, today: date) -> str | None:
    """Return an image under a tag that is built, where none of its lines has ended."""
    tagged = parse_reference(f"{name}:{tag}") if tag and is_built(name, tag) else None
    over = tagged is None or any(one.already_over for one in all_end_of_life(tagged, today))
    return tagged.text if tagged is not None and not over else None


def _of_java(name: str, reference: ImageReference, today: date) -> str | None:
    """Return the image of the nearest release of Java that is supported: with the compiler or without, as it was."""
    tag = reference.tag or ""
    number = _NUMBER.match(tag) or _NUMBER.search(reference.path)
    if number is None or "windows" in tag or "nanoserver" in tag:
        return None
    kind, system = "jre" if "jre" in tag else "jdk", "-alpine" if "alpine" in tag else ""
    own = number["number"]
    later = (line for line in ("8", *successors(Cycle(_TEMURIN, "8", ""), today)) if int(line) > int(own))
    tags = (
        f"{_OF_JAVA[name]}{line}-{kind}{variant}" for line in (own, *later) for variant in dict.fromkeys((system, ""))
    )
    return next((image for tag in tags if (image := _supported(name, tag, today)) is not None), None)


def later_release(end: EndOfLife, reference: ImageReference, today: date) -> ImageFacts | None:
    """Return what is known of the same image upon a later release, where that has a name of its own."""
    if not end.instead or _own_name(end.instead) != _own_name(reference.path):
        return None
    return facts_named(with_its_tag(end, reference, today))


def lies_elsewhere(change: DockerfileChange, stages: Sequence[Stage], end: EndOfLife, today: date) -> str:
    """Say what of the old image the file names, which is to be looked for in the other one.

    Args:
        change: The file.
        stages: Those upon the image.
        end: Why it is over.
        today: The day to judge by.
    """
    reference = stages[0].reference
    if reference is None or not has_another_name(end, reference):
        return ""
    found = dict.fromkeys(path for stage in stages for path in _of_image(change, stage, reference))
    said = f" See where it has {listed(map(quote, found), _SHOWN)}." if found else ""
    facts = facts_named(with_its_tag(end, reference, today))
    clauses = (installed_otherwise(stages, facts), number_taken(stages, facts)) if facts is not None else ()
    return said + "".join(f" {clause[0].upper()}{clause[1:]}." for clause in clauses if clause)


def has_another_name(end: EndOfLife, reference: ImageReference) -> bool:
    """Tell whether the image to use instead is another one, and no later release of the same under its number."""
    return bool(end.instead) and _own_name(end.instead or "") != _own_name(reference.path)


def _own_name(path: str) -> str:
    """Return an image's name without the numbers of its system: `java17-debian12` is another `java17-debian13`."""
    return unnumbered(path.rpartition("/")[2])


def _of_image(change: DockerfileChange, stage: Stage, reference: ImageReference) -> Iterator[str]:
    """Yield the paths in which the image's own name or language stands, and that no step brings."""
    languages = stage.facts.languages if stage.facts is not None else {}
    words = re.compile("|".join(map(re.escape, (reference.path.rpartition("/")[2], *languages))))
    texts = [step.instruction.text for step in stage.done_steps]
    texts += [script.text for script in start_scripts(change, stage) if script.text is not None]
    texts += [
        source.path or ""
        for other in change.stages
        for copy in other.copies
        if copy.from_stage is stage
        for source in copy.sources
    ]
    for path in (match[0] for text in texts for match in _PATH.finditer(text)):
        if words.search(path) and not any(put.path.count("/") > 1 for put in stage.files.covering(path)):
            yield path
