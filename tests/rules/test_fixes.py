"""Fixes hold and compose on every example that the rules' pages and corner cases show, and on mixtures of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import catalogue
from tests.cases import cases_in, cases_of_file
from tests.fixing import PATH, faults_of_fixes, findings_of

CONTRADICT = {"user-name-not-numeric"}
"""Its fix and that of `package-manager-as-non-root` both write the last USER; the review offers one of them."""
HERE = Path(__file__).parent
CASES = [
    *(case for rule in catalogue.load() for case in cases_in(rule.id, rule.page)),
    *(case for path in sorted(HERE.glob("*.md")) for case in cases_of_file(path, path.stem)),
]
TEXTS = sorted({case.blocks["dockerfile"] for case in CASES if case.path == PATH})


@pytest.mark.parametrize("number", range(0, len(TEXTS), 50))
def test_fixes_of_the_examples_hold_and_compose(number: int) -> None:
    for text in TEXTS[number : number + 50]:
        tree = {PATH: text.encode()}
        assert set(faults_of_fixes(findings_of(tree), tree)) <= {f"leaves {rule}" for rule in CONTRADICT}, text


@settings(max_examples=60, derandomize=True)
@given(st.lists(st.sampled_from(TEXTS), min_size=2, max_size=4))
def test_fixes_of_mixtures_hold_and_compose(texts: list[str]) -> None:
    tree = {PATH: "\n".join(texts).encode()}
    assert set(faults_of_fixes(findings_of(tree), tree)) <= {f"leaves {rule}" for rule in CONTRADICT}
