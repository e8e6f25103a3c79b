"""What goes into the mailbox and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.jobs import Job, PullRequestKey, RepositoryKey


class Receipt(Enum):
    """What became of a delivery that was put into the mailbox."""

    STORED = "stored"
    """It is new work."""
    COALESCED = "coalesced"
    """It joined work on the same pull request that had not begun yet."""
    DUPLICATE = "duplicate"
    """It came before and its work is complete."""
    IGNORED = "ignored"
    """It asks nothing of us; at most that its repository has called was written."""


class Standing(Enum):
    """How a pull request stands with us, as it is on the forge now."""

    SETTLED = "settled"
    """It was reviewed like this, or its turn comes, or it is parked and waits for a person."""
    OWED = "owed"
    """It was told of and is not reviewed like this: it was closed when its turn came, or has a new base branch."""
    UNHEARD = "unheard"
    """No call told of this head."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Work on one pull request, held under a lease.

    Attributes:
        job: The newest job: its hints are the newest seen. Its `command` is always `None`.
        review: Whether a push (or the like) asks for a review; otherwise there are only commands.
        commands: A job for each command, in the order they came.
        generation: Everything up to this count of wants is included.
        owner: Names this claim; no two claims have the same.
        attempts: How often work on it has begun since something new was asked, this time included, those that
            the forge ended not counted.
        outages: How often the forge ended it by being unavailable.
    """

    job: Job
    review: bool
    commands: tuple[Job, ...]
    generation: int
    owner: str
    attempts: int
    outages: int = 0


Blame = Literal["work", "forge", "nobody"]
"""What an attempt that did not end well is put down to: a fault of ours, the forge, or a server that stops."""


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """What is kept of a finished review, for the status page.

    Attributes:
        head: The commit that was reviewed.
        conclusion: `success`, `neutral` or `failure`.
        counts: Rule id to the number of new findings.
        posted: Comments posted.
        seconds: How long the review took.
        base_branch: The branch that the change was to go to; empty where that is not known.
    """

    head: str
    conclusion: str
    counts: Mapping[str, int] = field(default_factory=dict)
    posted: int = 0
    seconds: float = 0.0
    base_branch: str = ""


class HistoryEntry(NamedTuple):
    """A finished review as it was kept.

    Attributes:
        pull_request: Which.
        record: What came of it.
        finished_at: Seconds since 1970.
        latency: Seconds from the first delivery that asked for it to its end.
        attempts: How often it was begun.
    """

    pull_request: PullRequestKey
    record: ReviewRecord
    finished_at: float
    latency: float
    attempts: int


class ParkedWork(NamedTuple):
    """Work that failed too often and waits for a person.

    Attributes:
        pull_request: Which.
        error: A plain sentence.
        parked_at: Seconds since 1970.
        attempts: How often it was begun.
    """

    pull_request: PullRequestKey
    error: str
    parked_at: float
    attempts: int


class Caller(NamedTuple):
    """A repository whose hook has called us.

    Attributes:
        key: Which.
        looked_until: Seconds since 1970; what we missed of it before that has been looked for.
        resume_at: How far a look came that was broken off, by the forge's clock; 0 when the last one was not.
        asked_at: The present, in seconds since 1970.
    """

    key: RepositoryKey
    looked_until: float
    resume_at: float
    asked_at: float


class Look(NamedTuple):
    """What a look at a repository came to; the times are as in `Caller`.

    Attributes:
        looked_until: As before, when it was broken off.
        resume_at: 0 when it was not.
        found: Whether anything had been missed.
        gone: Whether the repository is no longer there, so that only a call of its hook makes us look again.
    """

    looked_until: float
    resume_at: float = 0.0
    found: bool = False
    gone: bool = False


class Tally(NamedTuple):
    """How much there is, for the status page.

    Attributes:
        waiting: Pull requests with work that has not begun.
        running: Pull requests under a live lease.
        parked: Pull requests whose work is parked.
        held: Installations that a forge asked us to leave alone for now.
        oldest: Seconds that the most overdue waiting work has been due for; 0 when there is none.
    """

    waiting: int
    running: int
    parked: int
    held: int
    oldest: float
