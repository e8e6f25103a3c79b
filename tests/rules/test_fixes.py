"""Fixes hold and compose on every example that the rules' pages and corner cases show, and on mixtures of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import catalogue
from rules.matching.overlaps import SPEAKS_FOR
from tests.fixing import OFF, PATH, faults_of_fixes, faults_with_all_rules, findings_of
from tests.rules.dressing import DRESSINGS
from tests.rules.test_cases import CORNERS, EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

CONTRADICT = {"instruction-casing", "user-name-not-numeric"}
"""The fix of the second and that of `package-manager-as-non-root` both write the last USER; the review offers one of
them. The first finds what another fix writes in capitals into a file in lower case."""
UNCOVER = {"copy-from-missing-path"}
"""Once a program is found in a builder of another example, it may be one that this image cannot run."""
SAMPLE = 60
"""So many examples are tried in each layout."""
CASES = [case for case in (*EXAMPLES, *CORNERS) if case.path == PATH]
FLAGGED = {case.blocks["dockerfile"] for case in CASES if "findings" in case.blocks}
TEXTS = sorted(FLAGGED) + sorted({case.blocks["dockerfile"] for case in CASES} - FLAGGED)[::3]
"""Where nothing is flagged, other rules' fixes are tried, and a third of these files tells as much of them."""


def test_no_rule_that_is_off_takes_the_word_from_one_that_is_on() -> None:
    """By this, what is found with all rules on says what is found without those that are off (`tests.fixing`)."""
    silenced = {rule for off in OFF for silence in SPEAKS_FOR.get(off, ()) for rule in silence.rules} - OFF
    assert [rule for rule in silenced if not catalogue.by_id()[rule].compares] == []


@pytest.mark.parametrize("number", range(0, len(TEXTS), 50))
def test_fixes_of_the_examples_hold_and_compose(number: int) -> None:
    for text in TEXTS[number : number + 50]:
        check_with_all_rules(text)


@pytest.mark.parametrize("dressing", DRESSINGS, ids=lambda dressing: dressing.__name__)
def test_fixes_hold_whatever_the_author_s_layout(dressing: Callable[[str], str]) -> None:
    flagged = [text for text in TEXTS if dressing(text) != text]
    for text in flagged[:: max(1, len(flagged) // SAMPLE)]:
        check_with_all_rules(dressing(text))


@settings(max_examples=150, derandomize=True)
@given(
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4),
    st.lists(st.sampled_from(range(len(DRESSINGS))), max_size=3, unique=True),
)
def test_fixes_of_mixtures_hold_and_compose(texts: list[str], worn: list[int]) -> None:
    text = "\n".join(texts)
    for number in sorted(worn):
        text = DRESSINGS[number](text)
    check(text)


def check_with_all_rules(text: str) -> None:
    tree = tree_of(text)
    hold(text, faults_with_all_rules(findings_of(tree, OFF), tree))


def check(text: str) -> None:
    """Try a mixture: where one file's repair uncovers a fault of another, that it is withheld is as it should be."""
    tree = tree_of(text)
    withheld = {f"withheld {rule}" for rule in UNCOVER}
    hold(text, [fault for fault in faults_of_fixes(findings_of(tree), tree) if fault not in withheld])


def tree_of(text: str) -> dict[str, bytes]:
    return {PATH: text.encode("utf-8", "surrogateescape")}


def hold(text: str, faults: Collection[str]) -> None:
    assert set(faults) <= {f"leaves {rule}" for rule in CONTRADICT}, text
