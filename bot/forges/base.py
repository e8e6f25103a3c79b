"""What the bot asks of a forge, and the words both forges answer in. Owned by its consumer, `bot.reviewer`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from bot.forges.reading import ChangedFile, Context, Conversation, FileStatus, PullRequest, Thread, Tree, Unread
from bot.forges.writing import Annotation, Check, Comment, Published, ReviewPlan, Revision, Side

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bot.jobs import Command, Job

__all__ = [
    "Annotation",
    "Capabilities",
    "ChangedFile",
    "Check",
    "Comment",
    "Context",
    "Conversation",
    "Denied",
    "Fence",
    "FileStatus",
    "Forge",
    "ForgeError",
    "Gone",
    "Permission",
    "Published",
    "PullRequest",
    "Rejected",
    "ReviewPlan",
    "Revision",
    "Side",
    "Terms",
    "Thread",
    "Tree",
    "Unauthorized",
    "Unavailable",
    "Unread",
]


class ForgeError(Exception):
    """Base of what an adapter raises; SDK errors are translated once and never leave it.

    ```
    ForgeError
    ├── Unavailable   come back later; `retry_after` seconds when the forge said so (holds back the installation)
    ├── Denied        the credentials or the permissions are wrong; a person must act
    │   └── Unauthorized  the credentials themselves, so that nothing works until they are replaced
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


class Unauthorized(Denied):
    """The forge does not take our credentials: a token ran out, a key was deleted, or our clock is off."""


class Gone(ForgeError):  # noqa: N818 - says what the forge is, as `except` reads it
    """The pull request or its head is no longer there."""


class Rejected(ForgeError):  # noqa: N818 - says what the forge is, as `except` reads it
    """The forge refused what we wrote."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The forge's own words, for texts that a person reads.

    Attributes:
        pull_request: `pull request` or `merge request`.
        suggestion: The fence's info string for a suggestion that replaces lines `first..last` of the new file, anchored
            at `last`: a function of `last - first`. GitHub: always `suggestion`; GitLab: `suggestion:-N+0`.
    """

    pull_request: str
    suggestion: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a forge can do. Differences between forges are data, not branches.

    Attributes:
        file_comments: Comments on a file without a line.
        context_comments: Lines outside the hunks may be named where the file is not new (GitLab).
        body_limit: Characters of one comment or review body.
        collapsible: `<details>` is rendered.
        mermaid: Mermaid fences are rendered.
    """

    file_comments: bool
    context_comments: bool
    body_limit: int = 60_000
    collapsible: bool = True
    mermaid: bool = True


class Fence(Protocol):
    """Asked right before each write: raises when another worker has taken the job over."""

    def __call__(self) -> Awaitable[None]:
        """Return when the lease is still ours, else raise `bot.mailbox.LeaseLost`."""


Permission = Literal["none", "read", "write", "admin"]


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
        """Complete the check with a neutral conclusion and a sentence of Markdown, after the last attempt."""
