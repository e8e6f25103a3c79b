"""The release lines that an image's name and tag name: `python:3.9-slim-buster` is Python 3.9 and Debian 10."""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.data import load
from rules.facts import image_table
from rules.facts.languages import languages_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEADING = re.compile(r"(?:stream|v)?((\d+(?:\.\d+)*)(?:_\d+|u\d+(?:-b\d+)?)?)")
"""The version in front of a tag, and with it the build of a Java: `21.0.2_13`, `8u402-b06`."""

_LANGUAGE_PRODUCTS = {"python": "python", "node": "nodejs", "php": "php", "ruby": "ruby", "go": "go"}
_ALIASES = {("amazon-linux", "1"): "2018.03"}
_UBI = re.compile(r"/ubi(\d+)")
_LAMBDA = re.compile(r"public\.ecr\.aws/lambda/(\w+)")


class Cycle(NamedTuple):
    """A release line in an image.

    Attributes:
        product: Its key in the table: `nodejs`, `alpine-linux`.
        name: The line: `18`, `3.17`.
        part: The text in the tag that names it: `18.16.0`, `alpine3.17`; empty where the image's name does.
    """

    product: str
    name: str
    part: str


def products_of(name: str, tag: str) -> tuple[Cycle, ...]:
    """Return the products whose cycle a tag names: the program first, then its language, then the system.

    Of an image that the tables do not know a tag tells the system only where it is a codename and nothing else, or says
    `ubuntu20.04`; the image's name does so too (`rocm/dev-ubuntu-20.04`), and Microsoft's for developers say it last.

    Args:
        name: The image as `rules.facts.names.table_name` gives it.
        tag: Its tag.
    """
    main = _main_product(name, tag)
    language = None if main and main.product == "aws-lambda" else _language(name, tag)
    found: dict[str, Cycle] = {}
    known = main is not None or image_table.family(name) is not None
    for one in (main, language, _system(tag) if known else _of_unknown(name, tag)):
        if one is not None:
            found.setdefault(one.product, one)
    return tuple(found.values())


_CENTOS_LINUX = re.compile(r"(?:centos)?[67](?!\w)")
"""Tags of CentOS Linux beside those of CentOS Stream, whose first line is 8: `7`, `centos7.9.2009`."""
_NODE_LINES = dict(
    zip(
        "argon boron carbon dubnium erbium fermium gallium hydrogen iron jod krypton".split(),
        map(str, range(4, 26, 2)),
        strict=True,
    )
)
"""The names of Node.js' long-term lines, which are tags too (nodejs/Release)."""


@lru_cache(maxsize=1)
def _image_patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(match), product) for match, product in load("eol", "images")]


@lru_cache(maxsize=512)
def _product_of(name: str) -> str | None:
    return next((product for pattern, product in _image_patterns() if pattern.fullmatch(name)), None)


_WITH_PG = frozenset({"timescale/timescaledb", "timescale/timescaledb-ha", "pgvector/pgvector", "ankane/pgvector"})
_PG = re.compile(r"(?:^|-)pg(\d+)(?=[.-]|$)")
"""PostgreSQL's line in the tags of images with its extensions: `latest-pg12`, `0.8.0-pg17` (their README)."""


def _main_product(name: str, tag: str) -> Cycle | None:
    product = _product_of(name)
    if product is None:
        found = _PG.search(tag) if name in _WITH_PG else None
        return _known("postgresql", found[1], found[0].strip("-")) if found is not None else None
    if product == "rhel" and (ubi := _UBI.search(name)):
        return _known(product, ubi[1], "")
    if product == "aws-lambda" and (runtime := _LAMBDA.fullmatch(name)):
        version = tag.partition("-")[0]
        return _known(product, f"{runtime[1]}{version}", version) or _known(
            product, f"{runtime[1]}{version}.x", version
        )
    if product == "centos-stream" and _CENTOS_LINUX.match(tag):
        product, tag = "centos", tag.removeprefix("centos")
    if leading := _LEADING.match(tag):
        return _line_of(product, leading[2], leading[1]) or _of_closed_major(product, name, tag, leading[1])
    if product == "nodejs" and (major := _NODE_LINES.get(tag.partition("-")[0])):
        return _known(product, major, tag.partition("-")[0])
    named = (_known(product, part, part) or _by_codename(part, product) for part in tag.split("-"))
    return next((one for one in named if one is not None), None)


def languages_in(name: str, tag: str | None) -> Mapping[str, str | None]:
    """Return the runtimes of an image as `languages_of` does, and the line where the tag was left at a major's last.

    `php:7-fpm` is PHP 7.4, for as long as anybody has it.
    """
    languages = languages_of(name, tag)
    majors = [language for language, version in languages.items() if version is not None and version.isdecimal()]
    if tag is None or not majors:
        return languages
    main = _main_product(name, tag)
    lines = {
        language: main.name
        for language in majors
        if main is not None
        and main.product == _LANGUAGE_PRODUCTS.get(language)
        and main.name.startswith(f"{languages[language]}.")
    }
    return MappingProxyType({**languages, **lines})


