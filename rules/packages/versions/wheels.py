"""From which release on packages of PyPI have wheels for a release line of Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.numbers import numbers_of
from rules.packages.pins.asked_packages import asked_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, PackageCall, Run

_LINES = ("3.11", "3.12", "3.13", "3.14")
_FIRST = {
    "grpcio": ("1.49.0", "1.59.0", "1.66.2", "1.75.1"),
    "lxml": ("4.9.1", "4.9.3", "5.3.0", "6.0.1"),
    "numpy": ("1.23.2", "1.26.0", "2.1.0", "2.3.2"),
    "pandas": ("1.5.0", "2.1.1", "2.2.3", "2.3.3"),
    "pillow": ("9.2.0", "10.0.0", "10.4.0", "11.3.0"),
    "psycopg2-binary": ("2.9.5", "2.9.9", "2.9.10", "2.9.11"),
}
"""The first release with a wheel for Linux on x86-64, for each of these lines (PyPI, "Download files", read by
`pip download --only-binary=:all: --python-version` in November 2026). Their wheels hold machine code for one line of
Python, so that no earlier one fits; what is built for the stable interface (`abi3`), such as cryptography, is not
here."""

_BOUND = re.compile(r"(?P<sign>==|<=?|~=)\s*(?P<version>\d+(?:\.\d+)*)(?P<any>\.\*)?(?=[\s,]|$)")
_OTHER = re.compile(r"(?:!=|>=?)\s*\d[\w.*+-]*(?=[\s,]|$)")
_OF_ONE_LINE = re.compile(r"\d\.\d+")


class Older(NamedTuple):
    """A package that is asked for in a release from before its first wheel.

    Attributes:
        name: Its name in the index.
        asked: With the releases that would do, as written: `numpy<2`.
        line: Python's release line: `3.13`.
        first: The first release with a wheel for it.
    """

    name: str
    asked: str
    line: str
    first: str


def older_than_wheels(change: DockerfileChange, run: Run, call: PackageCall) -> Iterator[Older]:
    """Yield what a call of pip asks for in releases that have no wheel for the Python of the base image."""
    line = _line_of(run, call)
    if line is None:
        return
    for asked in asked_packages(change, run, call):
        first = dict(zip(_LINES, _FIRST.get(asked.name, ()), strict=False)).get(line)
        versions = asked.versions.strip(" ,")
        if first is not None and _ends_before(versions, first):
            yield Older(asked.name, f"{asked.name}{versions}", line, first)


def _line_of(run: Run, call: PackageCall) -> str | None:
    """Return the release line of the base image's Python, where the call is one of its pip."""
    facts = run.stage.facts
    number = (facts.languages.get("python") if facts is not None else None) or ""
    found = _OF_ONE_LINE.match(number)
    named = _OF_ONE_LINE.search(call.command.name)
    own = found is not None and (named is None or named[0] == found[0])
    return found[0] if found is not None and own and call.manager == "pip" else None


def _ends_before(versions: str, first: str) -> bool:
    """Whether each release that would do is older than another (packaging.python.org, "Version specifiers")."""
    bounds = list(_BOUND.finditer(versions))
    rest = _OTHER.sub("", _BOUND.sub("", versions))
    if rest.strip(" ,"):
        return False
    return any(_is_below(bound, _numbers(first)) for bound in bounds)


def _is_below(bound: re.Match[str], first: tuple[int, ...]) -> bool:
    """Whether all that one condition allows is older than a release."""
    sign, version = bound["sign"], list(numbers_of(bound["version"]))
    if sign == "~=" or bound["any"]:
        kept = version if bound["any"] else version[:-1]
        return bool(kept) and _numbers(".".join(map(str, [*kept[:-1], kept[-1] + 1]))) <= first
    reached = _numbers(bound["version"])
    return reached <= first if sign == "<" else reached < first


def _numbers(version: str) -> tuple[int, ...]:
    """Return a release's numbers; `2.1` and `2.1.0` are one release."""
    numbers = list(numbers_of(version))
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
