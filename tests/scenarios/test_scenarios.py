"""Whole reviews of small changes, as they would be posted: `change.md` says what happens, `review.md` what is said."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from tests.scenarios.golden import FOLDER, names, review


@pytest.mark.parametrize("name", names())
def test_the_review_is_the_one_that_was_read_and_signed(name: str) -> None:
    golden = (FOLDER / name / "review.md").read_text("utf-8")
    assert review(name) == golden, "read it, then write it anew with: python -m tests.scenarios"


def test_there_are_scenarios_of_many_kinds() -> None:
    assert len(names()) >= 20


@pytest.mark.parametrize("name", names())
def test_every_fence_of_a_review_ends(name: str) -> None:
    text = review(name)
    assert text.count("<details>") == text.count("</details>")
    assert all(token.content.endswith("\n") for token in MarkdownIt().parse(text) if token.type == "fence")
