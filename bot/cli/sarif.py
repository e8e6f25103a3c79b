"""The report as SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

import json
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final, TextIO
from urllib.parse import quote

from bot.cli.json import end_of
from rules import catalogue
from rules.dockerfile.source import Source
from rules.problem import Severity

if TYPE_CHECKING:
    from bot.cli.outcome import Outcome
    from rules.problem import Fix
    from rules.report import Finding, Suppressed

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def write(outcome: Outcome, out: TextIO) -> None:
    """Print one SARIF log with one run."""
    report = outcome.report
    said = [_result(finding, outcome) for finding in report.findings]
    silenced = [_result(each.finding, outcome, each) for each in report.suppressed]
    named = {result["ruleId"] for result in (*said, *silenced)}
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(named)},
                "columnKind": "unicodeCodePoints",
                "results": [*said, *silenced],
            }
        ],
    }
    json.dump(log, out, indent=2)
    out.write("\n")


def _driver(named: set[str]) -> dict[str, Any]:
    return {
        "name": "Hullcheck",
        "version": metadata.version("hullcheck"),
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.title},
                "help": {"text": rule.page, "markdown": rule.page},
                "defaultConfiguration": {"level": LEVELS[rule.severity]},
                "properties": {"tags": [str(rule.category)]},
            }
            for rule in catalogue.load()
            if rule.id in named
        ],
    }


def _result(finding: Finding, outcome: Outcome, silenced: Suppressed | None = None) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": LEVELS[finding.severity],
        "message": {"text": finding.message, "markdown": finding.message},
        "locations": [_place(finding.path, finding.line, finding.end_line)],
        "relatedLocations": [
            {
                **_place(note.path or finding.path, note.span.line, note.span.end_line),
                "message": {"text": note.text},
            }
            for note in finding.notes
            if not note.before
        ],
        "baselineState": finding.baseline,
        "partialFingerprints": {"hullcheck/v1": finding.fingerprint},
        "properties": {
            "confidence": str(finding.confidence),
            "minor": finding.minor,
            "stage": finding.stage,
        },
    }
    if finding.fix is not None:
        result["fixes"] = [_fix(finding.fix, finding.path, outcome)]
    if silenced is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": silenced.reason}]
    return result


def _place(path: str, line: int, end_line: int) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(path)},
            "region": {"startLine": line, "endLine": end_line},
        }
    }


def _uri(path: str) -> str:
    """Return a path as a relative URI; the bytes of a name that is no UTF-8 are kept."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/-_.~")


def _fix(fix: Fix, path: str, outcome: Outcome) -> dict[str, Any]:
    changes = []
    for name in sorted({edit.path or path for edit in fix.edits}):
        source = Source.decode(name, outcome.after.get(name, b""))
        replacements = []
        for edit in fix.edits:
            if (edit.path or path) != name:
                continue
            line, column = end_of(edit.span, source)
            region = {
                "startLine": edit.span.line,
                "startColumn": edit.span.column,
                "endLine": line,
                "endColumn": column,
            }
            replacements.append({"deletedRegion": region, "insertedContent": {"text": edit.text}})
        artifact = {"uri": _uri(name)}
        changes.append({"artifactLocation": artifact, "replacements": replacements})
    return {"description": {"text": fix.title}, "artifactChanges": changes}
