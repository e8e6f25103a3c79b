"""Time grows with the length of a file and no faster, whatever its lines are; and nothing makes a rule crash."""

from __future__ import annotations

import pytest

import rules
from tests.bench.growth import edited, spent
from tests.bench.hostile import SHAPES

SHORT, FACTOR = 2_000, 16
GENEROUS = 90
"""Between 16, which is linear, and 256, which is quadratic; the machine may be busy with other things."""
TOO_SHORT_TO_TELL = 0.2
"""Seconds of CPU time; nothing quadratic of that size is as quick."""


@pytest.mark.parametrize("name", SHAPES)
def test_sixteen_times_the_lines_take_no_more_than_some_sixteen_times_the_time(name: str) -> None:
    short, long = (SHAPES[name].of_size(size) for size in (SHORT, SHORT * FACTOR))
    few = min(spent(lambda: rules.review(edited(short), short)) for _ in range(2))
    many = spent(lambda: rules.review(edited(long), long))
    if many > TOO_SHORT_TO_TELL and many > GENEROUS * few:
        many = min(many, spent(lambda: rules.review(edited(long), long)))
    assert many <= TOO_SHORT_TO_TELL or many <= GENEROUS * few, (few, many)


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
