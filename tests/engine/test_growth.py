"""Work grows with the length of a file and no faster, whatever its lines are; and nothing makes a rule crash."""

from __future__ import annotations

from functools import partial

import pytest

import rules
from tests.bench.growth import edited
from tests.bench.hostile import SHAPES
from tests.counting import lines_run

SHORT, FACTOR, MOST = 3_000, 4, 5.5
"""Characters, how many times as many, and how many times the work that may be: 4 is linear, 16 quadratic."""
WHERE_BOUNDED = {"stages on one base": 10_000}
"""Where a bound ends what grows faster below it: what stages inherit (`rules.model.model.MOST_INHERITED`)."""


@pytest.mark.parametrize("name", SHAPES)
def test_four_times_the_lines_are_little_more_than_four_times_the_work(name: str) -> None:
    size = WHERE_BOUNDED.get(name, SHORT)
    short, long = SHAPES[name].of_size(size), SHAPES[name].of_size(size * FACTOR)
    rules.review(edited(long), long)  # what is kept for good, patterns above all, is made once; it has all of the short
    few, many = (lines_run(partial(rules.review, edited(tree), tree)) for tree in (short, long))
    assert many <= MOST * few, (few, many)


@pytest.mark.parametrize("name", SHAPES)
def test_no_rule_crashes_on_a_file_that_nobody_writes(name: str) -> None:
    tree = SHAPES[name].of_size(16_000)
    assert rules.review(edited(tree), tree).crashes == ()


def test_values_that_double_with_each_line_stay_small() -> None:
    lines = "".join(f"ENV A{number + 1}=$A{number}$A{number}\n" for number in range(200))
    commands = "; ".join(f"A{number + 1}=$A{number}$A{number}" for number in range(200))
    text = f"FROM debian:12\nENV A0=xxxxxxxx\n{lines}RUN {commands}; apt-get install -y $A200\n"
    assert rules.review({}, {"Dockerfile": text.encode()}).crashes == ()


def test_a_rule_says_two_hundred_things_of_one_file_at_most() -> None:
    text = "FROM debian:12\n" + "MAINTAINER me\n" * 1000
    report = rules.review({}, {"Dockerfile": text.encode()})
    assert sum(finding.rule == "maintainer-deprecated" for finding in report.findings) == 200
