"""What an edit of the policy would alter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.forges.base import ChangedFile
from bot.policy_change import differences, merged, touched
from rules.policy import DEFAULT, Policy
from rules.problem import Confidence, Severity
from tests.review.build import pull_request

POLICY = ".hullcheck.yaml"


@pytest.mark.parametrize(
    ("then", "sentence"),
    [
        (Policy(rules={"pip-cache-left": "off"}), "Switched off: `pip-cache-left`."),
        (Policy(rules={"pip-cache-left": Severity.ERROR}), "`pip-cache-left` weighs error, not warning."),
        (Policy(fail_on=Severity.ERROR), "The check fails from: error (before: never)."),
        (Policy(comment_cap=0), "At most 0 comments on lines, not 30."),
        (
            Policy(comments_from=Confidence.CERTAIN),
            "Comments stand on what is certain, not on what is certain or likely.",
        ),
        (Policy(ignore_paths=("b/", "a/")), "Never reviewed: `a/` and `b/` (before: none)."),
        (Policy(targets={"*": ("prod",)}), "Stages that ship: `*: prod` (before: none)."),
    ],
)
def test_each_respect_has_its_sentence(then: Policy, sentence: str) -> None:
    assert differences(DEFAULT, then, ()) == (sentence,)


def test_what_is_off_no_more_is_switched_on() -> None:
    assert differences(Policy(rules={"pip-cache-left": "off"}), DEFAULT, ()) == ("Switched on: `pip-cache-left`.",)


def test_an_edit_that_alters_nothing_is_not_mentioned() -> None:
    assert differences(DEFAULT, replace(DEFAULT), ()) == ()


def test_a_fault_of_the_new_policy_is_named_as_plain_words() -> None:
    (sentence,) = differences(DEFAULT, DEFAULT, [".hullcheck.yaml:1:1: no rule is called `@all`"])
    assert "`@all`" not in sentence
    assert sentence.startswith("It has a fault: ")


def test_a_change_is_laid_over_the_policy_files_of_the_base_branch() -> None:
    base = {POLICY: b"old", ".hadolint.yaml": b"kept"}
    edited = pull_request(ChangedFile(POLICY, "modified"))
    assert (touched(edited), merged(edited, base, {POLICY: b"new"})) == ((POLICY,), {**base, POLICY: b"new"})
    deleted = pull_request(ChangedFile(POLICY, "removed"))
    assert (touched(deleted), merged(deleted, base, {})) == ((), {".hadolint.yaml": b"kept"})
    moved = pull_request(ChangedFile("docs/old.yaml", "renamed", POLICY))
    assert merged(moved, base, {}) == {".hadolint.yaml": b"kept"}
    assert merged(pull_request(ChangedFile("Dockerfile", "modified")), base, {}) is None
