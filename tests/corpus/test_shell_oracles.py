"""Real shell code is read as bash and as another grammar read it."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.shell.script import Script, script_of
from rules.dockerfile.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.dockerfile.nodes import Instruction

COMMANDS = frozenset({"command", "declaration_command", "unset_command", "test_command"})
"""Kinds of node at which the other grammar sees a simple command."""
_WINDOWS = ("windows", "servercore", "nanoserver")


def scripts(files: Mapping[str, bytes]) -> Iterator[tuple[str, Instruction, Script]]:
    """Yield every distinct shell form of the files, with what was read."""
    seen: set[str] = set()
    for path, data in files.items():
        if any(word in path.lower() or word.encode() in data.lower() for word in _WINDOWS):
            continue
        for instruction in parse(Source.decode(path, data)).instructions:
            found = script_of(instruction)
            if found.origin is not None and instruction.text not in seen:
                seen.add(instruction.text)
                yield path, instruction, found


def bash_refuses(code: str) -> bool:
    ran = subprocess.run(
        ["bash", "-n"], input=code.encode("utf-8", "surrogateescape"), capture_output=True, check=False
    )
    return ran.returncode != 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="NOT RUN: there is no bash to ask")
def test_code_is_valid_where_bash_says_so(corpus: dict[str, bytes]) -> None:
    asked = [(path, each, found) for path, each, found in scripts(corpus) if not each.heredocs]
    with ThreadPoolExecutor(2) as pool:
        refused = list(pool.map(bash_refuses, [each.value for _, each, _ in asked]))
    pairs = zip(asked, refused, strict=True)
    differs = [f"{path}:{each.line}" for (path, each, found), no in pairs if bool(found.errors) != no]
    assert (differs, len(asked) > 3_000) == ([], True)


def test_commands_stand_where_another_grammar_sees_them(corpus: dict[str, bytes]) -> None:
    differs = []
    compared = 0
    for path, each, found in scripts(corpus):
        theirs = commands_of_tree(found)
        if theirs is None:
            continue
        compared += 1
        if not theirs <= {command.start for command in found.commands}:
            differs.append(f"{path}:{each.line}")
    assert (differs, compared > 2_500) == ([], True)


def commands_of_tree(found: Script) -> set[int] | None:
    """Return where tree-sitter-bash sees commands that have a name; `None` where it is known to lose its way."""
    assert found.origin is not None
    text, _ = found.origin
    view = text.view
    if any(mark in view for mark in ("<<", "`#", "#", "! {")) or len(view) > 8_000:
        return None
    tree = grammar().parse(view.encode("ascii", "replace"))
    if tree.root_node.has_error:
        return None
    starts, waiting = set(), [tree.root_node]
    while waiting:
        node = waiting.pop()
        named = node.type != "command" or node.child_by_field_name("name") is not None
        if node.type in COMMANDS and named:
            starts.add(text.place(node.start_byte))
        waiting += node.children
    return starts


@lru_cache
def grammar() -> Any:
    tree_sitter = pytest.importorskip("tree_sitter", reason="NOT RUN: tree-sitter is missing")
    bash = pytest.importorskip("tree_sitter_bash", reason="NOT RUN: tree-sitter-bash is missing")
    return tree_sitter.Parser(tree_sitter.Language(bash.language()))
