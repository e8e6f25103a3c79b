"""The objects behind GraphQL's fields."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from tests.forge.clock import stamp
from tests.forge.git import GitError
from tests.forge.github import door
from tests.forge.github.render_basics import node_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.model import Thread, Token, User
    from tests.forge.github.project import Project
    from tests.forge.github.pulls import PullRequest

MOST = 100
TEXT_LIMIT = 512_000
CHANGES = {"A": "ADDED", "D": "DELETED", "M": "MODIFIED", "R": "RENAMED", "C": "COPIED", "T": "CHANGED"}


def failure(kind: str, sentence: str) -> GraphQLError:
    """Make an error of one of GitHub's types."""
    return GraphQLError(sentence, extensions={"type": kind})


def connection(items: Sequence[Any], bounds: dict[str, Any]) -> dict[str, Any]:
    """Page through a list by cursor; GitHub insists on `first` or `last`, at most 100."""
    size = bounds.get("first") if bounds.get("first") is not None else bounds.get("last")
    if size is None:
        raise failure("MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value.")
    if not 1 <= size <= MOST:
        raise failure("EXCESSIVE_PAGINATION", f"Requesting {size} records exceeds the limit of {MOST} records.")
    start = int(b64decode(bounds["after"]).decode()) if bounds.get("after") else 0
    if bounds.get("first") is None:
        start = max(0, len(items) - size)
    shown = list(items[start : start + size])
    page = {
        "endCursor": b64encode(str(start + len(shown)).encode()).decode() if shown else None,
        "startCursor": b64encode(str(start).encode()).decode() if shown else None,
        "hasNextPage": start + size < len(items),
        "hasPreviousPage": start > 0,
    }
    return {"nodes": shown, "pageInfo": page, "totalCount": len(items)}


