"""Every fix of every rule, on every real file: it applies, parses, removes its finding and brings no new one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.fixing import PATH, faults_of_fixes, findings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

WITHHELD_SHARE = 0.03
"""Fixes that a rule proposed and the check on the result turned down; nobody sees them."""


def test_fixes_hold_and_compose(corpus: Mapping[str, bytes]) -> None:
    proposed, withheld = Counter[str](), Counter[str]()
    wrong: list[str] = []
    for name, data in corpus.items():
        findings = findings_of({PATH: data})
        proposed.update(f.rule for f in findings if f.offer is not None)
        withheld.update(f.rule for f in findings if f.offer is not None and f.fix is None)
        wrong += [f"{name} {fault}" for fault in faults_of_fixes(findings, {PATH: data})]
    assert wrong == []
    assert sum(withheld.values()) <= WITHHELD_SHARE * sum(proposed.values()), withheld
