"""Apply the fixes of a file together, and say what is wrong with the result."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import rules
from rules.edits import Overlap, applied_to_tree
from tests.cases import TODAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules import Finding
    from rules.problem import Edit

PATH = "Dockerfile"


def findings_of(tree: dict[str, bytes]) -> tuple[Finding, ...]:
    """Review a file as a new one."""
    report = rules.review({}, tree, today=TODAY)
    assert report.crashes == ()
    return report.findings


def composed(findings: Iterable[Finding], tree: dict[str, bytes]) -> tuple[dict[str, bytes], list[Finding]]:
    """Apply the fixes of one file together, leaving out those that touch what another one changes."""
    edits: list[Edit] = []
    taken: list[Finding] = []
    for finding in findings:
        if finding.fix is None:
            continue
        together = list(dict.fromkeys([*edits, *finding.fix.edits]))
        try:
            applied_to_tree(tree, together, PATH)
        except Overlap:
            continue
        edits = together
        taken.append(finding)
    return applied_to_tree(tree, edits, PATH), taken


def faults_of_fixes(findings: Iterable[Finding], tree: dict[str, bytes]) -> list[str]:
    """Return the findings that stay although all fixes together should have removed them, and new syntax faults."""
    found = tuple(findings)
    fixed, taken = composed(found, tree)
    if not taken:
        return []
    before, after = Counter(f.rule for f in found), Counter(f.rule for f in findings_of(fixed))
    gone = Counter(f.rule for f in taken)
    return [
        *(f"leaves {rule}" for rule in gone if after[rule] > before[rule] - gone[rule]),
        *(f"brings {rule}" for rule in ("invalid-syntax", "invalid-structure") if after[rule] > before[rule]),
    ]
