"""Work grows with the length of a file and no faster, whatever its lines are; and nothing makes a rule crash."""

from __future__ import annotations

import gc
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

import rules
from tests.bench.growth import edited
from tests.bench.hostile import SHAPES
from tests.counting import lines_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FACTOR = 4
SHORT, MOST = 2_000, 4.9
"""Characters, and how many times the work `FACTOR` times as many may be: 4 is linear, 16 quadratic.

The work for a single piece is taken off both, so that what a review costs anyway hides nothing of the growth.
"""
NO_LINES, NO_SECONDS = 200, 0.0005
"""What is no growth: of a word that is only read as a whole, however long."""
ROUNDS = 4
LATER = {
    "stages on one base": (8_000, 5.5),  # what stages inherit (`rules.model.model.MOST_INHERITED`)
    **dict.fromkeys(("stages", "COPY from one stage", "USER, COPY, chown", "apt-get", "COPY, RUN rm"), (3_000, 5.5)),
    **dict.fromkeys(("flags", "ignored patterns", "names let in"), (3_000, 5.5)),
}
"""Where a bound ends what grows faster below it, and where the pieces of a short file are too few to tell."""


def lines_of_review(tree: Mapping[str, bytes]) -> int:
    return lines_run(partial(rules.review, edited(tree), tree))


def seconds_of_review(tree: Mapping[str, bytes]) -> float:
    before = edited(tree)
    gc.disable()  # what other tests have left is looked through in its own time
    began = time.thread_time()
    report = rules.review(before, tree)
    spent = time.thread_time() - began
    gc.enable()
    assert report.crashes == ()
    return spent


def grows_little(work: Sequence[float], most: float, nothing: float) -> bool:
    many, few, least = work
    return many - least <= most * max(few - least, nothing)


def seems_to_grow_little(trees: Sequence[Mapping[str, bytes]], most: float) -> bool:
    """Say whether the least times of a few rounds grow little: a busy machine may be slow in one of them."""
    least = [float("inf")] * len(trees)
    for _ in range(ROUNDS):
        least = list(map(min, least, map(seconds_of_review, trees)))
        if grows_little(least, most, NO_SECONDS):
            return True
    return False


@pytest.mark.parametrize("name", SHAPES)
def test_no_rule_crashes_and_four_times_the_lines_are_little_more_than_four_times_the_work(name: str) -> None:
    shape = SHAPES[name]
    size, most = LATER.get(name, (SHORT, MOST))
    # The longest first: what is kept for good is made then, and what is kept for a while is not there for the shorter.
    trees = (shape.of_size(size * FACTOR), shape.of_size(size), shape.files(1))
    if not seems_to_grow_little(trees, most):
        # Counting is slower by far, and the same on every machine.
        counted = tuple(map(lines_of_review, trees))
        assert grows_little(counted, most, NO_LINES), counted


def test_values_that_double_with_each_line_stay_small() -> None:
    lines = "".join(f"ENV A{number + 1}=$A{number}$A{number}\n" for number in range(200))
    commands = "; ".join(f"A{number + 1}=$A{number}$A{number}" for number in range(200))
    text = f"FROM debian:12\nENV A0=xxxxxxxx\n{lines}RUN {commands}; apt-get install -y $A200\n"
    assert rules.review({}, {"Dockerfile": text.encode()}).crashes == ()


def test_a_rule_says_two_hundred_things_of_one_file_at_most() -> None:
    text = "FROM debian:12\n" + "EXPOSE 80:80\n" * 1000
    report = rules.review({}, {"Dockerfile": text.encode()})
    assert sum(finding.rule == "expose-host-mapping" for finding in report.findings) == 200
