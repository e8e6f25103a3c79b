"""Every fix of every rule, on every real file: it applies, parses, removes its finding and brings no new one."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tests.fixing import OFF, PATH, faults_of_fixes, findings_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FEWEST_FIXES = 1000
"""So many are proposed on the corpus; a rule must not hold by proposing none."""
FEWEST_WITH_THE_REST = 500
"""The same of every sixth file, with the rules that are off until a team asks for them."""


@pytest.mark.parametrize(
    ("enable", "step", "fewest"), [((), 1, FEWEST_FIXES), (OFF, 6, FEWEST_WITH_THE_REST)], ids=["on", "all"]
)
def test_every_fix_holds_alone_and_with_the_others(
    corpus: Mapping[str, bytes], enable: Collection[str], step: int, fewest: int
) -> None:
    proposed = 0
    wrong: list[str] = []
    for name, data in islice(corpus.items(), 0, None, step):
        findings = findings_of({PATH: data}, enable)
        proposed += sum(finding.fix is not None for finding in findings)
        wrong += [f"{name} {fault}" for fault in faults_of_fixes(findings, {PATH: data}, enable)]
    assert wrong == []
    assert proposed >= fewest
