"""Every example of a rule's page, and every corner case of `tests/rules/<id>.md`, is what the rule says."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules import catalogue
from tests.cases import Case, cases_in, cases_of_file

HERE = Path(__file__).parent
EXAMPLES = [case for rule in catalogue.load() for case in cases_in(rule.id, rule.page)]
CORNERS = [case for path in sorted(HERE.glob("*.md")) for case in cases_of_file(path, path.stem)]


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: f"{case.rule}: {case.title}")
def test_the_page_shows_what_the_rule_says(case: Case) -> None:
    case.check()


@pytest.mark.parametrize("case", CORNERS, ids=lambda case: f"{case.rule}: {case.title}")
def test_the_rule_holds_in_a_corner_case(case: Case) -> None:
    case.check()
