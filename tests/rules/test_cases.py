"""Every example of a rule's page, and every corner case of `tests/rules/<id>.md`, is what the rule says."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pytest

from rules import catalogue
from tests.cases import Case, cases_in, cases_of_file

HERE = Path(__file__).parent
EXAMPLES = [case for rule in catalogue.load() for case in cases_in(rule.id, rule.page)]
CORNERS = [case for path in sorted(HERE.glob("*.md")) for case in cases_of_file(path, path.stem)]
BY_RULE = {
    rule: list(cases)
    for rule, cases in groupby(sorted((*EXAMPLES, *CORNERS), key=attrgetter("rule")), attrgetter("rule"))
}


@pytest.mark.parametrize("rule", BY_RULE)
def test_the_rule_says_what_its_examples_show(rule: str) -> None:
    # One test for each of six thousand examples would take longer to hand round than to run.
    wrong = [fault for case in BY_RULE[rule] if (fault := fault_of(case))]
    if wrong:
        raise ExceptionGroup(f"{len(wrong)} of {len(BY_RULE[rule])} examples of {rule}", wrong)


def fault_of(case: Case) -> Exception | None:
    try:
        case.check()
    except Exception as fault:  # noqa: BLE001  whatever it is, the other examples are tried too
        fault.add_note(f"in the example: {case.title}")
        return fault
    return None
