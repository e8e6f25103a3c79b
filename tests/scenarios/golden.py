"""A scenario's whole review as Markdown: the check, the summary, and each comment under its line of the diff.

The way is the real one: the diff of two trees, what a review reads of them, the rules, the plan.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli import trees
from bot.forges.base import Capabilities, Context, Conversation, Terms, Unread
from bot.judgement import Case, judge
from bot.policy_change import differences, merged, touched
from bot.repository import POLICY_PATHS, ROUNDS, wanted
from bot.review import markers
from rules.dockerfile.source import Source
from rules.policy_file import find_policy
from tests.review.build import BASE, HEAD, changed_file, pull_request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.forges.base import ChangedFile, Comment, PullRequest, ReviewPlan

FOLDER = Path(__file__).parent
TODAY = date(2026, 11, 20)
TERMS = Terms("pull request", lambda _: "suggestion")
CAN = Capabilities(file_comments=True, context_comments=False)
LINKS = re.compile(rf"https://forge\.example/octo/app/blob/(?:(?P<head>{HEAD})|{BASE})/")
HEADER = re.compile(r"@@ -\S+ \+(?P<new>\d+)")
RENAME = 0.5
"""Share of lines that makes a deleted and an added file one renamed file; git's default."""


def names() -> list[str]:
    """Return every scenario, by the name of its folder."""
    return sorted(path.name for path in FOLDER.iterdir() if (path / "change.md").is_file())


def review(name: str) -> str:
    """Review a scenario and return all of it as one Markdown text."""
    before, after = trees_of(name)
    files = tuple(_diff(before, after))
    plan = _plan(before, after, files)
    parts = [(FOLDER / name / "change.md").read_text("utf-8").strip(), *_outside(plan)]
    for file in files:
        said = [comment for comment in (*plan.comments, *plan.file_comments) if comment.path == file.path]
        if said or file.path in _judged(before, after, files):
            parts.append("\n\n".join(_file(file, said)))
    text = "\n\n".join(parts) + "\n"
    return LINKS.sub(lambda found: "head:" if found["head"] else "base:", text)


def trees_of(name: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return a scenario's two trees, path to bytes."""
    before, after = (_tree(FOLDER / name / side) for side in ("before", "after"))
    return before, after


def _tree(root: Path) -> dict[str, bytes]:
    return {path: (root / path).read_bytes() for path in trees.listed(root)} if root.is_dir() else {}


def _listing(after: Mapping[str, bytes]) -> dict[str, int]:
    return {path: 0o100755 if data.startswith(b"#!") else 0o100644 for path, data in after.items()}


def _judged(before: Mapping[str, bytes], after: Mapping[str, bytes], files: tuple[ChangedFile, ...]) -> tuple[str, ...]:
    policy = find_policy({path: before[path] for path in POLICY_PATHS if path in before}).policy
    return wanted(pull_request(*files), _listing(after), policy).dockerfiles


def _plan(before: Mapping[str, bytes], after: Mapping[str, bytes], files: tuple[ChangedFile, ...]) -> ReviewPlan:
    pull = pull_request(*files)
    listing = _listing(after)
    read = find_policy({path: before[path] for path in POLICY_PATHS if path in before})
    chosen = wanted(pull, listing, read.policy)
    for _ in range(ROUNDS):
        chosen = chosen.with_further(chosen.further(pull, {path: after[path] for path in chosen.after}, listing))
    unchanged = set(chosen.unchanged(pull))
    return judge(
        Case(
            context=Context(pull, Conversation(()), listing),
            before={path: before[path] for path in {*chosen.before, *unchanged} if path in before},
            after={path: after[path] for path in chosen.after if path in after},
            unread=tuple(Unread(path, "there are too many") for path in chosen.skipped),
            policy=read.policy,
            policy_faults=tuple(map(str, read.faults)),
            policy_changes=_policy_changes(pull, before, after),
            today=TODAY,
            terms=TERMS,
            capabilities=CAN,
            manual="",
            key=b"a key for tests",
        )
    ).plan


def _policy_changes(pull: PullRequest, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[str, ...]:
    base, head = ({path: tree[path] for path in POLICY_PATHS if path in tree} for tree in (before, after))
    files = merged(pull, base, {path: head[path] for path in touched(pull)})
    if files is None:
        return ()
    proposed = find_policy(files)
    return differences(find_policy(base).policy, proposed.policy, map(str, proposed.faults))


def _diff(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[ChangedFile]:
    gone = sorted(before.keys() - after.keys())
    added = sorted(after.keys() - before.keys())
    renamed = {new: old for new in added if (old := _renamed(_text(after, new) or "", gone, before))}
    for path in sorted((before.keys() | after.keys()) - set(renamed.values())):
        old, new = _text(before, renamed.get(path, path)), _text(after, path)
        if old != new:
            yield changed_file(old, new, path, renamed.get(path))


def _renamed(new: str, gone: list[str], before: Mapping[str, bytes]) -> str | None:
    lines = set(new.splitlines())
    for path in gone:
        old = set((_text(before, path) or "").splitlines())
        if len(lines & old) > RENAME * max(len(lines), len(old)):
            gone.remove(path)
            return path
    return None


def _text(tree: Mapping[str, bytes], path: str) -> str | None:
    return Source.decode(path, tree[path]).text if path in tree else None


def _outside(plan: ReviewPlan) -> Iterator[str]:
    """Give what stands outside the diff: the check, then the summary, or the check's text when nothing is posted."""
    yield f"## Check\n\n{plan.check.conclusion}: {plan.check.title}"
    if plan.summary is None:
        yield f"No comment is posted. The check says:\n\n{plan.check.summary}"
    else:
        yield f"## Summary\n\n{markers.strip(plan.summary)}"
    for note in plan.check.annotations:
        yield f"Annotation of {note.path}:{note.start_line}, {note.level}: {note.message}"


def _file(file: ChangedFile, said: list[Comment]) -> Iterator[str]:
    renamed = f" from `{file.previous_path}`" if file.previous_path else ""
    yield f"## `{file.path}`, {file.status}{renamed}"
    yield from (_quoted(comment) for comment in said if not comment.line)
    lines: list[str] = []
    for line, number in _numbered(file.patch or ""):
        lines.append(line)
        here = [comment for comment in said if comment.line and comment.line == number]
        if here:
            yield _fenced(lines)
            yield from (_quoted(comment) for comment in here)
            lines = []
    if lines:
        yield _fenced(lines)


def _numbered(patch: str) -> Iterator[tuple[str, int]]:
    """Give each line of a patch with its number in the new file, 0 where it has none."""
    new = 0
    for line in patch.split("\n") if patch else ():
        if header := HEADER.match(line):
            new = int(header["new"]) - 1
        shown = not header and line[:1] in (" ", "+", "")
        new += shown
        yield line, new if shown else 0


def _fenced(lines: list[str]) -> str:
    text = "\n".join(lines).replace("\r", "␍")
    return f"````diff\n{text}\n````"


def _quoted(comment: Comment) -> str:
    lines = f"lines {comment.start_line} to {comment.line}" if comment.start_line else f"line {comment.line}"
    where = lines if comment.line else "the file"
    body = f"On {where}:\n\n{markers.strip(comment.body)}"
    return "\n".join(f"> {line}".rstrip() for line in body.split("\n"))
