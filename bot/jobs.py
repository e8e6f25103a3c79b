"""What is asked of the bot: a delivery, the pull request it is about, and the job that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

ForgeName = Literal["github", "gitlab"]
CommandName = Literal["review", "help", "ignore"]


class PullRequestKey(NamedTuple):
    """Names one pull request (GitLab: merge request) for ever.

    Attributes:
        forge: Which forge.
        instance: Host of the forge's API, so that two GitLab instances never mix.
        repository: GitHub: `owner/name`. GitLab: the numeric project id as text.
        number: GitHub: number. GitLab: iid.
    """

    forge: ForgeName
    instance: str
    repository: str
    number: int

    def __str__(self) -> str:
        """Return a key for logs and the database: `github:api.github.com/owner/name#12`."""
        return f"{self.forge}:{self.instance}/{self.repository}#{self.number}"


class RepositoryKey(NamedTuple):
    """Names one repository, in the words of `PullRequestKey`."""

    forge: ForgeName
    instance: str
    repository: str


@dataclass(frozen=True, slots=True)
class Command:
    """A `/hullcheck` comment.

    Attributes:
        name: What is asked.
        comment_id: The comment that carries it, for the reaction; GitLab: the note id.
        thread_id: The review thread it answers, when it answers one; GitLab: the discussion id.
        author: The author's login, for permission questions and messages.
        author_id: The author's numeric id.
        reason: Free text behind `ignore`, one line, at most 200 characters.
    """

    name: CommandName
    comment_id: int
    author: str
    author_id: int
    thread_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Work on one pull request.

    Attributes:
        key: The pull request.
        installation: GitHub: installation id. GitLab: the instance's host. Work is shared out fairly by it.
        head: Newest head seen in a delivery; a hint only, the forge is asked again. Empty when unknown.
        base: Base branch tip seen in the delivery; a hint only. Empty when unknown.
        repository_id: The forge's numeric id of the repository, 0 when unknown.
        command: A comment command; `None` for a review asked for by a push.
        hop: GitLab's `X-Gitlab-Event-UUID`, forwarded on our requests to stop loops.
    """

    key: PullRequestKey
    installation: str
    head: str = ""
    base: str = ""
    repository_id: int = 0
    command: Command | None = None
    hop: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook call, verified and understood.

    Attributes:
        id: The forge's delivery id (GitHub `X-GitHub-Delivery`, GitLab `Idempotency-Key` or `webhook-id`).
        forge: Which forge.
        event: The event's name and action, such as `pull_request.opened`.
        job: What is to be done; `None` when the event asks nothing of us.
        caller: GitLab: the project that the call is about, when its hook tells of merge requests. That somebody wants
            us there is proven by such a call and by nothing else.
    """

    id: str
    forge: ForgeName
    event: str
    job: Job | None
    caller: RepositoryKey | None = None
