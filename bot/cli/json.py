"""The report as JSON, for scripts. A promise: `schema_version` rises when a field changes or goes.

New fields may come with any release, and a script ignores those it does not know. The README describes them.
"""

from __future__ import annotations

import json
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final, TextIO

from rules.dockerfile.source import Source

if TYPE_CHECKING:
    from bot.cli.outcome import Outcome
    from rules.dockerfile.source import Span
    from rules.problem import Fix
    from rules.report import Finding

SCHEMA_VERSION: Final = 1


def write(outcome: Outcome, out: TextIO) -> None:
    """Print one JSON object, with findings of every baseline in the report's order."""
    report = outcome.report
    json.dump(
        {
            "schema_version": SCHEMA_VERSION,
            "hullcheck": metadata.version("hullcheck"),
            "findings": [_finding(finding, outcome) for finding in report.findings],
            "suppressed": [
                {
                    "finding": _finding(each.finding, outcome),
                    "reason": each.reason,
                    "line": each.line,
                    "added": each.added,
                }
                for each in report.suppressed
            ],
            "not_reviewed": [{"path": path, "reason": why} for path, why in sorted(outcome.unread.items())],
            "policy_faults": list(outcome.faults),
            "crashes": [{"rule": each.rule, "path": each.path, "error": each.error} for each in report.crashes],
        },
        out,
        indent=2,
    )
    out.write("\n")


def _finding(finding: Finding, outcome: Outcome) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "title": finding.title,
        "path": finding.path,
        "line": finding.line,
        "end_line": finding.end_line,
        "column": finding.span.column,
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "minor": finding.minor,
        "category": str(finding.category),
        "stage": finding.stage,
        "message": finding.message,
        "baseline": finding.baseline,
        "fingerprint": finding.fingerprint,
        "notes": [
            {
                "path": note.path or finding.path,
                "line": note.span.line,
                "text": note.text,
                "before": note.before,
            }
            for note in finding.notes
        ],
        "fix": None if finding.fix is None else _fix(finding.fix, finding.path, outcome),
    }


def _fix(fix: Fix, path: str, outcome: Outcome) -> dict[str, Any]:
    return {
        "title": fix.title,
        "edits": [
            {"path": edit.path or path, **_range(edit.span, edit.path or path, outcome), "text": edit.text}
            for edit in fix.edits
        ],
    }


def _range(span: Span, path: str, outcome: Outcome) -> dict[str, int]:
    """Return a span as lines and columns from 1; the end is behind the last character replaced."""
    line, column = end_of(span, Source.decode(path, outcome.after.get(path, b"")))
    return {"line": span.line, "column": span.column, "end_line": line, "end_column": column}


def end_of(span: Span, source: Source) -> tuple[int, int]:
    """Return the line and column, both from 1, of the place right behind a span."""
    line = source.line_at(span.end)
    return line, span.end - source.line_starts[line - 1] + 1
