"""A supported image instead of one whose release line has ended."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

from rules.data import load
from rules.facts import image_table
from rules.facts.cycles import Cycle, products_of
from rules.facts.eol import is_worth_a_move, judged, successors
from rules.facts.names import architecture_of, table_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from rules.dockerfile.reference import ImageReference


_SYSTEMS = frozenset({"alpine", "alpine-linux", "debian", "ubuntu"})
"""Products below a program, which a new one of is little work."""
_NO_DIGITS = "abcdefghijklmnopqrstuvwxyz-"


@lru_cache(maxsize=1024)
def supported_reference(reference: ImageReference, today: date) -> str | None:
    """Return the same image with the nearest release lines that are still supported, of program and system alike.

    The variant is kept: `python:3.9-slim-buster` becomes `python:3.11-slim-bookworm`, and so is a program's line that
    has not ended, wherever such an image is built. Another line that ends within a quarter of a year is put in only
    where no image without one is built.

    Args:
        reference: An image of which some release line has ended at `today`.
        today: The day to judge by.

    Returns:
        The text for the Dockerfile, without a digest; `None` where nothing has ended, or where the table does not know
        that such an image is built.
    """
    name, tag = table_name(reference), reference.tag
    if tag is None or not _is_built_for(reference):
        return None
    cycles = [cycle for cycle in products_of(name, tag) if cycle.part]
    if not any(judged(cycle, today).already_over for cycle in cycles):
        return None
    for kept, lasting in ((True, True), (False, True), (False, False)):
        choices = [tuple(_texts(cycle, today, kept=kept, lasting=lasting)) for cycle in cycles]
        for texts in product(*choices):
            candidate = tag
            for cycle, text in zip(cycles, texts, strict=True):
                candidate = candidate.replace(cycle.part, text, 1)
            if candidate != tag and _is_offered(name, candidate):
                return reference.with_tag(candidate)
    return None


@lru_cache(maxsize=1024)
def same_release(reference: ImageReference, today: date) -> str | None:
    """Return the same release of a program upon the nearest supported system, also where that is not rebuilt any more.

    Args:
        reference: An image whose system's line has ended at `today`, and its program's has not.
        today: The day to judge by.

    Returns:
        The text for the Dockerfile, without a digest; `None` where no such image was published.
    """
    name, tag = table_name(reference), reference.tag if _is_built_for(reference) else None
    cycles = [cycle for cycle in products_of(name, tag) if cycle.part] if tag is not None else []
    systems = [cycle for cycle in cycles if cycle.product in _SYSTEMS]
    programs = [cycle for cycle in cycles if cycle.product not in _SYSTEMS]
    if tag is None or len(systems) != 1 or not programs or any(judged(cycle, today).already_over for cycle in programs):
        return None
    for text in _texts(systems[0], today, kept=False, lasting=True):
        candidate = tag.replace(systems[0].part, text, 1)
        entry = image_table.find(name, candidate)
        if candidate != tag and entry is not None and entry.exact and entry.listed:
            return reference.with_tag(candidate)
    return None


def _texts(cycle: Cycle, today: date, *, kept: bool, lasting: bool) -> Iterator[str]:
    """Yield what can stand in the tag for a release line: itself while it is supported, then later ones.

    Args:
        cycle: The line in the tag.
        today: The day to judge by.
        kept: Only itself, while it is supported.
        lasting: Leave out lines that end within a quarter of a year.
    """
    prefix = cycle.part[: len(cycle.part) - len(cycle.part.lstrip(_NO_DIGITS))]
    over, kept = judged(cycle, today).already_over, kept and cycle.product not in _SYSTEMS
    if not over and (kept or not lasting or is_worth_a_move(cycle, today)):
        yield cycle.part
        yield prefix + cycle.name  # a release of long ago may not be built on a newer system, its line is
    if kept and not over:
        return
    codenames = {
        number: codename for codename, (distro, number) in load("eol", "codenames").items() if distro == cycle.product
    }
    for name in successors(cycle, today):
        if lasting and not is_worth_a_move(Cycle(cycle.product, name, ""), today):
            continue
        if cycle.part.isalpha() and name in codenames:
            yield codenames[name]
        else:
            yield prefix + name
            if "." in cycle.part and "." not in name:
                yield f"{prefix}{name}.0"


_EVERYWHERE = frozenset({"amd64", "arm64v8"})
"""Architectures for which the official images of all lines are built."""
_OF_ALL = frozenset({"alpine", "debian"})
"""Systems that are built for the older architectures as well, in each line (Alpine's and Debian's lists of ports)."""


def _is_built_for(reference: ImageReference) -> bool:
    """Whether the newer lines of an image are known to be built for the architecture that its name may give.

    Others drop architectures with a line: of `i386/ubuntu` there is none from 20.04 on.
    """
    architecture = architecture_of(reference)
    return architecture is None or architecture in _EVERYWHERE or table_name(reference) in _OF_ALL


def _is_offered(name: str, tag: str) -> bool:
    if image_table.is_built(name, tag):
        return True
    entry = image_table.find(name, tag)
    return entry is not None and entry.listed is None and entry.exact
