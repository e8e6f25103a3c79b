"""Every fix of every rule, on every real file: it applies, parses, removes its finding and brings no new one."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tests.fixing import OFF, PATH, faults_of_fixes, faults_with_all_rules, findings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules import Finding

FEWEST_FIXES = (140, 192, 167, 156, 178, 156)
"""So many places they mend on each sixth of the corpus, a thousand in all; a rule must not hold by proposing none."""
FEWEST_WITH_THE_REST = 500
"""The same of the first sixth, which is judged with the rules on as well that are off until a team asks for them."""


@pytest.mark.parametrize("part", range(len(FEWEST_FIXES)))
def test_every_fix_holds_alone_and_with_the_others(corpus: Mapping[str, bytes], part: int) -> None:
    proposed: list[str] = []
    wrong: list[str] = []
    for name, data in islice(corpus.items(), part, None, len(FEWEST_FIXES)):
        tree = {PATH: data}
        found = findings_of(tree, OFF if part == 0 else ())
        proposed += [finding.rule for finding in found if finding.fix is not None for _ in range(_places(finding))]
        faults = faults_with_all_rules(found, tree) if part == 0 else faults_of_fixes(found, tree)
        wrong += [f"{name} {fault}" for fault in faults]
    assert wrong == []
    assert sum(rule not in OFF for rule in proposed) >= FEWEST_FIXES[part]
    assert part or len(proposed) >= FEWEST_WITH_THE_REST


def _places(finding: Finding) -> int:
    """Return how many places a fix mends: those that are told with the first one stand in its notes."""
    return 1 + sum(note.text == "the same here" for note in finding.notes)
