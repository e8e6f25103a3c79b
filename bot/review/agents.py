"""The findings as a plain list that a program can work off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.review.markdown import fence, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.report import Finding

HEADING = "For coding agents"


def block(findings: Sequence[Finding]) -> str:
    """Return findings as a numbered list in a fence: path, line, rule, what is wrong, and the outcome required."""
    entries = [_entry(number, finding) for number, finding in enumerate(findings, 1)]
    return fence("\n".join(entries), "text")


def _entry(number: int, finding: Finding) -> str:
    message = " ".join(plain(finding.message).split())
    outcome = plain(finding.fix.title) if finding.fix else f"{finding.rule} no longer applies here"
    return f"{number}. {finding.path}:{finding.line} [{finding.rule}] {message} Required outcome: {outcome}."
