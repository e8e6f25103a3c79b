"""Which lines of a diff a position may name, their line codes, and where a position goes when a push comes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.forge.hunks import moved_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import Discussion, Version
    from tests.forge.repository import FileDiff, GitRepository

BLANK = {"line_code": ["can't be blank", "must be a valid line code"]}
KEYS = (
    "base_sha",
    "start_sha",
    "head_sha",
    "old_path",
    "new_path",
    "position_type",
    "old_line",
    "new_line",
    "line_range",
)


class Row(NamedTuple):
    """One line of a diff.

    Attributes:
        old: Its number before, `None` for an added line.
        new: Its number after, `None` for a removed line.
        old_at: The number before, or of the line that would come next; line codes name it.
        new_at: Likewise after.
    """

    old: int | None
    new: int | None
    old_at: int
    new_at: int

    @property
    def kind(self) -> str | None:
        """`new`, `old`, or `None` for an unchanged line."""
        return "new" if self.old is None else "old" if self.new is None else None

    @property
    def place(self) -> int:
        """A number that grows from line to line of a diff."""
        return self.old_at + self.new_at


def rows(diff: FileDiff) -> Iterator[Row]:
    """Go through all lines that a diff shows."""
    for hunk in diff.hunks:
        old, new = hunk.old_start, hunk.new_start
        for line in hunk.lines:
            yield Row(line.old, line.new, old, new)
            old, new = old + (line.old is not None), new + (line.new is not None)


def line_code(path: str, row: Row) -> str:
    """Name a line as GitLab does."""
    return f"{hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()}_{row.old_at}_{row.new_at}"


def find(git: GitRepository, diff: FileDiff, old: int | None, new: int | None) -> Row | None:
    """Find the one line that has these numbers; unchanged ones between the hunks can be unfolded."""
    shown = next((row for row in rows(diff) if (row.old, row.new) == (old, new)), None)
    if shown is not None or old is None or new is None or old < 1:
        return shown
    if diff.status in "AD" or not diff.hunks or diff.binary or old > len(git.blob(diff.old_oid).splitlines()):
        return None
    hidden = not any(hunk.find("LEFT", old) is not None for hunk in diff.hunks)
    return Row(old, new, old, new) if hidden and moved_line(diff.hunks, old) == new else None


def complete(position: Mapping[str, Any]) -> bool:
    """Say whether a position names a place at all: drafts without one are published beside the diff."""
    shas = all(position.get(name) for name in ("base_sha", "start_sha", "head_sha"))
    placed = position.get("position_type") == "file" or position.get("old_line") or position.get("new_line")
    return bool(shas and placed and (position.get("new_path") or position.get("old_path")))


class Placed(NamedTuple):
    """A position that stands, with its line code; or the errors that say why it does not."""

    line_code: str | None
    errors: Mapping[str, list[str]]


def place(merge_request: MergeRequest, position: Mapping[str, Any]) -> Placed:
    """Check a position against the diff of the version that it names."""
    if not complete(position):
        return Placed(None, BLANK | {"position": ["is incomplete"]})
    known = merge_request.versions if merge_request.prepared else []
    version = next((each for each in known if each.refs.items() <= position.items()), None)
    diff = named(merge_request, version, position) if version else None
    if diff is None:
        return Placed(None, BLANK)
    if position["position_type"] == "file":
        return Placed(None, {})
    row = find(merge_request.project.git, diff, position.get("old_line"), position.get("new_line"))
    if row is None:
        return Placed(None, BLANK)
    judge_range(merge_request, diff, position, row)
    return Placed(line_code(diff.path, row), {})


def named(merge_request: MergeRequest, version: Version, position: Mapping[str, Any]) -> FileDiff | None:
    """Return the changed file that both of a position's paths name."""
    paths = (position.get("old_path"), position.get("new_path"))
    return next((each for each in merge_request.diff(version) if (each.old_path, each.path) == paths), None)


def judge_range(merge_request: MergeRequest, diff: FileDiff, position: Mapping[str, Any], last: Row) -> None:
    """Note what is wrong with a range: GitLab takes it, and then shows it wrongly or not at all."""
    given = position.get("line_range")
    if not given:
        return
    faults, ends = [], []
    for name in ("start", "end"):
        end = given.get(name) or {}
        row = find(merge_request.project.git, diff, end.get("old_line"), end.get("new_line"))
        if row is None:
            faults.append(f"line_range[{name}] names no line of the diff")
            continue
        ends.append(row)
        if end.get("line_code") != line_code(diff.path, row):
            faults.append(f"line_range[{name}][line_code] should be {line_code(diff.path, row)}")
        if end.get("type") not in ({row.kind} if row.kind else {None, "", "old"}):
            faults.append(f"line_range[{name}][type] should be {row.kind or 'old'}")
    if len(ends) == 2 and (ends[1] != last or ends[0].place > last.place):
        faults.append("line_range should not begin behind the position's line and should end at it")
    merge_request.project.forge.note("a range", faults)


def stored(position: Mapping[str, Any]) -> dict[str, Any]:
    """Return a position as GitLab keeps and shows it."""
    return {name: position.get(name) for name in KEYS}


def follow(merge_request: MergeRequest, before: Version, after: Version) -> list[Discussion]:
    """Bring the positions of the last version over into a new one, and return the threads that stay behind."""
    outdated = []
    for discussion in merge_request.discussions:
        for note in discussion.notes:
            if note.position and before.refs.items() <= note.position.items():
                moved = traced(merge_request, before, after, note.position)
                if moved is None and note is discussion.notes[0]:
                    outdated.append(discussion)
                note.position = moved or note.position
    return outdated


def traced(
    merge_request: MergeRequest, before: Version, after: Version, position: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the same line's position in another version; `None` when the line was changed, or its file renamed."""
    git = merge_request.project.git
    diff = named(merge_request, after, position)
    if diff is None:
        return None
    if position["position_type"] == "file":
        return position | after.refs
    on_old = position["new_line"] is None
    was, now = (before.base, after.base) if on_old else (before.head, after.head)
    path, number = (
        (position["old_path"], position["old_line"]) if on_old else (position["new_path"], position["new_line"])
    )
    hunks = next((each.hunks for each in git.diff(was, now) if each.old_path == path), ())
    line = moved_line(hunks, number)
    if line is None:
        return None
    row = row_at(git, diff, line, old=on_old)
    return None if row is None else position | after.refs | {"old_line": row.old, "new_line": row.new}


def row_at(git: GitRepository, diff: FileDiff, number: int, *, old: bool) -> Row | None:
    """Return the line with a number on one side, unfolded when no hunk shows it; removed lines are shown or gone."""
    for row in rows(diff):
        if (row.old if old else row.new) == number and (not old or row.new is None):
            return row
    if old:
        return None
    shift = 0
    for hunk in diff.hunks:
        if hunk.new_start + (hunk.new_count == 0) <= number:
            ends = hunk.old_start + (hunk.old_count == 0) + hunk.old_count
            shift = ends - (hunk.new_start + (hunk.new_count == 0) + hunk.new_count)
    return find(git, diff, number + shift, number)
