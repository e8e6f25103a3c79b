"""A merge request's diff as GitLab gives it: collapsed, too large, or cut short beyond its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.forge.gitlab.model import Version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.forge.gitlab.limits import Limits
    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.repository import FileDiff

GENERATED = ("package-lock.json", "yarn.lock", "go.sum", "Gopkg.lock", "poetry.lock", ".min.js", ".pb.go")
NONE = "000000"


def text(diff: FileDiff) -> str:
    """Return one file's diff from its first `@@` on, as GitLab does; `""` where nothing but names or modes changed."""
    if diff.binary:
        return f"Binary files a/{diff.old_path} and b/{diff.path} differ\n"
    return diff.patch + "\n" if diff.patch else ""


def version(change: MergeRequest) -> Version:
    """Make a version of a merge request's diff as it stands now."""
    forge, project = change.project.forge, change.project
    start = project.tip(change.target_branch) or change.version.start
    base = project.git.merge_base(start, change.head)
    files = project.git.diff(base, change.head)
    more = overflows(files, forge.limits)
    state, size = "overflow" if more else "collected" if files else "empty", f"{len(files)}{'+' if more else ''}"
    return Version(forge.new_id(), change.head, base, start, forge.clock.now(), state, size)


def overflows(files: Iterable[FileDiff], limits: Limits) -> bool:
    """Say whether GitLab keeps only a part of a diff."""
    files = list(files)
    return len(files) > limits.diff_files or sum(map(length, files)) > limits.diff_lines


def length(diff: FileDiff) -> int:
    """Return the lines of one file's diff."""
    return sum(len(hunk.lines) + 1 for hunk in diff.hunks)


def shown(files: Iterable[FileDiff], limits: Limits) -> list[dict[str, Any]]:
    """Render a diff: beyond a tenth of the limits files are collapsed, beyond all of them they are left out."""
    found, lines = [], 0
    for number, diff in enumerate(files, 1):
        lines += length(diff)
        if number > limits.diff_files or lines > limits.diff_lines:
            break
        size = len(text(diff).encode())
        too_large = size > limits.patch_bytes
        part = limits.collapse
        collapsed = not too_large and (
            size > part * limits.patch_bytes or number > part * limits.diff_files or lines > part * limits.diff_lines
        )
        found.append(one(diff, collapsed=collapsed, too_large=too_large))
    return found


def one(diff: FileDiff, *, collapsed: bool = False, too_large: bool = False) -> dict[str, Any]:
    """Render one file."""
    return {
        "diff": "" if collapsed or too_large else text(diff),
        "collapsed": collapsed,
        "too_large": too_large,
        "new_path": diff.path,
        "old_path": diff.old_path,
        "a_mode": "0" if diff.old_mode == NONE else diff.old_mode,
        "b_mode": "0" if diff.new_mode == NONE else diff.new_mode,
        "new_file": diff.status == "A",
        "renamed_file": diff.status == "R",
        "deleted_file": diff.status == "D",
        "generated_file": diff.path.endswith(GENERATED),
    }
