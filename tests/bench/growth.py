"""How the time of a review grows with the file: by kind of line, and rule by rule.

    python -m tests.bench.growth [--bytes N] [shape ...]

Each shape of `tests.bench.hostile` is reviewed at a size (20 KB) and at four times as much, with a version before it
that differs in each line. Prints the CPU time of parsing, of the new file alone and of the change, how often the longer
file takes the time of the shorter one (4 is linear, 16 quadratic), and the rules that grow by more than 8 in 20 ms.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import rules
from bot.memory import collect_seldom
from rules import engine
from rules.change import DockerfileChange
from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.judging import MOST_PROBLEMS, applicable
from rules.model.model import Model
from rules.policy import DEFAULT
from rules.repository import Repository
from tests.bench.hostile import SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rules.rule import Rule

FACTOR = 4
SUSPICIOUS, WORTH_NAMING = 8.0, 0.02


class Times(NamedTuple):
    """CPU seconds.

    Attributes:
        parse: Of parsing.
        new: Of the review of a new file.
        changed: Of the review of a change, both versions judged.
        rules: Of each rule; what the first one to ask for it builds is charged to that one.
    """

    parse: float
    new: float
    changed: float
    rules: Mapping[str, float]


def spent(work: Callable[[], object]) -> float:
    """Return the CPU seconds that some work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def edited(tree: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return a tree in which nearly each line differs."""
    return {path: data.replace(b"a", b"ab").replace(b"x", b"xy") for path, data in tree.items()}


def measured(tree: Mapping[str, bytes]) -> Times:
    """Review a tree, and run each rule by itself."""
    before = edited(tree)
    source = Source.decode("Dockerfile", tree["Dockerfile"])
    return Times(
        spent(lambda: parse(source)),
        spent(lambda: rules.review({}, tree)),
        spent(lambda: rules.review(before, tree)),
        _by_rule(before, tree),
    )


def _by_rule(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> dict[str, float]:
    models = [Model(parse(Source.decode("Dockerfile", tree["Dockerfile"]))) for tree in (before, after)]
    for stage in (stage for model in models for stage in model.stages):
        for run in stage.runs:
            _ = run.package_calls
    change = DockerfileChange(models[1], models[0], Repository(after), Repository(before), DEFAULT, None)
    chosen = applicable(engine.enabled_rules(DEFAULT), change)
    return {rule.id: spent(partial(_run, rule, change)) for rule in chosen}


def _run(rule: Rule, change: DockerfileChange) -> None:
    list(islice(rule.check(change), MOST_PROBLEMS))


def report(name: str, size: int) -> None:
    """Print what a shape takes, and the rules that grow too fast."""
    short, long = (measured(SHAPES[name].of_size(each)) for each in (size, size * FACTOR))
    growth = long.changed / max(short.changed, 1e-3)
    print(
        f"{name:36} parse {long.parse * 1e3:6.0f} ms, new {long.new * 1e3:6.0f} ms, "
        f"changed {long.changed * 1e3:6.0f} ms, x{growth:.1f}"
    )
    for rule, seconds in long.rules.items():
        if seconds > WORTH_NAMING and seconds > SUSPICIOUS * short.rules.get(rule, 0.0):
            print(f"    {rule:36} {seconds * 1e3:6.0f} ms, x{seconds / max(short.rules.get(rule, 0.0), 1e-4):.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", type=int, default=20_000)
    parser.add_argument("shapes", nargs="*", default=list(SHAPES))
    chosen = parser.parse_args()
    rules.review({}, {"Dockerfile": b"FROM debian:12\n"})  # tables and patterns are loaded once
    collect_seldom()
    for name in chosen.shapes:
        report(name, chosen.bytes)


if __name__ == "__main__":
    main()
