"""The hunks that we make are right, as short as git's, and come in time."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.review.diffing import LINE_LIMIT, diff
from bot.review.hunks import parse

if TYPE_CHECKING:
    from pathlib import Path

LINES = st.lists(st.sampled_from(["a", "b", "c", "RUN x", "", "\x0cform", "\u2028sep"]), max_size=30)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n"]))


def rebuilt(before: str, patch: str) -> str:
    """Apply a patch by hand."""
    old = before.split("\n")
    new: list[str] = []
    at = 1
    for hunk in parse(patch).hunks:
        new += old[at - 1 : hunk.old_start - 1]
        new += [line.text for line in hunk.lines if line.new is not None]
        at = hunk.old_next
    return "\n".join([*new, *old[at - 1 :]])


@given(TEXTS, TEXTS)
def test_the_old_text_and_the_patch_give_the_new_text(before: str, after: str) -> None:
    assert rebuilt(before, diff(before, after)).rstrip("\n") == after.rstrip("\n")


@given(TEXTS)
def test_equal_texts_have_no_hunks(text: str) -> None:
    assert diff(text, text) == ""


def git_diff(folder: Path, before: str, after: str) -> str:
    for name, text in (("before", before), ("after", after)):
        (folder / name).write_bytes(text.encode())
    command = ["git", "diff", "--no-index", "--no-color", "before", "after"]
    shown = subprocess.run(command, cwd=folder, capture_output=True, check=False).stdout.decode()
    return shown[shown.find("@@") :] if "@@" in shown else ""


def changed(patch: str) -> int:
    return sum(line.old is None or line.new is None for hunk in parse(patch).hunks for line in hunk.lines)


@settings(max_examples=60)
@given(before=TEXTS, after=TEXTS)
def test_no_more_lines_change_than_git_says(tmp_path_factory: pytest.TempPathFactory, before: str, after: str) -> None:
    theirs = git_diff(tmp_path_factory.mktemp("git"), before, after)
    assert changed(diff(before, after)) <= changed(theirs)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "a\n"),
        ("a\n", ""),
        ("a", "a\n"),
        ("a\nb\n", "a\nb"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\n" * 9 + "b\n" + "c\n" * 9, "a\n" * 9 + "c\n" * 9),
        ("RUN a\nRUN b\n", "RUN a\nRUN a\nRUN b\n"),
        ("x\n" * 20, "y\n" + "x\n" * 18 + "y\n"),
        ("\nRUN a\nRUN b\n", "RUN b\nRUN a\nRUN b\nRUN b\n"),
        ("b\nC\nb\na\nC\nC\na\n\n\n", "b\nC\nb\na\na\nC\nC\na\na\n\n\n"),
    ],
)
def test_hunks_are_those_of_git(tmp_path: Path, before: str, after: str) -> None:
    theirs = git_diff(tmp_path, before, after)
    assert parse(diff(before, after)).hunks == parse(theirs).hunks


def test_a_large_new_file_and_a_rewritten_one_are_shown_whole() -> None:
    old, new = "".join(f"{n}\n" for n in range(9000)), "".join(f"{n} x\n" for n in range(9000))
    assert diff("", new).startswith("@@ -0,0 +1,9000 @@\n+0 x\n")
    assert changed(diff(old, new)) == 18000


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\n" * (LINE_LIMIT + 1), "b\n"),
        ("a\nb\n" * 9000, "b\nb\na\n" * 6000),
        ("".join(f"{n}\n" for n in range(5000)), "".join(f"{n}\n" for n in range(4999, -1, -1))),
    ],
    ids=["too long", "alike everywhere", "turned round"],
)
def test_texts_too_large_or_too_different_are_not_compared(before: str, after: str) -> None:
    start = time.process_time()
    assert diff(before, after) == ""
    assert time.process_time() - start < 5
