"""Where a comment stands in a version of the diff, in GitLab's words; each place is checked before it is named.

GitLab takes a draft note with any position and fails on publishing it, together with all others.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.review.hunks import Patch, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.forges.base import ChangedFile, Comment
    from bot.forges.gitlab.diffs import Version


class Row(NamedTuple):
    """A line of the new file as the diff shows it.

    Attributes:
        old: Its number in the old file, `None` for an added line.
        new: Its number in the new file.
        old_at: The old number, or that of the old line that would come next; line codes name it.
    """

    old: int | None
    new: int
    old_at: int


class Positions:
    """The places of one version.

    Args:
        version: Whose commits are named.
        files: What it changes.
    """

    def __init__(self, version: Version, files: Sequence[ChangedFile]) -> None:
        self._refs = version.refs
        self._files = {file.path: file for file in files}
        self._patches: dict[str, Patch] = {}

    def of(self, comment: Comment) -> dict[str, Any] | None:
        """Return a comment's position, or `None` where GitLab would not show it."""
        file = self._files.get(comment.path)
        if file is None or comment.side != "RIGHT":
            return None
        paths = {"old_path": file.old_path, "new_path": file.path}
        if comment.line is None:
            return {"position_type": "file", **self._refs, **paths}
        if file.patch is None:
            return self._as_reviewed(comment, file, paths)
        last = self._row(file, comment.line)
        if last is None:
            return None
        placed = {"position_type": "text", **self._refs, **paths, **_numbers(last)}
        if comment.start_line is not None and comment.start_line < comment.line:
            first = self._row(file, comment.start_line)
            if first is not None:
                placed["line_range"] = {"start": _end(file.path, first), "end": _end(file.path, last)}
        return placed

    def _as_reviewed(self, comment: Comment, file: ChangedFile, paths: Mapping[str, str]) -> dict[str, Any]:
        """Trust the review: nobody shows a diff of this file, for it is too large or cannot be read now."""
        assert comment.line is not None
        old = comment.old_line if file.status != "added" else None
        numbers = _numbers(Row(old, comment.line, comment.line))
        return {"position_type": "text", **self._refs, **paths, **numbers}

    def _row(self, file: ChangedFile, line: int) -> Row | None:
        if file.path not in self._patches:
            self._patches[file.path] = parse(file.patch or "")
        patch = self._patches[file.path]
        hunk = patch.hunk(line)
        if hunk is None:
            old = patch.old_line(line) if file.status != "added" and patch.hunks else None
            return Row(old, line, old) if old else None
        # GitLab counts from the header's own number, which of a side without lines is that of the line before.
        old_at = hunk.old_start - (hunk.old_next == hunk.old_start)
        for each in hunk.lines:
            if each.new == line:
                return Row(each.old, line, old_at)
            old_at += each.old is not None
        return None


def _numbers(row: Row) -> dict[str, int]:
    """Return a row's line numbers: of an added line the new one only, of an unchanged one both."""
    return {"new_line": row.new} | ({} if row.old is None else {"old_line": row.old})


def _end(path: str, row: Row) -> dict[str, Any]:
    """Return one end of a range."""
    return {"line_code": line_code(path, row), "type": "new" if row.old is None else "old", **_numbers(row)}


def line_code(path: str, row: Row) -> str:
    """Name a line as GitLab does: the hash of the path and both numbers.

    >>> line_code("Dockerfile", Row(None, 3, 2))[-8:]
    '3dd4_2_3'
    """
    return f"{hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()}_{row.old_at}_{row.new}"
