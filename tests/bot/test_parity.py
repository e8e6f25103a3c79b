"""The table of behaviours and forges in the README: each cell names a test that exists and runs on that forge."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

import pytest

from tests.checkout import ROOT

CELL = re.compile(r'\[([^\]]+)\]\((tests/bot/test_\w+\.py) "(test_\w+)"\)')
BOTH = ("tests/bot/test_contract_forges.py", "tests/bot/test_contract_reviews.py")


class Row(NamedTuple):
    """A behaviour, and what is said and proven of it on each forge."""

    behaviour: str
    github: str
    gitlab: str


def rows() -> list[Row]:
    text = (ROOT / "README.md").read_text("utf-8").partition("<!-- parity: begin -->")[2].partition("<!--")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [Row(*(cell.strip() for cell in line.strip("| ").split(" | "))) for line in lines]


def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in functions if node.name.startswith("test_")}


def named(cell: str) -> tuple[str, str]:
    """Return the file and the test that a cell leads to."""
    found = CELL.fullmatch(cell)
    assert found is not None, cell
    return found[2], found[3]


def test_there_is_a_table() -> None:
    assert len(rows()) > 30
    assert len({row.behaviour for row in rows()}) == len(rows())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.behaviour)
def test_each_cell_is_proven_by_a_test_that_exists(row: Row) -> None:
    for cell in (row.github, row.gitlab):
        path, name = named(cell)
        assert name in names_in(path), f"{path} has no {name}"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.behaviour)
def test_each_cell_is_proven_on_its_own_forge(row: Row) -> None:
    for cell, other in ((row.github, "gitlab"), (row.gitlab, "github")):
        path, _ = named(cell)
        assert path in BOTH or other not in path, f"{row.behaviour}: {path} proves nothing here"


@pytest.mark.parametrize("path", BOTH)
def test_the_contract_runs_on_both_forges(path: str) -> None:
    assert 'pytestmark = pytest.mark.parametrize("forge", ["github", "gitlab"])' in (ROOT / path).read_text("utf-8")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and node.name in names_in(path)]
    assert all("forge" in {argument.arg for argument in node.args.args} for node in functions)
