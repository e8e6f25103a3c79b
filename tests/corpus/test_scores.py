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


@pytest.fixture(scope="module")
def total() -> dict[str, float]:
    if not SCORER.exists():
        pytest.skip("NOT RUN: ../shared/tools/cases.py is missing, so no labelled case was scored")
    out = subprocess.run(
        [sys.executable, SCORER, "--quiet"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "crashed: 0" in out
    match = next(found for line in out.splitlines() if (found := _TOTAL.match(line)))
    return {name: float(value) for name, value in match.groupdict().items()}


def test_what_is_said_is_right(total: dict[str, float]) -> None:
    assert total["precision"] >= 0.97


def test_what_should_be_said_is_said(total: dict[str, float]) -> None:
    assert total["recall"] >= 0.93


def test_findings_stand_on_the_right_line(total: dict[str, float]) -> None:
    assert total["met"] / total["lines"] >= 0.97
