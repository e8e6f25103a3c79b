"""What one review from the command line came to, ready to be printed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rules.problem import Severity
from rules.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rules.problem import Fix, Note
    from rules.report import Baseline, Finding


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report and the trees it is about.

    Attributes:
        report: What was found.
        after: Path to bytes, as reviewed.
        unread: Files that were not reviewed, each with the reason.
        faults: What is wrong with the policy, a sentence each; the review went on without those parts.
    """

    report: Report
    after: Mapping[str, bytes]
    unread: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    @property
    def new(self) -> tuple[Finding, ...]:
        """The findings that count."""
        return self.of("new")

    def of(self, baseline: Baseline) -> tuple[Finding, ...]:
        """Return the findings with one baseline."""
        return tuple(finding for finding in self.report.findings if finding.baseline == baseline)

    def reaches(self, threshold: Severity | None) -> bool:
        """Tell whether a new finding weighs as much as the threshold; `None` is never reached."""
        return threshold is not None and any(finding.severity >= threshold for finding in self.new)

    def totals(self) -> str:
        """Return one line, such as `3 findings (1 error, 2 warnings), 1 fixed by this change.`."""
        new = self.new
        parts = [f"{_number(len(new), 'finding')}{_weights(new)}" if new else "No findings"]
        if fixed := len(self.of("absent")):
            parts.append(f"{fixed} fixed by this change")
        if older := len(self.of("unchanged")):
            parts.append(f"{older} older {'one' if older == 1 else 'ones'} not shown")
        if silenced := len(self.report.suppressed):
            parts.append(f"{silenced} suppressed")
        return f"{', '.join(parts)}."


def _weights(findings: Iterable[Finding]) -> str:
    counted = Counter(finding.severity for finding in findings)
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    return f" ({', '.join(_number(counted[each], word) for each, word in words.items() if counted[each])})"


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def merged(outcomes: Iterable[Outcome]) -> Outcome:
    """Return several outcomes, of different files, as one."""
    parts = tuple(outcomes)
    reports = [part.report for part in parts]
    return Outcome(
        Report(
            findings=tuple(finding for report in reports for finding in report.findings),
            suppressed=tuple(each for report in reports for each in report.suppressed),
            crashes=tuple(crash for report in reports for crash in report.crashes),
        ),
        after={path: data for part in parts for path, data in part.after.items()},
        unread={path: reason for part in parts for path, reason in part.unread.items()},
        faults=tuple(fault for part in parts for fault in part.faults),
    )


@dataclass(frozen=True, slots=True)
class Named:
    """A verified fix whose paths are as the reader would write them.

    Attributes:
        fix: The fix, or `None`.
    """

    fix: Fix | None


def renamed(outcome: Outcome, name: Callable[[str], str]) -> Outcome:
    """Return an outcome with every path as `name` gives it: as the reader would write it."""

    def finding(old: Finding) -> Finding:
        notes = tuple(_note(note, name) for note in old.notes)
        return replace(old, path=name(old.path), notes=notes, offer=Named(_fix(old.fix, name)))

    report = outcome.report
    return Outcome(
        Report(
            findings=tuple(finding(each) for each in report.findings),
            suppressed=tuple(replace(each, finding=finding(each.finding)) for each in report.suppressed),
            crashes=tuple(replace(crash, path=name(crash.path)) for crash in report.crashes),
        ),
        after={name(path): data for path, data in outcome.after.items()},
        unread={name(path): reason for path, reason in outcome.unread.items()},
        faults=outcome.faults,
    )


def _note(note: Note, name: Callable[[str], str]) -> Note:
    return replace(note, path=name(note.path)) if note.path else note


def _fix(fix: Fix | None, name: Callable[[str], str]) -> Fix | None:
    if fix is None:
        return None
    return replace(fix, edits=tuple(replace(e, path=name(e.path) if e.path else None) for e in fix.edits))
