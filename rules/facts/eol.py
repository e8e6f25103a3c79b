"""End of life: whether what an image brings still gets security fixes.

An image can bring several products: `python:3.9-slim-buster` is Python 3.9 and Debian 10. Nothing is said about a cycle
that the table does not know, nor about a tag that does not name one (`python:3`, `node:latest`).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rules.data import load
from rules.facts import image_table
from rules.facts.cycles import cycle_of, products_of
from rules.facts.images import image_facts
from rules.facts.names import table_name

if TYPE_CHECKING:
    from rules.dockerfile.reference import ImageReference
    from rules.facts.cycles import Cycle

_LONG_OVER, _OPEN = dt.date.min, dt.date.max
_WORTH_A_MOVE = dt.timedelta(days=92)
_FEW_OPEN = {"go": dt.timedelta(days=183), "elixir": dt.timedelta(days=183)}
"""How often a line comes of products that fix only their newest two or five (go.dev, elixir-lang.org)."""
_RECENT = 5
"""Lines of a product by whose last days it is judged how long the next one lasts."""


@dataclass(frozen=True)
class EndOfLife:
    """How long one product in an image is supported.

    Attributes:
        product: Its name for people: `Python`, `Debian`.
        cycle: The release line: `3.9`, `10`.
        part: The text in the tag that names the cycle, such as `3.9` or `buster`; empty where the name does.
        date: The last day of free security support; `None` where it is not known, or open.
        already_over: Whether support has ended at the day asked for.
        days: Days since `date`, negative before it; `None` without a date.
        regular_end: The end of regular support, where a free extension follows it.
        extension: The name of that extension: `Debian LTS`.
        newest_only: The product fixes its newest release line only, so that every pinned line ends soon.
        successor: The nearest later cycle that is supported at that day; long-term ones first.
        passed_over: A nearer one that ends within a quarter of a year, and its last day.
        instead: An image to use where the image itself is abandoned.
        note: Why an image without a date is over.
        rebuilt_until: The day on which its tag left the official library, where nobody has given a day for the image.
        withdrawn: Whether the registry has no tag of that image any more.
        link: The page with the product's dates.
        data_date: The day of the table.
    """

    product: str
    cycle: str
    part: str
    date: dt.date | None
    already_over: bool
    days: int | None
    regular_end: dt.date | None = None
    extension: str = ""
    newest_only: bool = False
    successor: str | None = None
    passed_over: tuple[str, dt.date] | None = None
    instead: str | None = None
    note: str = ""
    rebuilt_until: dt.date | None = None
    withdrawn: bool = False
    link: str = ""
    data_date: dt.date | None = None


@lru_cache(maxsize=1024)
def all_end_of_life(reference: ImageReference, today: dt.date) -> tuple[EndOfLife, ...]:
    """Return the end of life of every product that an image's name and tag name.

    Args:
        reference: The image as it is pulled, with its variables put in.
        today: The day to judge by.

    Returns:
        The abandoned image itself first, then the program, then the operating system.
    """
    name, tag = table_name(reference), reference.effective_tag
    if tag is None:  # a digest, of an image that was given up under every tag
        dead = _abandoned(reference, name, None, today)
        return (dead,) if dead is not None else ()
    found = tuple(judged(one, today) for one in products_of(name, tag))
    dead = _abandoned(reference, name, tag, today)
    if dead is None or (dead.instead is None and any(one.already_over for one in found)):
        return found
    return (dead, *found)


def data_date() -> dt.date:
    """Return the day of the table of end-of-life dates."""
    return dt.date.fromisoformat(load("eol", "meta")["commit_date"][:10])


@lru_cache(maxsize=1)
def codenames() -> frozenset[str]:
    """Return the names of Debian's and Ubuntu's releases, such as `bookworm`."""
    return frozenset(load("eol", "codenames"))


def _end(cycle: dict[str, Any], *, extended: bool) -> dt.date:
    """Return the last day of support; the first or last day of all for over at an unknown day, and for open."""
    value = cycle.get("eoes", cycle["eol"]) if extended else cycle["eol"]
    if isinstance(value, str):
        return dt.date.fromisoformat(value)
    return _LONG_OVER if value else _OPEN


def judged(found: Cycle, today: dt.date) -> EndOfLife:
    """Return the end of life of a release line that the table knows."""
    table = load("eol", f"product/{found.product}")
    cycle = cycle_of(found.product, found.name)
    assert cycle is not None, "a cycle is made for lines of the table only"
    regular = _end(cycle, extended=False)
    end = _end(cycle, extended=bool(table["extension"]))
    day = None if end in {_LONG_OVER, _OPEN} else end
    return EndOfLife(
        product=table["label"],
        cycle=found.name,
        part=found.part,
        date=day,
        already_over=end < today,
        days=(today - day).days if day else None,
        regular_end=regular if regular != end else None,
        extension=table["extension"] if regular != end else "",
        newest_only=table["newest_only"],
        successor=next(iter(successors(found, today)), None),
        passed_over=_passed_over(found, today),
        link=table["link"],
        data_date=data_date(),
    )


@lru_cache(maxsize=512)
def successors(found: Cycle, today: dt.date) -> tuple[str, ...]:
    """Return the later release lines that are supported at a day, the nearest first, long-term ones before them.

    A free extension counts, as it does where a line is judged. Lines that end within a quarter of a year come last:
    whoever moves to one has to move again at once.
    """
    table = load("eol", f"product/{found.product}")
    names = [one["cycle"] for one in table["cycles"]]
    later = [
        (one, _end(one, extended=bool(table["extension"])))
        for one in table["cycles"]
        if _order(one["cycle"], names) > _order(found.name, names)
    ]
    living = [(one, end) for one, end in later if end >= today and not _may_have_ended(found.product, one, end, today)]
    living.sort(
        key=lambda row: (ends_soon(row[1], today), not _is_long_term(row[0], today), _order(row[0]["cycle"], names))
    )
    return tuple(one["cycle"] for one, _ in living)


def _passed_over(found: Cycle, today: dt.date) -> tuple[str, dt.date] | None:
    """Return the first line between a release line and its successor that is supported, but not for long."""
    table = load("eol", f"product/{found.product}")
    names = [one["cycle"] for one in table["cycles"]]
    chosen, *others = successors(found, today) or ("",)
    nearer = [name for name in others if _order(name, names) < _order(chosen, names)]
    ends = {one["cycle"]: _end(one, extended=bool(table["extension"])) for one in table["cycles"]}
    soon = [name for name in nearer if ends_soon(ends[name], today)]
    return (soon[0], ends[soon[0]]) if soon else None


def _may_have_ended(product: str, cycle: dict[str, Any], end: dt.date, today: dt.date) -> bool:
    """Tell whether a line that was open when the table was made has had the time to be replaced since."""
    if end != _OPEN or cycle.get("lts"):
        return False
    lasts = _interval(product)
    return lasts is not None and today > data_date() + lasts


@lru_cache(maxsize=128)
def _interval(product: str) -> dt.timedelta | None:
    """Return how long a line of a product that fixes its newest one only lasts; `None` of others, or if not known."""
    table = load("eol", f"product/{product}")
    if not table["newest_only"]:
        return _FEW_OPEN.get(product)
    known = (_end(one, extended=False) for one in table["cycles"] if not one.get("lts"))
    ends = sorted({end for end in known if end not in (_OPEN, _LONG_OVER)}, reverse=True)[:_RECENT]
    gaps = sorted(later - earlier for later, earlier in pairwise(ends))
    return gaps[len(gaps) // 2] if gaps else None


def is_worth_a_move(found: Cycle, today: dt.date) -> bool:
    """Tell whether a release line is supported for a quarter of a year from a day on."""
    table = load("eol", f"product/{found.product}")
    cycle = cycle_of(found.product, found.name)
    return cycle is not None and not ends_soon(_end(cycle, extended=bool(table["extension"])), today)


def ends_soon(end: dt.date, today: dt.date) -> bool:
    """Tell whether a last day of support is past or within a quarter of a year."""
    return end < today + _WORTH_A_MOVE


def _is_long_term(cycle: dict[str, Any], today: dt.date) -> bool:
    """Tell whether a line is a long-term one; where the table gives a day, from that day on."""
    since = cycle.get("lts", False)
    return bool(since) if isinstance(since, bool) else dt.date.fromisoformat(since) <= today


def _order(cycle: str, cycles: list[str]) -> tuple[int, ...]:
    """Order cycles by their numbers; where they have none, by their place in the table, newest first."""
    numbers = re.findall(r"\d+", cycle)
    return tuple(int(number) for number in numbers) if numbers else (-cycles.index(cycle),)


def _abandoned(reference: ImageReference, name: str, tag: str | None, today: dt.date) -> EndOfLife | None:
    there = (row for row in _given_up() if row[1].get("registry", reference.registry) == reference.registry)
    rows = ((pattern.fullmatch(name), one) for pattern, one in there)
    found = next(((match, one) for match, one in rows if match and _is_meant(one, tag)), None)
    if found is None:
        return None
    match, dead = found
    if tag is not None and image_table.is_built(name, tag) and "registry" not in dead:
        return None  # a row that names a registry holds of the one where the image lives on
    facts = image_facts(reference)
    given_up = dt.date.fromisoformat(dead["date"]) if "date" in dead else None
    left = facts.stopped if facts is not None and given_up is None else None
    day = given_up or left
    return EndOfLife(
        product=name,
        cycle=tag or "",
        part="",
        date=given_up,
        already_over=day is None or day < today,
        days=(today - given_up).days if given_up else None,
        instead=_instead(match, dead, reference.tag),
        note=dead["note"],
        rebuilt_until=left,
        withdrawn=dead.get("withdrawn", False),
        link="",
        data_date=data_date(),
    )


@lru_cache(maxsize=1)
def _given_up() -> tuple[tuple[re.Pattern[str], dict[str, Any]], ...]:
    """Return the rows of images that were given up, each with the pattern of its names."""
    return tuple((re.compile(one["match"]), one) for one in load("eol", "dead"))


def _is_meant(dead: dict[str, Any], tag: str | None) -> bool:
    """Whether a row is about a tag, or for `None` about all of them; what a registry still has by a digest is open."""
    if tag is None:
        return not {"tag", "withdrawn"} & dead.keys()
    return re.fullmatch(dead.get("tag", ".*"), tag) is not None


def _instead(match: re.Match[str], dead: dict[str, Any], tag: str | None) -> str | None:
    """Return the image to use; where it is the same one of a later system, with its tag, and only if it is known."""
    instead: str | None = dead.get("instead")
    if instead is None or "\\" not in instead:
        return instead
    name = match.expand(instead)
    return (f"{name}:{tag}" if tag else name) if image_table.family(name) is not None else None
