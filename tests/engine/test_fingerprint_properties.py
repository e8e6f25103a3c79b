"""A finding is the same finding after a rebase, a force push, a rename, shifted lines and another layout."""

from __future__ import annotations

import re
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

import rules
from tests.review.faulty import Change, changes

TODAY = date(2026, 11, 20)
EXAMPLES = settings(max_examples=80)
PATH, MOVED = "Dockerfile", "docker/Dockerfile"


def marks(before: str | None, after: str, old: str = PATH, new: str = PATH) -> list[tuple[str, str]]:
    """Return rule and fingerprint of every new finding."""
    tree = {old: before.encode()} if before is not None else {}
    report = rules.review(tree, {new: after.encode()}, today=TODAY)
    return sorted((finding.rule, finding.fingerprint) for finding in report.findings if finding.baseline == "new")


def shifted(text: str, data: st.DataObject) -> str:
    """Put blank lines and comments between instructions."""
    lines = []
    for line in re.split(r"(?<!\\)\n", text.removesuffix("\n")):
        lines += [*data.draw(st.sampled_from([[], [], ["", "# a word about what follows", ""]])), line]
    return "\n".join(lines) + "\n"


def laid_out(text: str, data: st.DataObject) -> str:
    """Break commands over lines, and put other blanks behind keywords."""
    broken = re.sub(r" && ", lambda _: data.draw(st.sampled_from([" && ", " \\\n  && ", " && \\\n    "])), text)
    return re.sub(r"(?m)^([A-Z]+) ", lambda found: f"{found[1]}{data.draw(st.sampled_from([' ', '  ']))}", broken)


@EXAMPLES
@given(changes(), st.data())
def test_shifted_lines_keep_every_fingerprint(change: Change, data: st.DataObject) -> None:
    assert marks(change.before, shifted(change.after, data)) == marks(*change)


@EXAMPLES
@given(changes(), st.data())
def test_another_layout_keeps_every_fingerprint(change: Change, data: st.DataObject) -> None:
    assert marks(change.before, laid_out(change.after, data)) == marks(*change)


@EXAMPLES
@given(changes())
def test_a_rename_keeps_every_fingerprint(change: Change) -> None:
    if change.before is None or not set(change.before.splitlines()) & set(change.after.splitlines()):
        return
    moved = marks(change.before, change.after, PATH, MOVED)
    assert moved == marks(*change) or _is_another_file(change)


def _is_another_file(change: Change) -> bool:
    """Tell whether so little is left of the file that nobody calls it renamed."""
    old, new = set((change.before or "").splitlines()), set(change.after.splitlines())
    return 2 * len(old & new) < len(old) + len(new)


@EXAMPLES
@given(changes())
def test_a_rebase_on_a_changed_base_branch_keeps_every_fingerprint(change: Change) -> None:
    if change.before is None:
        return
    rebased = marks(line_in(change.before, LINE), line_in(change.after, LINE))
    assert [mark for mark in rebased if mark[0] != ABOUT_THE_LINE] == marks(*change)


def test_the_line_of_the_base_branch_may_be_what_the_change_throws_away() -> None:
    before = "FROM python:3.12-slim AS s0\n"
    change = Change(before, f"{before}FROM node:22-alpine AS s1\nCOPY --from=s0 /app /app\n")
    rebased = marks(line_in(before, LINE), line_in(change.after, LINE))
    assert {mark[0] for mark in rebased} - {mark[0] for mark in marks(*change)} == {ABOUT_THE_LINE}


LINE = "LABEL org.opencontainers.image.title=app\n"
ABOUT_THE_LINE = "label-in-discarded-stage"
"""Speaks of the line itself, and is right to, where the change makes the first stage one that does not ship."""


def line_in(text: str, line: str) -> str:
    """Put a line below the first FROM, as the base branch did."""
    first, rest = text.split("\n", 1)
    return f"{first}\n{line}{rest}"
