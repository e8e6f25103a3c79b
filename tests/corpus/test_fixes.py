"""Every fix of every rule, on every real file: it applies, parses, removes its finding and brings no new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fixing import PATH, faults_of_fixes, findings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

FEWEST_FIXES = 1300
"""So many are proposed on the corpus; a rule must not hold by proposing none."""


def test_every_fix_holds_alone_and_with_the_others(corpus: Mapping[str, bytes]) -> None:
    proposed = 0
    wrong: list[str] = []
    for name, data in corpus.items():
        findings = findings_of({PATH: data})
        proposed += sum(finding.fix is not None for finding in findings)
        wrong += [f"{name} {fault}" for fault in faults_of_fixes(findings, {PATH: data})]
    assert wrong == []
    assert proposed >= FEWEST_FIXES
