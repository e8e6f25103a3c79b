"""What the bot asks of a forge, and the words both forges answer in. Owned by its consumer, `bot.reviewer`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from bot.jobs import Command, Job, PullRequestKey

Side = Literal["RIGHT", "LEFT"]
FileStatus = Literal["added", "removed", "modified", "renamed", "copied"]


class ForgeError(Exception):
    """Base of what an adapter raises; SDK errors are translated once and never leave it.

    ```
    ForgeError
    ├── Unavailable   come back later; `retry_after` seconds when the forge said so (holds back the installation)
    ├── Denied        the credentials or the permissions are wrong; a person must act
    ├── Gone          the pull request, the repository or the head reviewed is no longer there
    └── Rejected      the forge refused what we wrote; place it elsewhere
    ```
    """


class Unavailable(ForgeError):  # noqa: N818 - says what the forge is, as `except` reads it
    """The forge cannot answer now.

    Attributes:
        retry_after: Seconds that the forge asked us to wait; `None` when it named none.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Denied(ForgeError):  # noqa: N818 - says what the forge is, as `except` reads it
    """Credentials or permissions are wrong."""


class Gone(ForgeError):  # noqa: N818 - says what the forge is, as `except` reads it
    """The pull request or its head is no longer there."""


class Rejected(ForgeError):  # noqa: N818 - says what the forge is, as `except` reads it
    """The forge refused what we wrote."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The forge's own words, for texts that a person reads.

    Attributes:
        pull_request: `pull request` or `merge request`.
        number_sign: `#` or `!`.
        suggestion: The fence's info string for a suggestion that replaces lines `first..last` of the new file, anchored
            at `last`: a function of `last - first`. GitHub: always `suggestion`; GitLab: `suggestion:-N+0`.
    """

    pull_request: str
    number_sign: str
    suggestion: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a forge can do. Differences between forges are data, not branches.

    Attributes:
        file_comments: Comments on a file without a line.
        context_comments: Lines outside the hunks may be named where the file is not new (GitLab).
        check_runs: A check of its own (GitHub Apps) rather than a commit status.
        body_limit: Characters of one comment or review body.
        collapsible: `<details>` is rendered.
        mermaid: Mermaid fences are rendered.
    """

    file_comments: bool
    context_comments: bool
    check_runs: bool
    body_limit: int = 60_000
    collapsible: bool = True
    mermaid: bool = True


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file of a pull request's diff (merge base to head).

    Attributes:
        path: At head (at the merge base for a removed file).
        status: What happened to it.
        previous_path: The path before a rename or copy, else `None`.
        patch: Unified diff hunks without file headers; `None` when the forge gives none (binary, too large, collapsed).
        mode: Git mode at head when the forge says it, else 0.
    """

    path: str
    status: FileStatus
    previous_path: str | None = None
    patch: str | None = None
    mode: int = 0


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it stands on the forge.

    Attributes:
        key: Its name.
        head: Commit id of the head.
        base: Commit id of the merge base (never the base branch's tip).
        base_tip: Commit id of the base branch's tip; the policy is read there.
        start: GitLab's `start_sha`; empty elsewhere.
        open: Whether it is open.
        draft: Whether it is a draft.
        author_id: Numeric id of its author.
        repository_id: The forge's numeric id of the target repository.
        web_url: Page of the pull request.
        blob_url: Prefix of pages that show a file at a commit: `{blob_url}{sha}/{path}`.
        files: Everything that the diff touches, as far as the forge lists it.
        cut: Whether the forge lists only a part of a huge diff (GitHub: 3,000 files).
    """

    key: PullRequestKey
    head: str
    base: str
    base_tip: str
    open: bool
    draft: bool
    author_id: int
    repository_id: int
    web_url: str
    blob_url: str
    files: tuple[ChangedFile, ...]
    start: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was asked for and is not reviewed.

    Attributes:
        path: The file.
        reason: A few words: "a symbolic link", "binary", "larger than 512 KiB", "a submodule".
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Tree:
    """Files read at one commit.

    Attributes:
        files: Path to bytes, for what exists and could be read.
        unread: What exists and could not, with the reason.
    """

    files: Mapping[str, bytes]
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """A review thread that carries our marker, or our summary.

    Attributes:
        id: The forge's id of the thread (GitHub: id of its top comment; GitLab: discussion id).
        comment_id: Id of our comment in it, which is edited.
        body: Our comment's body as it stands.
        path: The file.
        line: Line in the new file, `None` when outdated or file-level.
        resolved: Whether it is resolved.
        resolved_by_us: Whether we resolved it.
        dismissed: Whether a person resolved it, or we accepted their `/hullcheck ignore`; then never said again.
        dismissed_by: Login of who did.
        reason: What they gave as the reason.
        handle: What resolving asks for when it is not `id` (GitHub: the thread's node id); empty when we may not.
    """

    id: str
    comment_id: int
    body: str
    path: str
    line: int | None
    resolved: bool = False
    resolved_by_us: bool = False
    dismissed: bool = False
    dismissed_by: str = ""
    reason: str = ""
    handle: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything of ours that already stands on a pull request, listed to the last page.

    Attributes:
        threads: Our threads, one a finding or a group of findings.
        summary: Our summary comment, `None` when there is none.
        reviewed: Heads that our posted reviews name in their markers.
    """

    threads: tuple[Thread, ...]
    summary: Thread | None = None
    reviewed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment to be posted.

    Attributes:
        path: The file in the new tree.
        body: Markdown with the hidden marker.
        line: Last line it is about; `None` for a file-level comment.
        start_line: First line of a range; `None` for a single line.
        side: RIGHT for added and context lines, LEFT for deleted ones.
        old_line: The line in the old file for a context line (GitLab needs both), else `None`.
        old_path: The file's old path (GitLab needs both), same as `path` unless renamed.
        old_start_line: As `old_line`, for `start_line`.
    """

    path: str
    body: str
    line: int | None = None
    start_line: int | None = None
    side: Side = "RIGHT"
    old_line: int | None = None
    old_path: str = ""
    old_start_line: int | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """An edit of a thread of ours.

    Attributes:
        thread: Which.
        body: The new body, marker included; `None` leaves it.
        resolve: Resolve (`True`), reopen (`False`) or leave (`None`).
        reply: Posted in the thread as well, when not empty.
    """

    thread: Thread
    body: str | None = None
    resolve: bool | None = None
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A line of the check run.

    Attributes:
        path: The file.
        start_line: First line.
        end_line: Last line.
        level: GitHub's word.
        title: At most 255 characters.
        message: Plain text.
    """

    path: str
    start_line: int
    end_line: int
    level: Literal["notice", "warning", "failure"]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict, as a check run or a commit status.

    Attributes:
        conclusion: `success`, `neutral` or `failure`.
        title: One line.
        summary: Markdown, in full.
        annotations: In the order of the report.
    """

    conclusion: Literal["success", "neutral", "failure"]
    title: str
    summary: str
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """All that one review writes, decided before the first write.

    Attributes:
        head: The commit that was reviewed; nothing is posted once the pull request has another head.
        comments: Inline comments, posted as one review.
        file_comments: Comments without a line.
        body: The review's own body, marker included.
        revisions: Edits of earlier threads.
        summary: Body of the sticky summary comment: posted or edited in place; `None` leaves it or posts none.
        check: The verdict.
    """

    head: str
    check: Check
    comments: tuple[Comment, ...] = ()
    file_comments: tuple[Comment, ...] = ()
    body: str = ""
    revisions: tuple[Revision, ...] = ()
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did.

    Attributes:
        posted: Comments posted now.
        found: Comments that stood there already (an earlier attempt had posted them).
        refused: Comments that the forge refused; they are listed in the check.
        writes: Requests that changed something.
    """

    posted: int = 0
    found: int = 0
    refused: tuple[Comment, ...] = ()
    writes: int = 0


class Fence(Protocol):
    """Asked right before each write: raises when another worker has taken the job over."""

    def __call__(self) -> Awaitable[None]:
        """Return when the lease is still ours, else raise `bot.mailbox.LeaseLost`."""


Permission = Literal["none", "read", "write", "admin"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a forge reads for one review in as few rounds as it can.

    Attributes:
        pull_request: Its data and diff.
        conversation: What we said before.
        listing: Every path at head with its git mode; `None` when the forge would not give it whole.
    """

    pull_request: PullRequest
    conversation: Conversation
    listing: Mapping[str, int] | None = field(default=None)


class Forge(Protocol):
    """One forge. The adapters list the same methods in the same order."""

    terms: Terms
    capabilities: Capabilities

    async def context(self, job: Job) -> Context:
        """Read the pull request, its diff, our earlier words and the tree listing."""

    async def read(self, job: Job, commit: str, paths: Iterable[str]) -> Tree:
        """Read whole files at a commit; links, submodules, binaries and files over 512 KiB are named, not read."""

    async def permission(self, job: Job, command: Command) -> Permission:
        """Say what a command's author may do in the repository, as the API says it."""

    async def acknowledge(self, job: Job, command: Command, *, refused: bool = False) -> None:
        """React to a command's comment (eyes, or a confused face when refused); saying it twice is harmless."""

    async def reply(self, job: Job, command: Command, body: str) -> None:
        """Answer a command where it was given; a second call with the same command posts nothing.

        The answer to `ignore` is the record of it: `context` reports its thread as dismissed from then on, by whom
        and why.
        """

    async def publish(self, job: Job, plan: ReviewPlan, fence: Fence) -> Published:
        """Write a review: idempotent, in one batch, each write behind the fence.

        Raises:
            Gone: The head moved; the newer job will speak.
            Unavailable: Try again later; what was written is found by its markers.
        """

    async def fail(self, job: Job, sentence: str) -> None:
        """Complete the check with a neutral conclusion and a plain sentence, after the last attempt."""
