"""What happened, as webhook payloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.forge.github import render_basics as basics
from tests.forge.github import render_pulls, render_talk

if TYPE_CHECKING:
    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.model import Installation, IssueComment, Review, ReviewComment, Thread, User
    from tests.forge.github.project import Project
    from tests.forge.github.pulls import PullRequest
    from tests.forge.github.webhooks import Delivery, Outbox

EMPTY = "0" * 40


@dataclass(eq=False, slots=True)
class Hooks:
    """Words what happened and hands it to the outbox."""

    forge: GitHubDouble
    outbox: Outbox

    def pull_request(
        self, action: str, pull: PullRequest, sender: User, *, changes: dict[str, Any] | None = None, send: bool = True
    ) -> Delivery:
        """Tell of a pull request."""
        payload: dict[str, Any] = {"number": pull.number, "pull_request": render_pulls.pull_request(pull)}
        if action == "synchronize":
            payload |= {"before": pull.heads[-2] if len(pull.heads) > 1 else EMPTY, "after": pull.head}
        if action == "edited":
            payload["changes"] = changes or {}
        return self.outbox.emit("pull_request", action, payload, pull.project, sender, send=send)

    def issue_comment(
        self, action: str, pull: PullRequest, comment: IssueComment, *, old: str | None = None
    ) -> Delivery:
        """Tell of a comment in the conversation."""
        payload = {"issue": render_talk.issue(pull), "comment": render_talk.issue_comment(pull, comment)}
        return self.outbox.emit("issue_comment", action, payload | edited(old), pull.project, comment.author)

    def review(self, action: str, pull: PullRequest, review: Review, *, old: str | None = None) -> Delivery:
        """Tell of a review; GitHub writes its state in small letters here."""
        written = render_talk.review(pull, review)
        written |= {
            "state": review.state.lower(),
            "updated_at": written.get("submitted_at"),
            "body": review.body or None,
        }
        payload = {"review": written, "pull_request": render_pulls.pull_request(pull)}
        return self.outbox.emit("pull_request_review", action, payload | edited(old), pull.project, review.author)

    def review_comment(
        self, action: str, pull: PullRequest, comment: ReviewComment, *, old: str | None = None
    ) -> Delivery:
        """Tell of a review comment."""
        payload = {
            "comment": render_talk.review_comment(pull, comment),
            "pull_request": render_pulls.pull_request(pull),
        }
        return self.outbox.emit(
            "pull_request_review_comment", action, payload | edited(old), pull.project, comment.author
        )

    def review_thread(self, action: str, pull: PullRequest, thread: Thread, sender: User) -> Delivery:
        """Tell that a thread was resolved or reopened."""
        comments = [render_talk.review_comment(pull, each) for each in thread.comments]
        payload = {
            "thread": {"node_id": thread.id, "comments": comments},
            "pull_request": render_pulls.pull_request(pull),
        }
        return self.outbox.emit("pull_request_review_thread", action, payload, pull.project, sender)

    def installation(self, action: str, grant: Installation, sender: User) -> Delivery:
        """Tell of an installation."""
        covered = [short(project) for project in self.forge.covered(grant)]
        payload: dict[str, Any] = {"installation": basics.installation(self.forge, grant), "repositories": covered}
        if action == "created":
            payload["requester"] = None
        return self.outbox.emit("installation", action, payload, None, sender, grant)

    def installation_repositories(self, action: str, grant: Installation, project: Project) -> Delivery:
        """Tell that an installation covers a repository, or no longer does."""
        payload: dict[str, Any] = {
            "installation": basics.installation(self.forge, grant),
            "repository_selection": "selected",
            "repositories_added": [short(project)] if action == "added" else [],
            "repositories_removed": [short(project)] if action == "removed" else [],
            "requester": None,
        }
        return self.outbox.emit("installation_repositories", action, payload, None, project.owner, grant)

    def push(self, project: Project, branch: str, before: str | None, after: str, sender: User) -> Delivery:
        """Tell that a branch has another tip."""
        person = {"name": sender.login, "email": f"{sender.login}@example.com"}
        payload: dict[str, Any] = {
            "ref": f"refs/heads/{branch}",
            "before": before or EMPTY,
            "after": after,
            "base_ref": None,
            "compare": f"{project.web_url}/compare/{before}...{after}",
            "created": before is None,
            "deleted": False,
            "forced": before is not None and not project.git.ancestor(before, after),
            "commits": [],
            "head_commit": None,
            "pusher": person,
        }
        return self.outbox.emit("push", None, payload, project, sender)

    def ping(self) -> Delivery:
        """Send the greeting of a new webhook."""
        hook = {
            "type": "App",
            "id": 1,
            "name": "web",
            "active": True,
            "events": list(self.forge.app.events),
            "config": {
                "content_type": "json",
                "insecure_ssl": "0",
                "url": self.outbox.url or "https://example.com/hook",
            },
            "created_at": self.forge.clock.stamp(),
            "updated_at": self.forge.clock.stamp(),
            "app_id": self.forge.app.id,
            "deliveries_url": f"{self.forge.api_url}/app/hook/deliveries",
        }
        payload: dict[str, Any] = {"zen": "Keep it logically awesome.", "hook_id": 1, "hook": hook}
        return self.outbox.emit("ping", None, payload, None, None)

    def renamed(self, project: Project, old: str) -> Delivery:
        """Tell that a repository has another name."""
        payload = {"changes": {"repository": {"name": {"from": old}}}}
        return self.outbox.emit("repository", "renamed", payload, project, project.owner)


def edited(old: str | None) -> dict[str, Any]:
    """Say what a body was before."""
    return {} if old is None else {"changes": {"body": {"from": old}}}


def short(project: Project) -> dict[str, Any]:
    """Write a repository as installation events name it."""
    return {
        "id": project.id,
        "node_id": basics.node_id("R", project.id),
        "name": project.name,
        "full_name": project.full_name,
        "private": project.private,
    }
