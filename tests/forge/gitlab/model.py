"""What stands on GitLab: people, tokens, versions, notes, drafts, hooks. Plain data that tests read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from tests.forge.gitlab.merge_request import MergeRequest

GUEST, REPORTER, DEVELOPER, MAINTAINER, OWNER = 10, 20, 30, 40, 50
"""GitLab's access levels, of those that matter here."""


@dataclass(eq=False, slots=True)
class User:
    """A person or a bot."""

    id: int
    username: str
    bot: bool = False

    @property
    def name(self) -> str:
        """The name that people read."""
        return self.username.replace("_", " ").title()


@dataclass(eq=False, slots=True)
class Group:
    """A group; what is below it inherits its members.

    Attributes:
        path: Full path, such as `group/sub`.
        members: Access level by username.
    """

    id: int
    path: str
    members: dict[str, int] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Token:
    """An access token.

    Attributes:
        scopes: `api` may everything, `read_api` may read.
        expires: When it dies, by the double's clock; `None` for never.
    """

    id: int
    value: str
    name: str
    user: User
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime | None = None
    revoked: bool = False


class Version(NamedTuple):
    """One version of a merge request's diff: three commits that belong together.

    Attributes:
        base: The merge base.
        start: The target branch's tip when the version was made.
        state: `collected`, `overflow` (too much to keep all of it) or `empty`.
    """

    id: int
    head: str
    base: str
    start: str
    created: datetime
    state: str
    size: str

    @property
    def refs(self) -> dict[str, str]:
        """The three commits as positions name them."""
        return {"base_sha": self.base, "head_sha": self.head, "start_sha": self.start}


@dataclass(frozen=True, slots=True)
class Award:
    """An emoji on a note."""

    id: int
    name: str
    user: User
    created: datetime


@dataclass(eq=False, slots=True)
class Suggestion:
    """A suggestion that GitLab has read out of a note.

    Attributes:
        first: First line of the new file that it replaces.
        last: Last line that it replaces.
        old: The text it replaces, as it was when the note was written.
        new: What replaces it.
    """

    id: int
    first: int
    last: int
    old: str
    new: str
    applied: bool = False


@dataclass(eq=False, slots=True)
class Note:
    """A note.

    Attributes:
        kind: `DiffNote` on the diff, `DiscussionNote` in another thread, `None` when it stands alone.
        position: Where it stands now; it keeps the commits of the last version that had its line.
        original_position: Where it stood when it was written.
        resolved_by: Who resolved it, and when; only for notes of threads.
        internal: Whether only members see it; hooks that hear of notes do not hear of it.
    """

    id: int
    author: User
    body: str
    kind: Literal["DiffNote", "DiscussionNote"] | None
    created: datetime
    updated: datetime
    discussion: Discussion
    position: dict[str, Any] | None = None
    original_position: dict[str, Any] | None = None
    line_code: str | None = None
    system: bool = False
    resolved_by: User | None = None
    resolved_at: datetime | None = None
    awards: list[Award] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    internal: bool = False

    @property
    def resolvable(self) -> bool:
        """Whether it belongs to a thread."""
        return self.kind is not None and not self.system


@dataclass(eq=False, slots=True)
class Discussion:
    """A thread, or a single note outside of any."""

    id: str
    notes: list[Note] = field(default_factory=list)

    @property
    def individual(self) -> bool:
        """Whether it is one note that nobody has answered."""
        return self.notes[0].kind is None

    @property
    def resolvable(self) -> bool:
        """Whether it can be resolved."""
        return any(note.resolvable for note in self.notes)

    @property
    def resolved(self) -> bool:
        """Whether all of it is resolved."""
        return self.resolvable and all(note.resolved_by for note in self.notes if note.resolvable)


@dataclass(eq=False, slots=True)
class DraftNote:
    """A note that only its author sees yet; nothing about it has been checked."""

    id: int
    author: User
    note: str
    position: dict[str, Any] | None
    discussion_id: str | None
    resolve: bool
    commit_id: str | None


class QuickAction(NamedTuple):
    """A quick action that a note's text has set off."""

    name: str
    argument: str
    author: str
    merge_request: MergeRequest


class Mail(NamedTuple):
    """An e-mail to everybody who takes part.

    Attributes:
        about: `review` for a batch, `note` for a single note.
        notes: Numbers of the notes in it.
    """

    about: Literal["review", "note"]
    merge_request: MergeRequest
    notes: tuple[int, ...]


@dataclass(eq=False, slots=True)
class CommitStatus:
    """A commit status, in a pipeline that may have been made for it."""

    id: int
    sha: str
    ref: str
    name: str
    state: str
    description: str | None
    target_url: str | None
    pipeline: int
    author: User
    created: datetime


@dataclass(eq=False, slots=True)
class StatusCheck:
    """An external status check that a project asks for; answers by merge request and commit."""

    id: int
    name: str
    url: str
    answers: dict[tuple[int, str], str] = field(default_factory=dict)
