"""What a rule asks of a file's instructions and texts before it is run saves time, and changes no answer."""

from __future__ import annotations

import pytest

from rules import catalogue, engine
from rules.judging import applicable
from tests.rules.test_cases import BY_RULE

RULES = catalogue.load()
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_a_rule_that_is_not_run_has_nothing_to_say(part: int) -> None:
    wrong: dict[str, list[str]] = {}
    for case in [case for rule in list(BY_RULE)[part::PARTS] for case in BY_RULE[rule]]:
        before, after = case.trees()
        for change in engine.changes(before, after, listing=case.listing(after), policy=case.policy, today=case.today):
            chosen = {rule.id for rule in applicable(RULES, change)}
            idle = [rule for rule in RULES if rule.id not in chosen and not (rule.compares and change.before is None)]
            said = {rule.id: [problem.message for problem in rule(change)] for rule in idle}
            wrong.update({f"{rule} {case.place} of {case.rule}": found for rule, found in said.items() if found})
    assert wrong == {}
