"""The house is in order: documents say what is so, locks agree, and nothing is committed that may not be."""

from __future__ import annotations

import ast
import doctest
import json
import re
import sys
import tomllib
from datetime import date
from functools import cache
from importlib import import_module, metadata
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest

import rules
from bot import settings
from rules.policy_file import read_policy
from rules.problem import Confidence
from tests.checkout import ROOT, listed, tracked

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_MODULE = 300
LONGEST_FUNCTION = 30
"""Lines with the signature and without the docstring, which is a manual and not work to be followed."""
LONGER = {
    "rules/dockerfile/shell/state.py: keep": "runs for every command, and fills in the twenty fields of one",
}
"""What is longer all the same, with the reason."""
# Spelled so that this file does not hold what it looks for.
REGISTRIES = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js", "deb." + "debian.org")
MACHINE = re.compile(r"/(?:wor" r"k|hom" r"e/\w+)/(?:main|shared)\b|\.py" r"env\b")
UNEXPLAINED = re.compile(r"#\s*noqa(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?\s*$|#\s*type:\s*ignore(?:\[[\w, -]*\])?\s*$")


def pins(name: str) -> dict[str, str]:
    """Return the packages of a lock, each with its version, marker and hashes."""
    blocks = re.split(r"^(?=\w)", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)
    return {block.partition("==")[0]: re.sub(r"^ +#.*\n?", "", block, flags=re.MULTILINE) for block in blocks[1:]}


def test_the_readme_shows_every_setting() -> None:
    assert settings.table() in (ROOT / "README.md").read_text("utf-8")


def test_the_policy_in_the_readme_is_one() -> None:
    text = (ROOT / "README.md").read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    read = read_policy(".hullcheck.yaml", text.encode())
    assert read.faults == ()
    assert read.policy.comment_cap == 15
    assert read.policy.comments_from is Confidence.CERTAIN


def test_the_examples_of_docstrings_hold() -> None:
    holders = [path for path in tracked("bot/*.py", "rules/*.py") if ">>> " in path.read_text("utf-8")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in holders]
    results = {name: doctest.testmod(import_module(name)) for name in names}
    assert len(results) > 1
    assert [name for name, result in results.items() if result.failed or not result.attempted] == []


def test_the_map_names_every_part_of_the_bot() -> None:
    text = (ROOT / "bot/README.md").read_text("utf-8")
    parts = {path.relative_to(ROOT / "bot").parts for path in tracked("bot/*.py")}
    names = {parts[0] if len(parts) == 1 else f"{parts[0]}/" for parts in parts} - {"__init__.py"}
    assert sorted(name for name in names if f"`{name}`" not in text) == []


def test_a_document_links_only_to_what_exists() -> None:
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in tracked("*.md")
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text("utf-8"))
        if "/tests/" not in page.as_posix() and not (page.parent / target).exists()
    ]
    assert missing == []


