"""A file in another order, or with other stages, is the same to every rule: nothing is new, and nothing repaired."""

from __future__ import annotations

import pytest

from rules import catalogue
from tests.cases import cases_in
from tests.restructuring import several, told

EXAMPLES = [
    case
    for rule in catalogue.load()
    for case in cases_in(rule.id, rule.page)
    if "findings" in case.blocks and "dockerfile before" not in case.blocks
]
PARTS, AT_ONCE = 4, 3
FEWEST = 250
"""Examples that are changed, at least."""


@pytest.mark.parametrize("part", range(PARTS))
def test_harmless_changes_of_an_example_draw_no_comment(part: int) -> None:
    wrong = {}
    for case in EXAMPLES[part::PARTS]:
        made, text = several(case.blocks["dockerfile"], f"{case.rule} {case.title}", AT_ONCE)
        _, tree = case.trees()
        faults = told(tree, case.path, text, made) if made else []
        wrong.update({f"{case.rule} {case.title} {made}": faults} if faults else {})
    assert wrong == {}


def test_hardly_an_example_is_too_odd_to_be_changed() -> None:
    made = [several(case.blocks["dockerfile"], "", 1)[0] for case in EXAMPLES]
    assert sum(map(bool, made)) >= FEWEST
