"""Same input, same bytes: what is said does not hang on the order in which Python keeps its sets."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import rules
from bot.memory import collect_seldom
from rules import catalogue
from tests.cases import TODAY, cases_of_file
from pathlib import Path

off = {rule.id for rule in catalogue.load() if rule.default == "off"}
collect_seldom()
files = sorted(Path("tests/rules").glob("*.md"))
# Of each rule every fourth example: an order of sets shows in whatever a rule says.
for case in (case for path in files for case in cases_of_file(path, path.stem)[::4]):
    before, after = case.trees()
    report = rules.review(before, after, listing=case.listing(after), today=TODAY, enable={case.rule} & off)
    for one in (*report.findings, *(silenced.finding for silenced in report.suppressed)):
        print(one.rule, one.line, one.baseline, one.confidence, one.fingerprint, one.message)
        print(one.fix, one.notes, one.doubt)
"""


def said(seed: str) -> bytes:
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, cwd=ROOT, env={"PYTHONHASHSEED": seed}, check=True, capture_output=True).stdout


def test_another_order_of_sets_says_the_same() -> None:
    with ThreadPoolExecutor() as pool:
        first, other = pool.map(said, ("1", "3"))
    assert first.count(b"\n") > 5000, "the examples say a lot"
    assert other.splitlines() == first.splitlines()