@dataclass(frozen=True, slots=True)
class Root:
    """What one token sees."""

    forge: GitHubDouble
    token: Token

    def fields(self) -> dict[str, Any]:
        """Return the fields of `Query` and `Mutation`."""
        return {
            "viewer": {"login": self.forge.app.bot.login, "databaseId": self.forge.app.bot.id},
            "rateLimit": self._rate_limit,
            "repository": self._repository,
            "resolveReviewThread": lambda _info, input: self._resolve(input, resolved=True),  # noqa: A006  GraphQL's name
            "unresolveReviewThread": lambda _info, input: self._resolve(input, resolved=False),  # noqa: A006  the same
        }

    def _rate_limit(self, _info: Any) -> dict[str, Any]:
        headers = self.forge.meter(self.token.installation).headers(self.forge.clock.seconds())
        left, limit = int(headers["X-RateLimit-Remaining"]), int(headers["X-RateLimit-Limit"])
        return {"cost": 1, "limit": limit, "remaining": left, "resetAt": self.forge.clock.stamp()}

    def _need(self, needs: str) -> None:
        if not door.allowed(self.token, needs):
            raise failure("FORBIDDEN", "Resource not accessible by integration")

    def _repository(self, _info: Any, owner: str, name: str, **_: Any) -> dict[str, Any]:
        project = self.forge.find(f"{owner}/{name}")
        mine = project is not None and self.forge.grant(project) is self.token.installation
        reach = self.token.repositories
        if project is None or not (mine and (reach is None or project.id in reach)):
            raise failure("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return {
            "id": node_id("R", project.id),
            "databaseId": project.id,
            "isPrivate": project.private,
            "nameWithOwner": project.full_name,
            "object": lambda _info, **spec: self._object(project, **spec),
            "pullRequest": lambda _info, number: self._pull_request(project, number),
        }

    def _object(self, project: Project, expression: str | None = None, oid: str | None = None) -> dict[str, Any] | None:
        self._need("contents:read")
        git = project.git
        name, colon, path = (oid or expression or "").partition(":")
        try:
            if not colon and git.kind(name) == "commit":
                return {"__typename": "Commit", "id": f"C_{name}", "oid": git.resolve(name)}
            oid = git.run("rev-parse", "--verify", "--quiet", f"{name}:{path}" if colon else name).decode().strip()
            if git.kind(oid) == "tree":
                return {
                    "__typename": "Tree",
                    "id": f"T_{oid}",
                    "oid": oid,
                    "entries": self._entries(project, oid, path),
                }
            return blob(oid, git.blob(oid))
        except GitError:
            return None

    def _entries(self, project: Project, oid: str, path: str) -> list[dict[str, Any]]:
        return [
            {
                "mode": int(each.mode, 8),
                "name": each.path,
                "oid": each.oid,
                "path": f"{path}/{each.path}" if path else each.path,
                "size": each.size,
                "type": each.kind,
            }
            for each in project.git.listing(oid, recursive=False)
        ]

    def _pull_request(self, project: Project, number: int) -> dict[str, Any]:
        self._need("pull_requests:read")
        pull = project.pulls.get(number)
        if pull is None:
            raise failure("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return {
            "id": node_id("PR", pull.id),
            "databaseId": pull.id,
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "url": pull.web_url,
            "state": "MERGED" if pull.merged else pull.state.upper(),
            "isDraft": pull.draft,
            "isCrossRepository": pull.head_project is not pull.project,
            "author": actor(pull.author),
            "baseRefName": pull.base_branch,
            "baseRefOid": pull.base_tip,
            "headRefName": pull.head_branch,
            "headRefOid": pull.head,
            "changedFiles": lambda _info: len(pull.diff()),
            "files": lambda _info, **bounds: connection(changed_files(pull), bounds),
            "comments": lambda _info, **bounds: connection(self._comments(pull), bounds),
            "reviews": lambda _info, **bounds: connection(self._reviews(pull), bounds),
            "reviewThreads": lambda _info, **bounds: connection(self._threads(pull), bounds),
        }

    def _comments(self, pull: PullRequest) -> list[dict[str, Any]]:
        return [
            {
                "id": node_id("IC", each.id),
                "databaseId": each.id,
                "author": actor(each.author),
                "body": each.body,
                "createdAt": stamp(each.created),
                "viewerDidAuthor": each.author is self.forge.app.bot,
            }
            for each in pull.issue_comments
        ]

    def _reviews(self, pull: PullRequest) -> list[dict[str, Any]]:
        own = self.forge.app.bot
        return [
            {
                "id": node_id("PRR", each.id),
                "databaseId": each.id,
                "author": actor(each.author),
                "body": each.body,
                "state": each.state,
                "commit": {"id": f"C_{each.commit}", "oid": each.commit},
                "viewerDidAuthor": each.author is own,
            }
            for each in pull.reviews
            if each.state != "PENDING" or each.author is own
        ]

    def _threads(self, pull: PullRequest) -> list[dict[str, Any]]:
        return [self._thread(thread) for thread in pull.threads if thread.comments[0].review.state != "PENDING"]

    def _thread(self, thread: Thread) -> dict[str, Any]:
        top = thread.comments[0]
        may = door.allowed(self.token, "contents:write")
        return {
            "id": thread.id,
            "isResolved": thread.resolved_by is not None,
            "isCollapsed": thread.resolved_by is not None,
            "isOutdated": top.outdated,
            "line": top.line,
            "startLine": top.start_line,
            "originalLine": top.original_line,
            "originalStartLine": top.original_start_line,
            "diffSide": top.side,
            "startDiffSide": top.start_side,
            "path": top.path,
            "subjectType": top.subject_type.upper(),
            "resolvedBy": thread.resolved_by and actor(thread.resolved_by),
            "viewerCanReply": True,
            "viewerCanResolve": may and thread.resolved_by is None,
            "viewerCanUnresolve": may and thread.resolved_by is not None,
            "comments": lambda _info, **bounds: connection(self._thread_comments(thread), bounds),
        }

    def _thread_comments(self, thread: Thread) -> list[dict[str, Any]]:
        return [
            {
                "id": node_id("PRRC", each.id),
                "databaseId": each.id,
                "fullDatabaseId": str(each.id),
                "author": actor(each.author),
                "body": each.body,
                "createdAt": stamp(each.created),
                "outdated": each.outdated,
                "viewerDidAuthor": each.author is self.forge.app.bot,
            }
            for each in thread.comments
        ]

    def _resolve(self, wanted: dict[str, Any], *, resolved: bool) -> dict[str, Any]:
        """Resolve or reopen a thread; writing pull requests is not enough for it, writing contents is asked for."""
        for project in self.forge.covered(self.token.installation):
            for pull in project.pulls.values():
                for thread in pull.threads:
                    if thread.id == wanted["threadId"]:
                        self._need("contents:write")
                        bot = self.forge.app.bot
                        pull.set_resolved(thread, bot if resolved else None, bot)
                        return {
                            "thread": self._thread(thread),
                            "clientMutationId": wanted.get("clientMutationId"),
                        }
        raise failure("NOT_FOUND", f"Could not resolve to a node with the global id of '{wanted['threadId']}'")


def actor(who: User) -> dict[str, Any]:
    """Write a person; GraphQL names a bot without the `[bot]` that REST gives it."""
    return {"__typename": who.type, "login": who.login.removesuffix("[bot]"), "databaseId": who.id}


def blob(oid: str, data: bytes) -> dict[str, Any]:
    """Write a blob; binary ones have no text, long ones are cut."""
    binary = b"\0" in data[:8000]
    text = None if binary else data[:TEXT_LIMIT].decode(errors="replace")
    return {
        "__typename": "Blob",
        "id": f"B_{oid}",
        "oid": oid,
        "byteSize": len(data),
        "isBinary": binary,
        "isTruncated": len(data) > TEXT_LIMIT,
        "text": text,
    }


def changed_files(pull: PullRequest) -> list[dict[str, Any]]:
    """Write the files of a diff, which have neither patch nor former name here."""
    return [
        {
            "path": each.path,
            "changeType": CHANGES[each.status],
            "additions": each.additions,
            "deletions": each.deletions,
        }
        for each in pull.diff()
    ]
