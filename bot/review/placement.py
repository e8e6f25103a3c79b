"""Where a comment goes: on lines of the diff, on the file, or into the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from rules.problem import Confidence

if TYPE_CHECKING:
    from bot.forges.base import Capabilities
    from bot.review.files import File, Files
    from bot.review.topics import Topic
    from rules.report import Finding

LONGEST_RANGE = 10
"""Lines that a comment's range spans at most; a longer instruction is named by one line."""

Reason = Literal["possible", "minor", "likely", "not in the diff", "no line", "over the cap"]

UNTOLD: frozenset[Reason] = frozenset({"possible", "minor"})
"""Reasons for which nobody is told but who opens the summary's folded parts: no annotation, no comment."""


class Inline(NamedTuple):
    """A comment on lines of the new file, all of them in one hunk.

    Attributes:
        first: First line.
        last: Last line, inclusive.
    """

    first: int
    last: int


class OnFile(NamedTuple):
    """A comment on the file, quoting its line: no hunk shows it."""


class InSummary(NamedTuple):
    """No comment of its own.

    Attributes:
        why: `possible` is not sure enough, `minor` too small, `likely` not for a team that wants comments on what is
            certain, `not in the diff` names a file that the change leaves alone, `no line` has no place that this forge
            would show, `over the cap` gave way to weightier ones.
    """

    why: Reason


Place = Inline | OnFile | InSummary


def locate(topic: Topic, files: Files, can: Capabilities, sure: Confidence = Confidence.LIKELY) -> Place:
    """Return the best place for a topic, caps aside.

    Its own lines where the diff shows them; else the place in the diff where a line was deleted that a note names as
    lost; else the file.
    """
    surest = max(finding.confidence for finding in topic.findings)
    if surest < sure:
        return InSummary("likely" if surest is Confidence.LIKELY else "possible")
    if not any(finding.wants_comment for finding in topic.findings):
        return InSummary("minor")
    file = files.get(topic.path)
    if file is None or file.removed:
        return InSummary("not in the diff")
    ordered = [topic.lead, *topic.findings]
    own = (_own_lines(finding, file) for finding in ordered)
    lost = (_beside_the_loss(finding, file) for finding in ordered)
    if place := next(filter(None, own), None) or next(filter(None, lost), None):
        return place
    line = topic.lead.line
    if can.context_comments and file.changed.status != "added" and file.unchanged(line):
        return Inline(line, line)
    return OnFile() if can.file_comments else InSummary("no line")


def _own_lines(finding: Finding, file: File) -> Inline | None:
    """Return the finding's lines as far as one hunk shows them: whole when short, else its first changed line."""
    patch = file.patch
    shown = [line for line in _lines(finding) if patch.hunk(line)]
    if not shown:
        return None
    hunk = patch.hunk(shown[0])
    run = [line for line in shown if patch.hunk(line) is hunk]
    if run[-1] - run[0] < LONGEST_RANGE:
        return Inline(run[0], run[-1])
    line = run[0] if run[0] == finding.line else next(filter(patch.added, run), run[0])
    return Inline(line, line)


def _lines(finding: Finding) -> range:
    return range(finding.line, max(finding.line, finding.end_line) + 1)


def _beside_the_loss(finding: Finding, file: File) -> Inline | None:
    """Return the nearest meaningful new line to a deleted line that the finding's notes name."""
    for note in finding.notes:
        if not note.before or (note.path or file.old_path) != file.old_path:
            continue
        for old in range(note.span.line, note.span.end_line + 1):
            if line := _nearest(old, file):
                return Inline(line, line)
    return None


def _nearest(old: int, file: File) -> int | None:
    hunk = file.patch.hunk(old, "LEFT")
    if hunk is None:
        return None
    at = next(index for index, line in enumerate(hunk.lines) if line.old == old and line.new is None)
    right = [
        (not _meaningful(line.text), abs(index - at), index < at, line.new)
        for index, line in enumerate(hunk.lines)
        if line.new is not None
    ]
    return min(right)[3] if right else None


def _meaningful(text: str) -> bool:
    return bool(text.strip()) and not text.lstrip().startswith("#")
