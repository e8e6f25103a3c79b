"""Findings as a person reads them in a terminal: the place first, then the words, then the line itself."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Final, TextIO

from bot.cli.plain import plain
from rules.dockerfile.source import Source
from rules.edits import applied
from rules.problem import Confidence, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cli.outcome import Outcome
    from rules.problem import Fix
    from rules.report import Finding

MAX_LINES: Final = 6
"""Source lines shown for one finding; the rest is counted."""
BETWEEN: Final = 3
"""Unchanged lines beside a changed one that are shown where another follows."""
DIFF_COLOURS: Final = {"-": "31", "+": "32"}
COLOURS: Final = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes in colour, or without.

    Attributes:
        colour: Whether the reader is a terminal.
    """

    colour: bool

    def paint(self, text: str, code: str) -> str:
        """Return a text between the escape sequences of an ECMA-48 attribute such as `31`."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


def write(outcome: Outcome, out: TextIO) -> None:
    """Print the new findings, then what could not be reviewed, then the totals."""
    pen = Pen(out.isatty())
    out.writelines("\n".join(_lines(finding, outcome, pen)) + "\n\n" for finding in outcome.new)
    out.writelines(f"{plain(path)}: not reviewed: {why}\n" for path, why in sorted(outcome.unread.items()))
    out.writelines(f"{fault}\n" for fault in outcome.faults)
    for crash in outcome.report.crashes:
        place = plain(crash.path)
        out.write(f"{place}: the rule {crash.rule} failed ({plain(crash.error)}); the others spoke.\n")
    out.write(f"{outcome.totals()}\n")


def _lines(finding: Finding, outcome: Outcome, pen: Pen) -> Iterator[str]:
    place = f"{plain(finding.path)}:{finding.line}"
    severity = pen.paint(str(finding.severity), COLOURS[finding.severity])
    hedge = " (possible)" if finding.confidence is Confidence.POSSIBLE else " (minor)" if finding.minor else ""
    first, *more = plain(finding.message).splitlines() or [""]
    yield f"{pen.paint(place, '1')}: {severity} {finding.rule}{hedge}: {first}"
    yield from (f"    {line}".rstrip() for line in more)
    if finding.doubt and finding.confidence is not Confidence.CERTAIN:
        yield f"    not certain: {plain(finding.doubt)}"
    source = Source.decode(finding.path, outcome.after.get(finding.path, b""))
    yield from _quoted(source, finding.line, finding.end_line, pen)
    for note in finding.notes:
        where = note.path or finding.path
        side = " before the change" if note.before else ""
        yield f"    {plain(where)}:{note.span.line}{side}: {plain(note.text)}"
    if finding.fix is not None:
        yield from _fix(finding.fix, finding.path, outcome, pen)


def _quoted(source: Source, first: int, last: int, pen: Pen) -> Iterator[str]:
    shown = min(last, first + MAX_LINES - 1)
    for number in range(first, shown + 1):
        yield pen.paint(f"{number:>6} | {plain(source.line(number))}".rstrip(), "2")
    if shown < last:
        yield pen.paint(f"       | ({last - shown} more lines)", "2")


def _fix(fix: Fix, path: str, outcome: Outcome, pen: Pen) -> Iterator[str]:
    yield f"    fix: {plain(fix.title)}"
    for name in sorted({edit.path or path for edit in fix.edits}):
        old = Source.decode(name, outcome.after.get(name, b""))
        new = applied(old, [edit for edit in fix.edits if (edit.path or path) == name])
        for line in _changed(old.text.split("\n"), new.text.split("\n")):
            yield pen.paint(f"       {line[0]} {plain(line[1:])}".rstrip(), DIFF_COLOURS.get(line[0], "2"))


def _changed(old: list[str], new: list[str]) -> Iterator[str]:
    """Yield the lines that a fix takes and brings, and those between them; `…` stands for many."""
    hunks: list[list[str]] = []
    for line in list(unified_diff(old, new, n=BETWEEN, lineterm=""))[2:]:
        if line.startswith("@"):
            hunks.append([])
        else:
            hunks[-1].append(line)
    for number, hunk in enumerate(hunks):
        ends = [at for at, line in enumerate(hunk) if line[0] != " "]
        yield from ["…"] * (number > 0)
        yield from hunk[ends[0] : ends[-1] + 1]
