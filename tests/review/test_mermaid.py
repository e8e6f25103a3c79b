"""The diagrams, rendered by Mermaid itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TypedDict, cast

import pytest

from bot.review.diagram import flowchart, label
from rules.engine import changes
from tests.scenarios.golden import names, trees_of

FOLDER = Path(__file__).parents[1] / "mermaid"
HOSTILE = [
    'a"]; click s0 "https://evil.example"',
    "</text><script>alert(1)</script>",
    "`**bold**`",
    "#quot;#35;#9829;",
    "-->|x| end subgraph",
    "1. list\n2. item",
    "%%{init: {}}%%",
    "\u202egnp.exe\\",
    "é 日本 🐳",
]


class Rendered(TypedDict, total=False):
    nodes: list[str]
    edges: list[str]
    error: str


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("NOT RUN: node is missing, so no diagram was rendered")
    if not (FOLDER / "node_modules").is_dir():
        pytest.skip("NOT RUN: no diagram was rendered; first run: npm install --prefix tests/mermaid --no-package-lock")
    return found


def rendered(node: str, diagrams: list[str]) -> list[Rendered]:
    done = subprocess.run(
        [node, "render.mjs"], input=json.dumps(diagrams), cwd=FOLDER, capture_output=True, text=True, check=True
    )
    return cast("list[Rendered]", json.loads(done.stdout))


def test_the_diagram_of_every_scenario_renders(node: str) -> None:
    diagrams = [flowchart(change) for name in names() for change in changes(*trees_of(name))]
    found = rendered(node, diagrams)
    assert [one["error"] for one in found if "error" in one] == []
    assert len(found) >= 20


def test_a_label_shows_every_character_of_the_text_and_does_nothing(node: str) -> None:
    diagrams = [f'flowchart LR\n  s0["{label(text)}"]\n  s0 -. "{label(text)}" .-> s1["end"]' for text in HOSTILE]
    shown = [(one.get("nodes"), one.get("edges")) for one in rendered(node, diagrams)]
    assert shown == [([expected, "end"], [expected]) for expected in map(_as_shown, HOSTILE)]


def _as_shown(text: str) -> str:
    shown = text.replace("\n", "\\n").replace("\u202e", "\\u202E")
    return f"{shown[:39]}…" if len(shown) > 40 else shown
