"""Review spoilt Dockerfiles as changes and look for a rule that raises, or a repair that cannot be worked out.

    python -m tests.fuzz.review 20000 [seed]

Takes the corpus of real Dockerfiles beside the project, else our own test files. Prints the rules that raise, each with
a text that shows it; ends with 1 when there is one.
"""

from __future__ import annotations

import sys
from random import Random
from typing import TYPE_CHECKING

import rules
from tests.bench.parsing import CORPUS, OWN, files
from tests.fuzz.command_line import count_and_seed
from tests.fuzz.invariants import spoil

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 6_000
"""Characters of a file that is worth spoiling: most are shorter, and a few long ones would take all the time."""


def seeds(*, real: bool) -> list[str]:
    """Return the texts to spoil: real ones where they are there and wanted, else our own."""
    chosen = CORPUS if real and CORPUS.exists() else OWN
    texts = [data.decode("utf-8", "replace") for data in files(chosen)]
    return [text for text in texts if len(text) <= LONGEST]


def mixed(text: str, texts: Sequence[str], random: Random) -> str:
    """Return a text with lines of others in it and two of its own exchanged, spoilt as the parser's are."""
    lines = text.split("\n")
    for _ in range(random.randint(0, 3)):
        lines.insert(random.randrange(len(lines) + 1), random.choice(random.choice(texts).split("\n")))
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return spoil("\n".join(lines), random)


def faults(before: str, after: str) -> list[str]:
    """Return the rules that raise on a change, each with what it raises."""
    old, new = (text.encode("utf-8", "surrogateescape") for text in (before, after))
    report = rules.review({"Dockerfile": old}, {"Dockerfile": new})
    for finding in report.findings:
        _ = finding.fix  # is worked out when it is asked for
    return [f"{crash.rule}: {crash.error}" for crash in report.crashes]


def run(count: int, seed: int, *, real: bool) -> dict[str, str]:
    """Review so many spoilt files; return each fault with the first text that shows it."""
    random = Random(seed)
    texts = seeds(real=real)
    found: dict[str, str] = {}
    for _ in range(count):
        before = random.choice(texts)
        after = mixed(before, texts, random)
        for fault in faults(before, after):
            found.setdefault(fault, after)
    return found


if __name__ == "__main__":
    count, seed = count_and_seed(__doc__)
    wrong = run(count, seed, real=True)
    for fault, text in wrong.items():
        print(fault, repr(text), sep="\n  ")
    print(f"{count:,} changes reviewed, {len(wrong)} faults")
    sys.exit(bool(wrong))
