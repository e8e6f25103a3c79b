"""What each forge refuses of a comment, written from its rules and not from our code: an independent check of plans."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from markdown_it import MarkdownIt

from tests.forge.hunks import Hunk, moved_line, parse_hunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.forges.base import ChangedFile, Comment, PullRequest, ReviewPlan

GITHUB_BODY = 65_536
GITLAB_BODY = 1_000_000
_SUGGESTION = re.compile(r"suggestion(?::-(\d+)\+(\d+))?\s*\Z")


class Replacement(NamedTuple):
    """A suggestion as a forge reads it: lines `first..last` of the new file become `lines`."""

    path: str
    first: int
    last: int
    lines: tuple[str, ...]


def github_refuses(pull_request: PullRequest, comment: Comment) -> str:
    """Return why GitHub answers 422, or nothing (G1, G2, G6 of the API's reference; complaints 1 and 6)."""
    file = next((file for file in pull_request.files if file.path == comment.path), None)
    if file is None:
        return "path is not part of the diff"
    if not comment.body.strip() or len(comment.body) > GITHUB_BODY:
        return "body is empty or too long"
    if comment.line is None:
        return "" if comment.start_line is None else "a comment on a file has no lines"
    hunks = parse_hunks(file.patch or "")
    holder = _holder(hunks, comment.side, comment.line)
    if holder is None:
        return "line must be part of the diff"
    return _refused_start(comment.line, comment.start_line, _holder(hunks, comment.side, comment.start_line) is holder)


def _refused_start(line: int, start: int | None, same_hunk: bool) -> str:  # noqa: FBT001 - a fact
    if start is None:
        return ""
    if start >= line:
        return "start line must precede the end line"
    return "" if same_hunk else "start line must be part of the same hunk"


def gitlab_refuses(pull_request: PullRequest, comment: Comment) -> str:
    """Return why GitLab answers 400, or nothing (discussions API: position; complaint 23)."""
    file = next((file for file in pull_request.files if file.path == comment.path), None)
    if file is None:
        return "path is not part of the diff"
    if not comment.body.strip() or len(comment.body) > GITLAB_BODY:
        return "body is empty or too long"
    if comment.line is None:
        return ""
    if comment.start_line is not None and comment.start_line >= comment.line:
        return "start line must precede the end line"
    return _position(file, comment.line, comment.old_line)


def _position(file: ChangedFile, new: int, old: int | None) -> str:
    hunks = parse_hunks(file.patch or "")
    holder = _holder(hunks, "RIGHT", new)
    if holder is None:
        known = file.status != "added" and old is not None and moved_line(hunks, old) == new
        return "" if known else "line_code can't be blank"
    line = next(line for line in holder.lines if line.new == new)
    return "" if line.old == old else "an added line has no old line, a context line has both"


def _holder(hunks: tuple[Hunk, ...], side: str, line: int | None) -> Hunk | None:
    return next((hunk for hunk in hunks if _stands(hunk, side, line)), None)


def _stands(hunk: Hunk, side: str, line: int | None) -> bool:
    if line is None:
        return False
    if side == "RIGHT":
        return any(one.new == line for one in hunk.lines)
    return any(one.old == line and one.new is None for one in hunk.lines)


def replacements(plan: ReviewPlan) -> Iterator[Replacement]:
    """Read a plan's suggestions out of the rendered Markdown, as a forge does."""
    for comment in plan.comments:
        for token in MarkdownIt("commonmark").parse(comment.body):
            if token.type != "fence" or not (info := _SUGGESTION.match(token.info)):
                continue
            assert comment.line is not None
            above = int(info[1]) if info[1] else comment.line - (comment.start_line or comment.line)
            lines = tuple(token.content.split("\n")[:-1])
            yield Replacement(comment.path, comment.line - above, comment.line + int(info[2] or 0), lines)


def spans_a_deletion(pull_request: PullRequest, change: Replacement) -> bool:
    """Tell whether deleted lines stand between the lines of a suggestion; GitHub gives no button then."""
    file = next(file for file in pull_request.files if file.path == change.path)
    for hunk in parse_hunks(file.patch or ""):
        inside = [at for at, line in enumerate(hunk.lines) if line.new and change.first <= line.new <= change.last]
        if inside and any(line.new is None for line in hunk.lines[inside[0] : inside[-1] + 1]):
            return True
    return False


def committed(text: str, changes: list[Replacement]) -> str:
    """Commit suggestions together: lines for lines, the last replaced line's ending stays (GitLab's `Suggestion`)."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    for change in sorted(changes, reverse=True):
        ending = "\n" if lines[change.last - 1].endswith("\n") else ""
        new = [f"{line}\n" for line in change.lines[:-1]] + [f"{line}{ending}" for line in change.lines[-1:]]
        lines[change.first - 1 : change.last] = new
    return "".join(lines)
