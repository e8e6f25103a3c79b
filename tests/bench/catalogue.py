"""How many Dockerfiles a second of CPU time reviews, beside hadolint and tally on the same files in one run.

    python -m tests.bench.catalogue [--files N] [--rules]

Reads the corpus of real Dockerfiles beside the project, else our own test files. Every file is reviewed as a new one,
by every rule that is on. Prints parsing alone, the model with all its parts, the whole review (with Python's own
garbage collection and with the server's), the other tools as whole processes on the first N files (100), and the
ratios; with `--rules`, each rule's share and the five slowest; then one file at 1, 10 and 100 times its length.
"""

from __future__ import annotations

import argparse
import gc
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import rules
from bot.memory import collect_seldom
from rules import engine
from rules.change import DockerfileChange
from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.judging import applicable
from rules.model.model import Model
from rules.policy import DEFAULT
from rules.repository import Repository
from tests.bench.parsing import CORPUS, OWN, files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rules.dockerfile.nodes import Dockerfile

TOOLS = {"hadolint": ["--format", "json"], "tally": ["lint", "--format", "json"]}


def parsed(data: bytes) -> Dockerfile:
    return parse(Source.decode("Dockerfile", data))


def model_of(data: bytes) -> Model:
    return Model(parsed(data))


def whole_model(data: bytes) -> None:
    """Build every part of the model for every stage."""
    for stage in model_of(data).stages:
        _ = stage.image, stage.files.puts, stage.files.deletions, stage.files.attribute_changes, stage.packages.present
        _ = stage.users.created, stage.users.final_is_root, stage.runtime.has_shell, stage.facts
        for run in stage.runs:
            _ = run.package_calls


def review(data: bytes) -> None:
    rules.review({}, {"Dockerfile": data})


def rate(function: Callable[[bytes], object], texts: Sequence[bytes], rounds: int = 2) -> float:
    """Return files per CPU-second, the best of some rounds."""
    best = 0.0
    for _ in range(rounds):
        start = time.process_time()
        for text in texts:
            function(text)
        best = max(best, len(texts) / (time.process_time() - start))
    return best


def rates_of_review(texts: Sequence[bytes]) -> tuple[float, float]:
    """Return the rate of the whole review with Python's own garbage collection and with the server's, by turns.

    A machine that others use is now faster and now slower: rounds that follow each other can be compared.
    """
    own, seldom, thresholds = 0.0, 0.0, gc.get_threshold()
    for _ in range(2):
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        own = max(own, rate(review, texts, rounds=1))
        collect_seldom()
        seldom = max(seldom, rate(review, texts, rounds=1))
    return own, seldom


def rate_of_tool(name: str, texts: Sequence[bytes]) -> float | None:
    """Return files per CPU-second of another linter, all files in one call; `None` when it is not installed."""
    program = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, text in enumerate(texts):
            path = Path(folder, f"{number}.Dockerfile")
            path.write_bytes(text)
            paths.append(str(path))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([program, *TOOLS[name], *paths], capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return len(texts) / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def shares(texts: Sequence[bytes]) -> dict[str, float]:
    """Return CPU seconds by rule. What the first rule to ask for it builds is charged to that rule."""
    spent: defaultdict[str, float] = defaultdict(float)
    empty = Repository({})
    for text in texts:
        model = model_of(text)
        for stage in model.stages:
            for run in stage.runs:
                _ = run.package_calls
        change = DockerfileChange(model, None, Repository({"Dockerfile": text}), empty, DEFAULT, None)
        for rule in applicable(engine.enabled_rules(DEFAULT), change):
            start = time.perf_counter()
            list(rule.check(change))
            spent[rule.id] += time.perf_counter() - start
    return spent


def print_shares(spent: dict[str, float], count: int) -> None:
    total = sum(spent.values())
    slowest = sorted(spent, key=lambda rule: -spent[rule])
    for rule in slowest:
        print(f"    {rule:36} {spent[rule] / count * 1e6:8.1f} us a file {spent[rule] / total:6.1%}")
    print("  the five slowest:", ", ".join(slowest[:5]))


def growth(text: bytes) -> list[float]:
    """Return milliseconds for one file at 1, 10 and 100 times its length."""
    head, body = text.split(b"\n", 1)
    times = []
    for factor in (1, 10, 100):
        grown = head + b"\n" + (body + b"\n") * factor
        start = time.process_time()
        review(grown)
        times.append((time.process_time() - start) * 1000)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rules", action="store_true")
    chosen = parser.parse_args()
    texts = files(CORPUS if CORPUS.exists() else OWN)
    for text in texts:
        review(text)  # tables and patterns are loaded once
    print(f"{len(texts)} files, {len(engine.enabled_rules(DEFAULT))} rules; files per CPU-second")
    own, ours = rates_of_review(texts)
    print(f"  whole review, Python's own garbage collection  {own:8.0f}")
    print(f"  whole review, as the server collects           {ours:8.0f}")
    print(f"  the model with all its parts                   {rate(whole_model, texts):8.0f}")
    print(f"  parsing alone                                  {rate(parsed, texts):8.0f}")
    for name in TOOLS:
        other = rate_of_tool(name, texts[: chosen.files])
        print(
            f"  {name:46} "
            + (f"{other:8.1f}   ours is {ours / other:.0f} times as fast" if other else " not installed")
        )
    if chosen.rules:
        print_shares(shares(texts), len(texts))
    one, ten, hundred = growth(sorted(texts, key=len)[len(texts) // 2])
    print(f"  one file at 1, 10, 100 times its length: {one:.1f}, {ten:.1f}, {hundred:.1f} ms")


if __name__ == "__main__":
    main()
