"""Builders: findings, pull requests and conversations as small as a test needs them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.forges.base import (
    Capabilities,
    ChangedFile,
    Conversation,
    PullRequest,
    ReviewPlan,
    Terms,
    Thread,
)
from bot.jobs import PullRequestKey
from bot.review.diffing import diff
from bot.review.manner import Manner
from bot.review.markers import Signer
from bot.review.plan import Reviewed, plan
from rules.dockerfile.source import Source
from rules.problem import Category, Confidence, Edit, Fix, Note, Severity
from rules.report import Finding, Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.forges.base import FileStatus

HEAD, BASE = "a1" * 20, "b2" * 20
PATH = "Dockerfile"
KEY = PullRequestKey("github", "api.github.com", "octo/app", 7)
GITHUB = Terms("pull request", lambda _: "suggestion")
GITLAB = Terms("merge request", lambda span: f"suggestion:-{span}+0")
GITHUB_CAN = Capabilities(file_comments=True, context_comments=False)
GITLAB_CAN = Capabilities(file_comments=True, context_comments=True)


@dataclass(frozen=True)
class Offered:
    fix: Fix | None


ANY = Finding(
    rule="some-rule",
    path=PATH,
    line=1,
    end_line=1,
    severity=Severity.WARNING,
    confidence=Confidence.CERTAIN,
    category=Category.RELIABILITY,
    stage="prod",
    message="",
    baseline="new",
    fingerprint="",
    span=Source(PATH, "").span(0, 0),
)


def finding(
    line: int = 1,
    rule: str = "some-rule",
    message: str = "",
    *,
    end_line: int = 0,
    path: str = PATH,
    severity: Severity = Severity.WARNING,
    confidence: Confidence = Confidence.CERTAIN,
    baseline: str = "new",
    fix: Fix | None = None,
    notes: tuple[Note, ...] = (),
) -> Finding:
    return replace(
        ANY,
        path=path,
        line=line,
        end_line=end_line or line,
        severity=severity,
        confidence=confidence,
        message=message or f"Line {line} breaks {rule}. It will hurt.",
        baseline=baseline,  # type: ignore[arg-type]  # the tests name the three words
        fingerprint=hashlib.sha256(f"{rule} {path} {line}".encode()).hexdigest()[:32],
        span=Source(PATH, "").span(0, 0)._replace(line=line, end_line=end_line or line),
        notes=notes,
        offer=Offered(fix) if fix else None,
        doubt="a build may pass another value" if confidence is Confidence.LIKELY else "",
        **about(rule),
    )


def about(rule: str) -> dict[str, Any]:
    """Return what a finding says of its rule."""
    return {"rule": rule, "title": f"Title of {rule}", "manual": f"family/{rule.replace('-', '_')}"}


def edit(text: str, old: str, new: str) -> Edit:
    """Replace the first occurrence of a piece of text."""
    start = text.index(old)
    return Edit(Source(PATH, text).span(start, start + len(old)), new)


def fix(text: str, old: str, new: str, title: str = "Repair it") -> Fix:
    return Fix(title, (edit(text, old, new),))


def numbered(count: int, *, changed: Iterable[int] = ()) -> str:
    """Return lines `RUN step 1` to `RUN step <count>`; changed ones differ from the others."""
    changed = set(changed)
    return "".join(f"RUN step {at}{' new' if at in changed else ''}\n" for at in range(1, count + 1))


def changed_file(
    before: str | None, after: str | None, path: str = PATH, previous: str | None = None, *, patch: bool = True
) -> ChangedFile:
    status: FileStatus = "modified"
    if before is None or after is None:
        status = "removed" if after is None else "added"
    elif previous:
        status = "renamed"
    text = diff(before or "", after or "") or None
    return ChangedFile(path, status, previous, text if patch else None)


def pull_request(*files: ChangedFile, head: str = HEAD, key: PullRequestKey = KEY) -> PullRequest:
    return PullRequest(
        key=key,
        head=head,
        base=BASE,
        base_tip="c3" * 20,
        open=True,
        author_id=5,
        repository_id=99,
        blob_url="https://forge.example/octo/app/blob/",
        files=files,
    )


def reviewed(
    before: str | None,
    after: str | None,
    *findings: Finding,
    path: str = PATH,
    previous: str | None = None,
    head: str = HEAD,
    patch: bool = True,
    extra: Mapping[str, bytes] | None = None,
) -> Reviewed:
    """Return a review of one file's change."""
    old = {previous or path: before.encode("utf-8", "surrogateescape")} if before is not None else {}
    new = {path: after.encode("utf-8", "surrogateescape")} if after is not None else {}
    file = changed_file(before, after, path, previous, patch=patch)
    return Reviewed(pull_request(file, head=head), old, {**new, **(extra or {})}, Report(findings))


def manner(terms: Terms = GITHUB, can: Capabilities = GITHUB_CAN, **changes: object) -> Manner:
    signer = Signer.for_pull_request(b"a key for tests", pull_request())
    made = Manner(terms, can, signer, "https://hullcheck.example/rules/{rule}")
    return replace(made, **changes)  # type: ignore[arg-type]  # named attributes of Manner


NOTHING = Conversation(())


def planned(of: Reviewed, said: Conversation = NOTHING, how: Manner | None = None) -> ReviewPlan:
    return plan(of, said, how or manner())


def carried_out(written: ReviewPlan, said: Conversation = NOTHING, *, resolve: bool = True) -> Conversation:
    """Return the conversation as it stands after a plan was published."""
    threads = {thread.id: thread for thread in said.threads}
    for revision in written.revisions:
        old = threads[revision.thread.id]
        done = revision.resolve if resolve and revision.resolve is not None else old.resolved
        body = revision.body if revision.body is not None else old.body
        threads[old.id] = replace(old, body=body, resolved=done, resolved_by_us=done and not old.dismissed)
    for comment in (*written.comments, *written.file_comments):
        number = len(threads) + 1
        threads[str(number)] = Thread(str(number), number, comment.body, comment.path, comment.line)
    summary = said.summary
    if written.summary is not None:
        summary = Thread("summary", 1000, written.summary, "", None)
    return Conversation(tuple(threads.values()), summary)
