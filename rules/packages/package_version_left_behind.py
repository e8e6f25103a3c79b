"""See package_version_left_behind.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    OS_MANAGERS,
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Problem,
    Run,
    Severity,
    Span,
    Stage,
    quote,
    rule,
)

_VERSIONED = re.compile(r"(?P<stem>php|openjdk-?|postgresql-?|python3\.)(?P<number>\d+(?:\.\d+)?)(?P<rest>(?:-.*)?)")
"""Packages whose names have the version in them, and whose files have it in their paths."""
_PLACES = {
    "php": r"(?:/php/?|php-fpm){0}(?![\w.])",
    "openjdk": r"/java-(?:1\.)?{0}-openjdk\b",
    "postgresql": r"/postgresql/?{0}(?![\w.])",
    "python3.": r"/(?:bin|lib)/python3\.{0}(?![\w.])",
}
"""How paths and programs of such a package are called.

In Debian and Ubuntu `/etc/php/8.3`, `php-fpm8.3`, `/usr/lib/jvm/java-17-openjdk-amd64`, `/usr/lib/postgresql/16`,
`/usr/lib/python3.11`; in Alpine `/etc/php83`, `php-fpm83`, `/usr/lib/jvm/java-17-openjdk`, `/usr/libexec/postgresql16`
(the lists of files at packages.debian.org and pkgs.alpinelinux.org).
"""
_NAMING = ("ENV", "CMD", "ENTRYPOINT", "HEALTHCHECK", "COPY", "ADD")
_HARMLESS = frozenset({"rm", "apt-get", "apt", "apk", "echo", "update-alternatives"})
"""Commands that go well without the file, or name packages."""


class _Moved(NamedTuple):
    """A package that the change takes in another version.

    Attributes:
        old: Its name before.
        new: Its name now.
        places: What finds the paths of the old one.
    """

    old: str
    new: str
    places: re.Pattern[str]


@rule(
    "package-version-left-behind",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("RUN",),
    mentions=("php", "openjdk", "postgresql", "python3."),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change installs another version of a package, and a path still has the old one in it."""
    for stage, was in change.compared():
        for moved in {one.places: one for one in reversed([*_moves(stage, was)])}.values():
            found = next(_left(stage, moved), None)
            if found is not None:
                yield _problem(stage, moved, *found)


def _moves(stage: Stage, was: Stage) -> Iterator[_Moved]:
    """Yield the packages of which nothing of the old version is installed any more, and another version is."""
    before, now = _names(was), _names(stage)
    parsed = [match for name in now - before if (match := _VERSIONED.fullmatch(name)) is not None]
    for name in sorted(before - now):
        old = _VERSIONED.fullmatch(name)
        heirs = [one for one in parsed if old is not None and (one["stem"], one["rest"]) == (old["stem"], old["rest"])]
        if old is None or len(heirs) != 1 or stage.facts is None or not stage.facts.is_plain:
            continue
        token = re.compile(rf"{re.escape(old['stem'] + old['number'])}(?![\d.])")
        if not any(map(token.match, now)):
            places = _PLACES[old["stem"].rstrip("-")].format(re.escape(old["number"]))
            yield _Moved(name, heirs[0][0], re.compile(places))


def _names(stage: Stage) -> frozenset[str]:
    return frozenset(item.name for item in stage.packages.present if item.manager in OS_MANAGERS)


def _left(stage: Stage, moved: _Moved) -> Iterator[tuple[Instruction, Span, str]]:
    """Yield where such a path still stands: in a command, a variable, a start command, or where a COPY goes."""
    if any(moved.places.search(put.path) and put.kind in ("stage", "image") for put in stage.files.puts):
        return  # another stage brings the old version
    for step in stage.steps:
        instruction = step.instruction
        if isinstance(step, Run):
            for command in step.commands:
                if command.name not in _HARMLESS and not command.conditional and moved.places.search(str(command)):
                    yield instruction, command.span, str(command)
        elif _names_place(instruction, moved):
            yield instruction, instruction.span, str(instruction)


def _names_place(instruction: Instruction, moved: _Moved) -> bool:
    """Whether an instruction other than a RUN names such a path, and not one of another stage's."""
    ours = instruction.keyword in _NAMING and instruction.flag("from") is None
    return ours and moved.places.search(instruction.value) is not None


def _problem(stage: Stage, moved: _Moved, instruction: Instruction, span: Span, text: str) -> Problem:
    found = moved.places.search(text)
    effect = {
        "COPY": "What is copied there is read by nothing.",
        "ADD": "What is copied there is read by nothing.",
    }.get(instruction.keyword, "It is not there.")
    return Problem(
        span,
        f"{stage.label} installs {quote(moved.new)} with this change in the place of {quote(moved.old)}, and "
        f"{quote(text, 80)} still names {quote(found[0] if found is not None else moved.old)}, which belongs to the "
        f"old one. {effect} Write the new version here, too.",
        Confidence.LIKELY,
        doubt="something else may bring the old version",
        instruction=instruction,
        stage=stage.key,
        key=moved.old,
    )
