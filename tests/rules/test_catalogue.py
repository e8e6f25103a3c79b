"""The catalogue is whole: every rule has a page, cases, and an id that is its file's name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rules import catalogue

if TYPE_CHECKING:
    from rules.rule import Rule

RULES = catalogue.load()
MOST_WORDS_OF_WHY = 120
"""Of *Why*: a person who was just commented on reads it; exceptions stand in the list of when the rule stays quiet."""
HEADINGS = ["## Why", "## Flagged", "## Accepted", "## When it stays quiet", "## When to silence it"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_whole(rule: Rule) -> None:
    assert rule.module.rsplit(".", 1)[-1].replace("_", "-") == rule.id, "named after its file"
    headings = [line for line in rule.page.splitlines() if line.startswith("## ")]
    assert headings in (HEADINGS, [heading for heading in HEADINGS if heading != "## When it stays quiet"])
    why = rule.page.split("## Why")[1].split("## Flagged")[0]
    assert len(why.split()) <= MOST_WORDS_OF_WHY, "what is more is read by nobody"
    flagged, accepted = rule.page.split("## Flagged")[1].split("## Accepted")
    assert "```findings" in flagged, "the page shows something flagged"
    assert "```dockerfile" in accepted, "the page shows something accepted"
    assert "```findings" not in accepted
    assert Path(__file__).with_name(f"{rule.id}.md").exists(), "corner cases"
    assert rule.title.endswith("."), "the title is one sentence"
    # A tab, an option, the end of a line or the comma of an array may stand there as well.
    assert [text for text in rule.mentions if re.search(r"\w\s|\s\w", text)] == [], "no blank beside a word"


def test_ids_are_unique() -> None:
    assert [name for name, count in Counter(rule.id for rule in RULES).items() if count > 1] == []


def test_the_index_is_fresh() -> None:
    root = Path(catalogue.__file__).parent
    assert (root / "INDEX.md").read_text("utf-8") == catalogue.index(), (
        "run: python -m rules.catalogue > rules/INDEX.md"
    )


def test_every_case_file_belongs_to_a_rule() -> None:
    ids = {rule.id for rule in RULES}
    assert {path.stem for path in Path(__file__).parent.glob("*.md")} - ids == set()