def _language(name: str, tag: str) -> Cycle | None:
    """Find the language of an image that names its version elsewhere: `wordpress:6.4-php8.0`, distroless."""
    for language, version in languages_of(name, tag).items():
        if version is not None and language in _LANGUAGE_PRODUCTS:
            return _line_of(_LANGUAGE_PRODUCTS[language], version)
    return None


def _system(tag: str) -> Cycle | None:
    for pattern, product in _systems():
        if match := pattern.search(tag):
            return _line_of(product, match[1], match.group().removeprefix("-"))
    return next((named for part in tag.split("-") if (named := _by_codename(part))), None)


@lru_cache(maxsize=1)
def _systems() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), product) for pattern, product in load("eol", "systems"))


_PLAIN = frozenset("bionic bookworm bullseye buster focal jammy jessie noble stretch trixie trusty xenial".split())
"""Codenames that mean a system in whoever's tag: `groovy` and `etch` may mean anything."""


_FOR_DEVELOPERS = re.compile(r"mcr\.microsoft\.com/(?:vscode/)?devcontainers/[\w-]+")
"""Images whose tags end in the system's codename: `python:3.9-buster`, `go:1-1.22-bookworm` (devcontainers/images)."""
_UBUNTU = re.compile(r"(?:^|(?<=[-_]))ubuntu-?(?P<number>\d\d\.(?:04|10))(?=[-_]|$)")
"""Ubuntu with a whole number, in a name or a tag: `dev-ubuntu-20.04`, `rocm5.7_ubuntu20.04_py3.9`."""


def _of_unknown(name: str, tag: str) -> Cycle | None:
    """Find the system of an image that is in no table, where its name or tag leaves no doubt."""
    if _FOR_DEVELOPERS.fullmatch(name) and (last := tag.rpartition("-")[2]) in _PLAIN:
        return _by_codename(last)
    for text in (tag, name.rpartition("/")[2]):
        if found := _UBUNTU.search(text):
            return _known("ubuntu", found["number"], found[0] if text == tag else "")
    return _by_plain_codename(tag)


def _by_plain_codename(tag: str) -> Cycle | None:
    return _by_codename(tag) if tag in _PLAIN else None


def _by_codename(part: str, product: str | None = None) -> Cycle | None:
    known = load("eol", "codenames").get(part)
    if known is None or product not in {None, known[0]}:
        return None
    return _known(known[0], known[1], part)


def _line_of(product: str, version: str, part: str | None = None) -> Cycle | None:
    """Find the cycle that a version belongs to, the most precise one first: 3.12.4, 3.12, 3."""
    numbers = version.split(".")
    candidates = (".".join(numbers[:length]) for length in range(len(numbers), 0, -1))
    found = (_known(product, candidate, part or version) for candidate in candidates)
    return next((one for one in found if one is not None), None)


def _of_closed_major(product: str, name: str, tag: str, major: str) -> Cycle | None:
    """Find the line that a major version stood for when the official library gave it up: `python:2` is Python 2.7.

    The tag stands for the last line of that major that left the library on the same day.
    """
    day = image_table.gone_since(name, tag)
    if not day or not major.isdecimal():
        return None
    table = load("eol", f"product/{product}")
    lines = [one["cycle"] for one in table["cycles"] if re.fullmatch(rf"{major}\.\d+", one["cycle"])] if table else []
    lines.sort(key=lambda line: -int(line.partition(".")[2]))
    if any(image_table.is_built(name, line) for line in lines):
        return None
    rest = tag.removeprefix(major)
    line = next((line for line in lines if image_table.gone_since(name, f"{line}{rest}") == day), None)
    return Cycle(product, line, major) if line is not None else None


def _known(product: str, cycle: str, part: str) -> Cycle | None:
    cycle = _ALIASES.get((product, cycle), cycle)
    return Cycle(product, cycle, part) if cycle_of(product, cycle) is not None else None


def cycle_of(product: str, cycle: str) -> dict[str, Any] | None:
    """Return a release line's row of the table; `None` for one that it does not have."""
    table = load("eol", f"product/{product}")
    return next((one for one in table["cycles"] if one["cycle"] == cycle), None) if table else None


@lru_cache(maxsize=16)
def newest_line(product: str) -> str | None:
    """Return a product's newest release line on the day of the table: later ones may have come since."""
    table = load("eol", f"product/{product}")
    lines = [one["cycle"] for one in table["cycles"] if re.fullmatch(r"[\d.]+", one["cycle"])] if table else []
    return max(lines, key=lambda line: [int(part) for part in line.split(".")], default=None)
