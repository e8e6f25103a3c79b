"""A RUN says the same to every rule when it names the shell that reads it."""

from __future__ import annotations

import pytest

import rules
from tests.cases import TODAY, Case
from tests.engine.test_restatements import EXAMPLES
from tests.restating import restated
from tests.restating.shells import UNSEEN, as_named_shell

REWORDED = frozenset({"cd-without-effect"})
"""Rules that say it in other words, so that the old comment goes and a new one comes."""


@pytest.mark.parametrize("case", EXAMPLES, ids=[case.rule for case in EXAMPLES])
def test_a_named_shell_is_neither_new_nor_a_repair(case: Case) -> None:
    _, tree = case.trees()
    text, _ = restated(tree[case.path].decode(), as_named_shell)
    after = {**tree, case.path: text.encode()}
    report = rules.review(tree, after, listing=case.listing(tree), today=TODAY)
    told = [one for one in report.findings if one.baseline in ("new", "absent") and one.rule not in UNSEEN | REWORDED]
    assert [(one.rule, one.baseline, one.line) for one in told] == []