def test_the_makefile_has_the_two_commands_and_what_they_need() -> None:
    targets = re.findall(r"^([^\s#:=]+):(?!=)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert targets == [".PHONY", "demo", "test", "$(VENV)/.installed", "$(VENV)/bin/python"]


@pytest.mark.parametrize("name", ["constraints.txt", "deploy/requirements.txt", "deploy/build-requirements.txt"])
def test_a_lock_pins_by_hash_and_names_no_index(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    assert "index-url" not in text.replace("--no-emit-index-url", "")
    assert all("--hash=sha256:" in pin for pin in pins(name).values())


@pytest.mark.parametrize("name", ["deploy/requirements.txt", "deploy/build-requirements.txt"])
def test_the_image_gets_what_is_tested(name: str) -> None:
    tested = pins("constraints.txt")
    assert {package: pin for package, pin in pins(name).items() if tested.get(package) != pin} == {}


def names(requirements: list[str | dict[str, str]]) -> set[str]:
    """Return the distributions that requirements name, in the spelling of locks."""
    texts = [text for text in requirements if isinstance(text, str)]
    return {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~;! ]", text)[0]).lower() for text in texts}


def test_the_locks_hold_everything_that_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    runtime = names(project["project"]["dependencies"])
    assert runtime - pins("deploy/requirements.txt").keys() == set()
    every = runtime.union(*(names(group) for group in groups.values()))
    assert every - pins("constraints.txt").keys() == set()


class Module(NamedTuple):
    """What a module imports, by name, and how long its functions are."""

    imports: frozenset[str]
    functions: tuple[tuple[str, int], ...]


@cache
def read(path: Path) -> Module:
    imports, functions = set[str](), []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports.add(node.module)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions.append((node.name, lines_of(node)))
    return Module(frozenset(imports), tuple(functions))


owners_of_modules = cache(metadata.packages_distributions)


def imported(*patterns: str) -> set[str]:
    """Return the distributions that modules import by name, in the spelling of locks."""
    modules = {name for path in tracked(*patterns) if "scenarios" not in path.parts for name in read(path).imports}
    tops = {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - {"bot", "rules", "tests"}
    owners = owners_of_modules()
    return {re.sub(r"[-_.]+", "-", owners[top][0]).lower() for top in tops if top in owners}


def test_every_import_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    runtime = names(project["project"]["dependencies"])
    assert imported("bot/*.py", "rules/*.py") - runtime == set()
    assert imported("tests/*.py") - runtime.union(*(names(group) for group in groups.values())) == set()


def test_the_release_has_one_number() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert f"image: hullcheck:{version}\n" in (ROOT / "deploy/compose.yaml").read_text("utf-8")


def test_compose_sets_only_settings_that_there_are() -> None:
    known = {name for setting in settings.SETTINGS for name in (setting.name, f"{setting.name}_FILE")}
    text = (ROOT / "deploy/compose.yaml").read_text("utf-8")
    assert set(re.findall(r"^ +(HULLCHECK_\w+):", text, re.MULTILINE)) - known == set()


def test_the_app_asks_for_no_more_than_it_uses() -> None:
    manifest = json.loads((ROOT / "deploy/github-app.json").read_text("utf-8"))
    assert manifest["default_permissions"] == {
        "metadata": "read",
        "contents": "read",
        "pull_requests": "write",
        "checks": "write",
        "issues": "read",
    }
    assert manifest["default_events"] == ["pull_request", "issue_comment", "pull_request_review_comment"]
    assert manifest["public"] is False


def test_no_file_names_a_package_registry_or_this_machine() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {host}" for host in REGISTRIES if host in text]
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in MACHINE.finditer(text)]
    assert found == []


def test_nothing_is_kept_that_is_to_be_ignored() -> None:
    assert listed("--cached", "--ignored", "--exclude-standard") == []


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function without its docstring."""
    first = node.body[0]
    told = (first.end_lineno or first.lineno) - first.lineno + 1 if ast.get_docstring(node) is not None else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - told


def test_modules_and_functions_stay_short() -> None:
    long = set()
    for path in tracked("*.py"):
        text, name = path.read_text("utf-8"), path.relative_to(ROOT).as_posix()
        if text.count("\n") > LONGEST_MODULE:
            long.add(name)
        long |= {f"{name}: {function}" for function, lines in read(path).functions if lines > LONGEST_FUNCTION}
    assert long == LONGER.keys(), "split it where a concept is missing; what got short leaves LONGER"


def test_a_noqa_says_why() -> None:
    silent = []
    for path in tracked("*.py"):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if UNEXPLAINED.search(line):
                silent.append(f"{path.relative_to(ROOT)}:{number}")
    assert silent == []


def test_the_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "bot/decisions").glob("*.md"))
    assert numbers[0] == 1
    assert all(second == first + 1 for first, second in pairwise(numbers))


def test_hullcheck_finds_nothing_in_its_own_image() -> None:
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in tracked() if "tests/" not in str(path)}
    reviewed = {path: data for path, data in files.items() if path.startswith("deploy/") or path == ".dockerignore"}
    report = rules.review({}, reviewed, listing=dict.fromkeys(files, 0o100644), today=date(2026, 11, 21))
    assert [f"{found.line}: {found.rule}: {found.message}" for found in report.findings] == []
    assert report.suppressed == ()
