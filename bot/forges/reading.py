"""What stands on a forge, in the words both forges answer in: a pull request, its files, what we said before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.jobs import PullRequestKey

FileStatus = Literal["added", "removed", "modified", "renamed", "copied"]


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file of a pull request's diff (merge base to head).

    Attributes:
        path: At head (at the merge base for a removed file).
        status: What happened to it.
        previous_path: The path before a rename or copy, else `None`.
        patch: Unified diff hunks without file headers; `None` when the forge gives none (binary, too large, collapsed).
    """

    path: str
    status: FileStatus
    previous_path: str | None = None
    patch: str | None = None

    @property
    def old_path(self) -> str:
        """The path at the merge base; for an added file the same as at head."""
        return self.previous_path or self.path


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it stands on the forge.

    Attributes:
        key: Its name.
        head: Commit id of the head.
        base: Commit id of the merge base (never the base branch's tip).
        base_tip: Commit id of the base branch's tip; the policy is read there.
        open: Whether it is open.
        author_id: Numeric id of its author.
        repository_id: The forge's numeric id of the target repository.
        blob_url: Prefix of pages that show a file at a commit: `{blob_url}{sha}/{path}`.
        files: Everything that the diff touches, as far as the forge lists it.
        cut: Whether the forge lists only a part of a huge diff (GitHub: 3,000 files).
        base_branch: Name of the branch that it is to go to.
    """

    key: PullRequestKey
    head: str
    base: str
    base_tip: str
    open: bool
    author_id: int
    repository_id: int
    blob_url: str
    files: tuple[ChangedFile, ...]
    cut: bool = False
    base_branch: str = ""


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
    """

    threads: tuple[Thread, ...]
    summary: Thread | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a forge reads for one review in as few rounds as it can.

    Attributes:
        pull_request: Its data and diff.
        conversation: What we said before.
        listing: Every path at head with its git mode; `None` when the forge would not give it whole.
        nearby: Where it would not, the paths around what the change touches; nothing follows from a path's absence.
    """

    pull_request: PullRequest
    conversation: Conversation
    listing: Mapping[str, int] | None = field(default=None)
    nearby: Mapping[str, int] | None = field(default=None)

    @property
    def listing_before(self) -> Mapping[str, int] | None:
        """What `listing` was at the merge base, by what the diff adds, renames and deletes; `None` if it is cut short.

        The mode of what is deleted is taken to be a plain file's: no forge tells it.
        """
        if self.listing is None or self.pull_request.cut:
            return None
        files = self.pull_request.files
        came = {file.path for file in files if file.status in ("added", "renamed", "copied")}
        gone = (file.old_path for file in files if file.status in ("removed", "renamed"))
        return {
            **dict.fromkeys(gone, 0o100644),
            **{path: mode for path, mode in self.listing.items() if path not in came},
        }
