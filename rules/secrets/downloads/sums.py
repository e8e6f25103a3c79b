"""Which download is tested against which checksum."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Copy, Run, once
from rules.model.scope import names_read
from rules.secrets.downloads.checks import checks
from rules.secrets.downloads.fetched import FETCHERS, saved_name, split_url, urls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, ShellWord, Span, Stage, Step
    from rules.secrets.downloads.fetched import Url

_SUM = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9A-Za-z])"
)
"""SHA-512, SHA-384, SHA-256, SHA-1 and MD5 in hexadecimal."""


class Summed(NamedTuple):
    """A download that is tested against a checksum.

    Attributes:
        url: The address as written.
        filled: The address with the variables filled in whose values are known.
        sums: The checksums that the test may use, in lower case: one, unless the script chooses.
        chosen: Whether the script chooses the sum, or whether it is tested.
        span: Where the address stands.
        step: The RUN or ADD.
    """

    url: str
    filled: str
    sums: frozenset[str]
    chosen: bool
    span: Span
    step: Step


@once
def summed(stage: Stage) -> tuple[Summed, ...]:
    """Return a stage's downloads with their checksums; those whose sum or address is not plain are left out."""
    found: list[Summed] = []
    for step in stage.steps:
        if isinstance(step, Run):
            found += _of_run(step)
        elif isinstance(step, Copy) and step.is_add and len(step.sources) == 1:
            found += _of_add(step)
    return tuple(found)


def _of_add(copy: Copy) -> Iterator[Summed]:
    word, sums = copy.sources[0].word, _SUM.findall(copy.option("checksum") or "")
    if len(sums) == 1 and split_url(_filled(copy, word.text)) is not None:
        yield Summed(word.text, _filled(copy, word.text), frozenset(sums), chosen=False, span=word.span, step=copy)


def _of_run(run: Run) -> Iterator[Summed]:
    fetched = [url for command in run.calls(*FETCHERS) for url in urls(command, run)] if checks(run) else []
    for check in checks(run) if fetched else ():
        if not check.name.endswith("sum"):
            continue
        text = " ".join(_written(command) for command in run.pipelines[check.pipeline])
        sums, chosen = _sums(run, check, text)
        url = _tested(fetched, check, text)
        if sums and url is not None:
            written = url.word.value
            yield Summed(written, _filled(run, written), sums, chosen=chosen, span=url.word.span, step=run)


def _written(command: Command) -> str:
    """Return the words of a command, and what is handed to it."""
    targets = [one.target.value for one in command.redirects if one.target is not None and one.operator == "<<<"]
    return " ".join([*(word.value for word in command.words), *targets, command.heredoc or ""])


def _sums(run: Run, check: Command, text: str) -> tuple[frozenset[str], bool]:
    """Return the sums in the text of a test, with the variables filled in, and whether the script chooses."""
    found, chosen = set(_SUM.findall(text)), check.conditional
    for name in names_read(text):
        set_here = [word.value for key, word in _assigned(run) if key == name and word.start < check.start]
        chosen = chosen or bool(set_here)
        value = run.scope.lookup(name)
        texts = set_here or ([value] if isinstance(value, str) else [])
        found.update(one for each in texts for one in _SUM.findall(_filled(run, each)))
    return frozenset(found), chosen


def _assigned(run: Run) -> list[tuple[str, ShellWord]]:
    return [pair for command in run.commands for pair in command.assignments]


def _tested(fetched: list[Url], check: Command, text: str) -> Url | None:
    """Return the download that is tested: the last one above whose file the test names, or the only one above."""
    above = [url for url in fetched if url.command.start < check.start]
    named = next((url for url in reversed(above) if (name := saved_name(url)) and name in text), None)
    return above[0] if named is None and len(above) == 1 else named


def _filled(step: Step, text: str) -> str:
    """Fill in the variables whose values are known; the others stay as written."""

    def value(match: re.Match[str]) -> str:
        found = step.scope.lookup(match[1] or match[2])
        return found if isinstance(found, str) else match[0]

    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", value, text)
