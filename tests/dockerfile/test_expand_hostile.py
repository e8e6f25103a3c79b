"""Words of instructions that nobody writes who means well: no word takes long, and none ends in a crash."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.dockerfile.expand import UNKNOWN, Unknown, expand, expand_words, expansion_fault, variables
from tests.dockerfile.test_expand import VALUES


@pytest.mark.parametrize(
    "word",
    [
        "${a:-" * 50_000,
        "$" * 250_000,
        "\\" * 250_000,
        '"' * 250_001,
        "'x" * 125_000,
        "${x/" + "*a" * 100_000 + "/y}",
        "$a " * 100_000,
    ],
    ids=["nested", "dollars", "backslashes", "double quotes", "single quotes", "stars", "variables"],
)
def test_a_hostile_word_does_not_hold_the_lexer_up(word: str) -> None:
    begin = time.process_time()
    expand(word, VALUES.get)
    expand_words(word, VALUES.get)
    variables(word)
    assert time.process_time() - begin < 4  # a second and a half at most on a quiet machine


@pytest.mark.parametrize("pattern", ["*a*a*a*a*a*a*a*b", "?*?*?*?*?*?*b"])
def test_a_pattern_that_backtracks_elsewhere_takes_no_time(pattern: str) -> None:
    begin = time.process_time()
    assert expand(f"${{x//{pattern}/y}}", {"x": "a" * 4000}.get) == "a" * 4000
    assert time.process_time() - begin < 8


@given(st.text(alphabet="ab$ {}:-+?#%/*\\'\"`\n.", max_size=40), st.sampled_from("\\`"))
def test_any_word_is_expanded_or_refused(word: str, escape: str) -> None:
    values: dict[str, str | Unknown] = {"a": "a/b", "ab": UNKNOWN}
    text, fault = expand(word, values.get, escape), expansion_fault(word, values.get, escape)
    assert text is None or fault is None
    words = expand_words(word, values.get, escape)
    assert (words is None) == (text is None)
    for use in variables(word, escape):
        assert word[use.start] == "$"
        assert use.name in word[use.start : use.end]
