"""Read spoilt Dockerfiles and look for an exception, a hang, a wrong place or a disagreement with BuildKit.

    python -m tests.fuzz.parser 200000 [seed]

Prints what it finds, with the text that shows it; ends with 1 when there is anything.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from tests.dockerfile.oracle import RefusedError, buildkit, differs_by_age, ours
from tests.fuzz.command_line import count_and_seed
from tests.fuzz.invariants import spoil, violations

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Dockerfile

LONGEST = 0.2
"""CPU seconds that reading one file may take."""

SEEDS = Path(__file__).parent.parent / "dockerfile" / "files"


def seeds() -> list[str]:
    """Return our own Dockerfiles, each also with the other line ending."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.iterdir())]
    return texts + [text.replace("\n", "\r\n") for text in texts]


def findings(text: str) -> list[str]:
    """Return what is wrong with our reading of a text."""
    parsed, spent = _read(text)
    if spent > LONGEST:  # all garbage of the process may have been looked for in between: slow is what is so twice
        parsed, spent = _read(text)
    found = [f"took {spent:.3f} s"] if spent > LONGEST else []
    found += violations(parsed)
    if differs_by_age(text) or "\udc80" in text:
        return found
    try:
        theirs = buildkit(text)
    except RefusedError as refusal:
        return found if parsed.faults else [*found, f"no fault, but BuildKit says: {refusal}"]
    except UnicodeDecodeError:
        # The binding cuts a flag's bytes apart.
        return found
    if ours(parsed) != theirs:
        found.append(f"BuildKit reads {theirs}\n  and we read {ours(parsed)}")
    return found


def _read(text: str) -> tuple[Dockerfile, float]:
    """Read a text, and count the CPU seconds that it takes."""
    started = time.process_time()
    parsed = parse(Source("Dockerfile", text))
    return parsed, time.process_time() - started


def run(count: int, seed: int) -> int:
    """Read as many spoilt files; return how many of them show something."""
    random = Random(seed)
    texts = seeds()
    bad = 0
    for _ in range(count):
        text = spoil(random.choice(texts), random)
        found = findings(text)
        if found:
            bad += 1
            print(repr(text), *found, sep="\n  ")
    return bad


if __name__ == "__main__":
    count, seed = count_and_seed(__doc__)
    wrong = run(count, seed)
    print(f"{count:,} files read, {wrong} of them wrong")
    sys.exit(wrong > 0)
