"""Names of a release in what a stage does: sources of packages, archives and folders that belong to it alone."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.facts.distributions import REDHAT_FAMILY
from rules.numbers import numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.change import DockerfileChange
    from rules.facts.images import ImageFacts
    from rules.model.stage import Stage

_NUMBERED = {
    "debian": r"deb(?:ian)?[-_/ ]?{}",
    "ubuntu": r"ubuntu[-_/ ]?{}",
    "alpine": r"(?:alpine[-_/]?v?|v){}(?=[/-])",
    "amazonlinux": r"(?:amzn|amazonlinux[-_/]?){}",
    "fedora": r"(?:fc|fedora[-_/]?){}",
    **dict.fromkeys(
        REDHAT_FAMILY - {"fedora", "amazonlinux"},
        r"(?:el|rhel|ol|centos|rocky|almalinux|oraclelinux|epel-release-latest)[-_/]?{}",
    ),
}
"""How the numbers of releases are written in addresses and names of packages: `ubuntu/2004`, `.el7.`, `amzn2`."""
_READ = frozenset({"RUN", "ENV", "ARG", "ADD"})


def old_names(change: DockerfileChange, stages: Iterable[Stage], newer: ImageFacts) -> dict[str, int]:
    """Return what stages name of the releases that a move to another image leaves, with the first line of each.

    Args:
        change: The file.
        stages: Those that move.
        newer: The image that they move to.
    """
    found: dict[str, int] = {}
    for stage in stages:
        pattern = _pattern(stage.facts, newer) if stage.facts is not None else None
        if pattern is None:
            continue
        for number in _lines(stage):
            text = change.source.line(number)
            if not text.lstrip().startswith("#"):
                for match in pattern.finditer(text):
                    found.setdefault(match[0], number)
    return dict(sorted(found.items(), key=lambda one: one[1]))


_SOURCES = "/etc/apt/sources.list"
_WITHOUT_SOURCES = 12
"""The Debian from which on its images name the mirrors in `debian.sources` (debuerreotype, release 0.15)."""


def sources_file(stages: Iterable[Stage], newer: ImageFacts) -> str:
    """Say, in a clause, that an image of Debian has no longer the file of apt's that `sed` changes; empty for none."""
    number = newer.release.number if newer.release is not None and newer.distro == "debian" else None
    if number is None or not number.isdecimal() or int(number) < _WITHOUT_SOURCES:
        return ""
    commands = (
        command
        for stage in stages
        if stage.facts is not None and stage.facts.release != newer.release
        for run in stage.done_runs
        for command in run.calls("sed")
    )
    line = next((command.line for command in commands if _SOURCES in [word.value for word in command.args]), None)
    return f"it has no `{_SOURCES}` for `sed` (line {line}), but `{_SOURCES}.d/debian.sources`" if line else ""


def _lines(stage: Stage) -> Iterator[int]:
    for instruction in stage.instructions:
        if instruction.keyword in _READ:
            yield from range(instruction.span.line, instruction.span.end_line + 1)


def _pattern(older: ImageFacts, newer: ImageFacts) -> re.Pattern[str] | None:
    """Return a pattern of what is left; `None` where nothing is, or nothing that has a name."""
    forms = []
    if older.release is not None and older.distro == newer.distro and older.release != newer.release:
        forms += _of_release(older.distro or "", older.release.codename, older.release.number)
    was, is_now = (numbers_of(facts.languages.get("python"))[:2] for facts in (older, newer))
    if was and is_now and was != is_now:
        forms.append(rf"python{re.escape('.'.join(map(str, was)))}(?![\d.]*\d)")
    return _of_any(tuple(forms)) if forms else None


@lru_cache(maxsize=64)
def _of_any(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(forms)})")


def _of_release(distro: str, codename: str | None, number: str | None) -> list[str]:
    forms = []
    if codename:
        forms.append(rf"(?:(?<![\w-])|(?<=debian-)|(?<=ubuntu-)){codename}(?![A-Za-z0-9])")
    form = _NUMBERED.get(distro)
    if form and number:
        forms.append(form.format(re.escape(number).replace(r"\.", r"\.?")) + r"(?![0-9]|\.[0-9])")
    return forms
