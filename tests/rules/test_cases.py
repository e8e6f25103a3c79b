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
        fault.add_note(case.place)
        return fault
    return None


def test_a_block_that_belongs_to_the_example_above_is_named_where_one_is_wrong() -> None:
    text = (
        "## two\n```dockerfile\nFROM debian:13-slim\n```\n```path\nci/Dockerfile\n```\n"
        "```dockerfile\nFROM debian:latest\n```\n"
    )
    first, second = cases_in("base-image-unpinned", text)
    assert (first.path, second.path) == ("ci/Dockerfile", "Dockerfile")
    assert fault_of(first) is None
    fault = fault_of(second)
    assert fault is not None
    assert "`path` in front of it belongs to the example above" in fault.__notes__[0]


def test_a_block_that_comes_again_begins_the_next_example() -> None:
    one = "```file a\n1\n```\n```dockerfile\nFROM debian:13-slim\n```\n"
    first, second = cases_in("base-image-unpinned", f"## two\n{one}{one.replace('1', '2', 1)}")
    assert (first.blocks["file a"], second.blocks["file a"]) == ("1\n", "2\n")


def test_an_example_has_no_block_twice() -> None:
    text = "## one\n```file a\n1\n```\n```file a\n2\n```\n```dockerfile\nFROM debian:13-slim\n```\n"
    fault = fault_of(next(cases_in("base-image-unpinned", text)))
    assert fault is not None
    assert "['file a']" in str(fault)
