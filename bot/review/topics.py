"""What one entry of a comment is about: one finding, or several of the same rule in one file."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rules.problem import Category

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.report import Finding

TOGETHER_FROM = 3
"""So many findings of one rule in one file share a comment; fewer keep a thread each, to be answered singly."""
NEXT = 2
"""Two of the same words that stand so many lines apart share one as well."""
TOGETHER_TO = 40
"""More than so many are split over several comments, so that a comment's hidden mark stays short."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What one entry of a comment is about; most comments have one.

    Attributes:
        findings: One, or several of the same rule in one file, in the order of the file.
    """

    findings: tuple[Finding, ...]

    @property
    def lead(self) -> Finding:
        """The weightiest finding: the one that the comment opens with."""
        return min(self.findings, key=weight)

    @property
    def path(self) -> str:
        """The file at head."""
        return self.findings[0].path

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of all findings, in their order."""
        return tuple(dict.fromkeys(finding.fingerprint for finding in self.findings))


def weight(finding: Finding) -> tuple[int, int, bool, str, int, str, str]:
    """Return a sort key: the most severe first, then the surest, then what endangers people, then as in the report."""
    return (
        -finding.severity,
        -finding.confidence,
        finding.category is not Category.SECURITY,
        finding.path,
        finding.line,
        finding.rule,
        finding.fingerprint,
    )


def topics(findings: Iterable[Finding]) -> list[Topic]:
    """Gather findings into topics, the weightiest first."""
    gathered: list[Topic] = []
    for topic in by_rule(findings):
        group = topic.findings
        size = TOGETHER_TO if len(group) >= TOGETHER_FROM or _are_neighbours(group) else 1
        gathered += [Topic(group[at : at + size]) for at in range(0, len(group), size)]
    return sorted(gathered, key=lambda topic: weight(topic.lead))


def _are_neighbours(group: tuple[Finding, ...]) -> bool:
    """Whether findings say the very same on lines that follow one another, a blank or a comment between them."""
    return all(one.message == two.message and two.line - one.end_line <= NEXT for one, two in pairwise(group))


def by_rule(findings: Iterable[Finding]) -> tuple[Topic, ...]:
    """Gather findings by file and rule, however many they are; the weightiest first."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: (finding.path, finding.line, finding.fingerprint)):
        alike.setdefault((finding.path, finding.rule), []).append(finding)
    return tuple(sorted((Topic(tuple(group)) for group in alike.values()), key=lambda topic: weight(topic.lead)))
