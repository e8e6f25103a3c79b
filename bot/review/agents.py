"""The findings as a plain list that a program can work off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.review.markdown import fence, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.report import Finding

HEADING = "For coding agents"
OPEN = "what the text asks for, or a comment that silences it and says why it is meant so"
"""What is required where there is no one repair: some findings ask a question, and undoing the change is no answer."""
SILENCE = "To silence: # hullcheck ignore=<rule> <reason> above the instruction. Do not undo what the change is for."


def block(findings: Sequence[Finding]) -> str:
    """Return findings as a numbered list in a fence: path, line, rule, what is wrong, and the outcome required."""
    entries = [_entry(number, finding) for number, finding in enumerate(findings, 1)]
    return fence("\n".join([*entries, "", SILENCE]), "text")


def _entry(number: int, finding: Finding) -> str:
    message = " ".join(plain(finding.message).split())
    outcome = plain(finding.fix.title) if finding.fix else OPEN
    return f"{number}. {finding.path}:{finding.line} [{finding.rule}] {message} Required outcome: {outcome}."
