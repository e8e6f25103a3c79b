"""What a review found: findings with a baseline, what was suppressed, and which rules crashed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from rules.problem import Confidence

if TYPE_CHECKING:
    from rules.dockerfile.source import Span
    from rules.problem import Category, Fix, Note, Severity

Baseline = Literal["new", "unchanged", "absent"]


class Repair(Protocol):
    """Where a finding's verified fix comes from; it is verified when first asked for."""

    @property
    def fix(self) -> Fix | None:
        """The fix, or `None` when it did not hold."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem as reported.

    Attributes:
        rule: The rule's id.
        path: The file, as it is called after the change.
        line: First line, from 1; in the new file, or in the old one when `baseline` is `absent`.
        end_line: Last line, inclusive.
        severity: After policy.
        confidence: Certain, likely or possible.
        category: What it endangers.
        stage: Label of the stage, empty when it concerns the file.
        message: Markdown; the first sentence stands alone.
        baseline: `new` (this change is responsible), `unchanged` (was there before), `absent` (repaired by the change),
            as `baselineState` in SARIF 2.1.0.
        offer: Where `fix` comes from.
        doubt: What is not known and decides it, as a clause; for likely findings.
        minor: Whether it is too small for a comment of its own, however sure.
        fingerprint: Hexadecimal; stable over line shifts, renames, rebases and reformatting.
        span: The exact place.
        notes: Related places.
        of_change: Whether it asks the same of each Dockerfile that the change moves alike.
        title: The rule's one-line description.
        manual: The rule's family and page, such as `runtime/final_stage_no_command`.
    """

    rule: str
    path: str
    line: int
    end_line: int
    severity: Severity
    confidence: Confidence
    category: Category
    stage: str
    message: str
    baseline: Baseline
    fingerprint: str
    span: Span
    notes: tuple[Note, ...] = ()
    title: str = ""
    manual: str = ""
    offer: Repair | None = None
    doubt: str = ""
    minor: bool = False
    of_change: bool = False

    @property
    def wants_comment(self) -> bool:
        """Whether it is sure enough, and weighs enough, to be told in a comment; else it stands in the summary."""
        return self.confidence is not Confidence.POSSIBLE and not self.minor

    @property
    def fix(self) -> Fix | None:
        """A repair that was applied, parsed and judged again, or `None`. Only new findings have one."""
        return self.offer.fix if self.offer is not None else None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that a comment in the file silences.

    Attributes:
        finding: What would have been said.
        reason: The author's words behind the comment; empty when none.
        line: The comment's line.
        added: Whether the change adds the comment.
    """

    finding: Finding
    reason: str
    line: int
    added: bool


@dataclass(frozen=True, slots=True)
class Crash:
    """A rule that raised.

    Attributes:
        rule: Its id.
        path: The file it was reading.
        error: Type and text of the exception.
    """

    rule: str
    path: str
    error: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one review. Findings are sorted by path, line, rule.

    Attributes:
        findings: New, unchanged and absent ones.
        suppressed: Silenced by comments in the files.
        crashes: Rules that raised; the others still spoke.
    """

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...] = ()
    crashes: tuple[Crash, ...] = ()
