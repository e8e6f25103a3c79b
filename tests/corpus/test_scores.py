"""The labelled cases of other tools' tests and of our own: how many are met."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCORER = ROOT.parent / "shared" / "tools" / "cases.py"
_TOTAL = re.compile(
    r"^TOTAL\s+\d+\s+\d+\s+\d+\s+\d+\s+(?P<precision>[\d.]+)\s+(?P<recall>[\d.]+)\s+(?P<met>\d+)/(?P<lines>\d+)"
)


REASONS = Path(__file__).with_name("CASES.md")
_ROW = re.compile(r"^(?P<rules>[a-z][a-z-]+(?:\|[a-z-]+)*)\s+(?P<tp>\d+)\s+(?P<fp>\d+)\s+(?P<fn>\d+)\s+(?P<tn>\d+)\s")
_MANY = 10
_ENOUGH = 0.9


@pytest.fixture(scope="module")
def scores() -> str:
    if not SCORER.exists():
        pytest.skip("NOT RUN: ../shared/tools/cases.py is missing, so no labelled case was scored")
    out = subprocess.run([sys.executable, SCORER], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "crashed: 0" in out
    return out


@pytest.fixture(scope="module")
def total(scores: str) -> dict[str, float]:
    match = next(found for line in scores.splitlines() if (found := _TOTAL.match(line)))
    return {name: float(value) for name, value in match.groupdict().items()}


def test_what_is_said_is_right(total: dict[str, float]) -> None:
    assert total["precision"] >= 0.97


def test_what_should_be_said_is_said(total: dict[str, float]) -> None:
    assert total["recall"] >= 0.93


def test_findings_stand_on_the_right_line(total: dict[str, float]) -> None:
    assert total["met"] / total["lines"] >= 0.97


def test_a_rule_that_misses_one_in_ten_has_its_reason_written_down(scores: str) -> None:
    reasons = REASONS.read_text("utf-8")
    for row in filter(None, map(_ROW.match, scores.splitlines())):
        tp, fp, fn, tn = (int(row[name]) for name in ("tp", "fp", "fn", "tn"))
        poor = (fp and tp / (tp + fp) < _ENOUGH) or (fn and tp / (tp + fn) < _ENOUGH)
        if poor and tp + fp + fn + tn >= _MANY:
            assert any(f"| `{rule}` |" in reasons for rule in row["rules"].split("|")), row[0]
