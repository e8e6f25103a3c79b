"""What stands on GitHub: people, reviews, comments, threads, check runs. Plain data that tests read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Side = Literal["LEFT", "RIGHT"]


@dataclass(eq=False, slots=True)
class User:
    """A person, a bot or an organization."""

    id: int
    login: str
    type: Literal["User", "Bot", "Organization"] = "User"


@dataclass(frozen=True, slots=True)
class Reaction:
    """One person's reaction to one comment."""

    id: int
    user: User
    content: str
    created: datetime


@dataclass(eq=False, slots=True)
class IssueComment:
    """A comment of the conversation."""

    id: int
    author: User
    body: str
    created: datetime
    updated: datetime
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Review:
    """A review; `submitted` is `None` while its state is `PENDING`."""

    id: int
    author: User
    body: str
    state: str
    commit: str
    submitted: datetime | None
    comments: list[ReviewComment] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Thread:
    """A review thread: a comment and the replies to it."""

    id: str
    comments: list[ReviewComment] = field(default_factory=list)
    resolved_by: User | None = None


@dataclass(eq=False, slots=True)
class ReviewComment:
    """A review comment.

    Attributes:
        line: Where it stands in the present diff; `None` once outdated, and for a whole file.
        original_line: Where it stood when it was written; `None` for a whole file only.
        diff_hunk: The hunk from its header to the line, as it was.
        position: Lines below the file's first `@@` in the present diff.
    """

    id: int
    author: User
    body: str
    path: str
    review: Review
    thread: Thread
    commit: str
    original_commit: str
    line: int | None
    original_line: int | None
    start_line: int | None
    original_start_line: int | None
    side: Side
    start_side: Side | None
    subject_type: Literal["line", "file"]
    diff_hunk: str
    position: int | None
    original_position: int | None
    created: datetime
    updated: datetime
    in_reply_to: int | None = None
    reactions: list[Reaction] = field(default_factory=list)

    @property
    def outdated(self) -> bool:
        """Whether a push took its line away."""
        return self.subject_type == "line" and self.line is None

    @property
    def resolved(self) -> bool:
        """Whether its thread is resolved."""
        return self.thread.resolved_by is not None


@dataclass(eq=False, slots=True)
class CheckRun:
    """A check run; `annotations` are what all its requests appended."""

    id: int
    suite: int
    name: str
    head: str
    status: str
    conclusion: str | None
    external_id: str
    details_url: str
    started: datetime | None
    completed: datetime | None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, str]] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class App:
    """The GitHub App that the bot is.

    Attributes:
        private_key: PEM, for the bot.
        public_key: PEM, for the forge.
        events: What it has subscribed to; installation and check events come unasked.
    """

    id: int
    slug: str
    name: str
    owner: User
    bot: User
    private_key: str
    public_key: str
    webhook_secret: str
    permissions: dict[str, str]
    events: list[str]
    created: datetime

    @property
    def client_id(self) -> str:
        """The App's other name, which a JSON web token may use too."""
        return f"Iv23li{self.id:014d}"


@dataclass(eq=False, slots=True)
class Installation:
    """A grant of an account to the App.

    Attributes:
        repositories: Ids that it covers; every repository of the account when `None`.
        suspended: When and by whom it was suspended.
        deleted: Whether it is uninstalled.
    """

    id: int
    account: User
    permissions: dict[str, str]
    created: datetime
    repositories: set[int] | None = None
    suspended: tuple[datetime, User] | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """An installation token.

    Attributes:
        repositories: Ids that it was narrowed to; `None` when it was not.
    """

    value: str
    installation: Installation
    permissions: Mapping[str, str]
    repositories: frozenset[int] | None
    expires: datetime
