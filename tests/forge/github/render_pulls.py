"""Pull requests, their files and commits as GitHub writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.forge.clock import stamp
from tests.forge.github import render_basics as basics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.limits import Limits
    from tests.forge.github.model import User
    from tests.forge.github.project import Project
    from tests.forge.github.pulls import PullRequest
    from tests.forge.repository import Commit, FileDiff

STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}


def pull_request(pull: PullRequest) -> dict[str, Any]:
    """Write a pull request, for an answer or a webhook."""
    return links(pull) | counts(pull) | state(pull)


def links(pull: PullRequest) -> dict[str, Any]:
    """Write the addresses of a pull request."""
    url, web, project = pull.url, pull.web_url, pull.project
    issue = f"{project.url}/issues/{pull.number}"
    urls = {
        "html": web,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{project.url}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{project.url}/statuses/{pull.head}",
    }
    flat = {f"{name}_url": value for name, value in urls.items()}
    nested = {name: {"href": value} for name, value in (urls | {"self": url}).items()}
    return flat | {"url": url, "diff_url": f"{web}.diff", "patch_url": f"{web}.patch", "_links": nested}


def counts(pull: PullRequest) -> dict[str, Any]:
    """Write the sizes of a pull request."""
    diff = pull.diff()
    return {
        "comments": len(pull.issue_comments),
        "review_comments": len(pull.visible_comments()),
        "commits": len(pull.commits()),
        "additions": sum(each.additions for each in diff),
        "deletions": sum(each.deletions for each in diff),
        "changed_files": len(diff),
    }


def state(pull: PullRequest) -> dict[str, Any]:
    """Write who, what, when and in which state."""
    forge = pull.project.forge
    empty = ("milestone", "assignee", "auto_merge", "active_lock_reason", "merged_by", "rebaseable")
    lists: dict[str, list[Any]] = {
        name: [] for name in ("assignees", "requested_reviewers", "requested_teams", "labels")
    }
    return (
        dict.fromkeys(empty)
        | lists
        | times(pull)
        | {
            "id": pull.id,
            "node_id": basics.node_id("PR", pull.id),
            "number": pull.number,
            "state": pull.state,
            "locked": False,
            "draft": pull.draft,
            "title": pull.title,
            "body": pull.body or None,
            "user": basics.user(forge, pull.author),
            "author_association": pull.project.association(pull.author),
            "merged": pull.merged,
            "merge_commit_sha": None,
            "mergeable": None,
            "mergeable_state": "unknown",
            "maintainer_can_modify": False,
            "head": branch(forge, pull.head_owner, pull.head_project, pull.head_branch, pull.head),
            "base": branch(forge, pull.project.owner, pull.project, pull.base_branch, pull.base_tip),
        }
    )


def times(pull: PullRequest) -> dict[str, str | None]:
    """Write when a pull request was opened, changed, closed and merged."""
    closed = stamp(pull.closed) if pull.closed else None
    return {
        "created_at": stamp(pull.created),
        "updated_at": stamp(pull.updated),
        "closed_at": closed,
        "merged_at": closed if pull.merged else None,
    }


def branch(forge: GitHubDouble, owner: User, project: Project | None, name: str, commit: str) -> dict[str, Any]:
    """Write one end of a pull request; a deleted fork leaves `repo` null."""
    return {
        "label": f"{owner.login}:{name}",
        "ref": name,
        "sha": commit,
        "user": basics.user(forge, owner),
        "repo": project and basics.repository(forge, project),
    }


def files(project: Project, diff: Iterable[FileDiff], head: str, limits: Limits) -> list[dict[str, Any]]:
    """Write a diff's files; `patch` is missing where git has none and where the diff is too large."""
    written, lines = [], 0
    for each in list(diff)[: limits.files]:
        where = f"{head}/{quote(each.path)}"
        changes = each.additions + each.deletions
        entry = {
            "sha": each.old_oid if each.status == "D" else each.new_oid,
            "filename": each.path,
            "status": STATUS[each.status],
            "additions": each.additions,
            "deletions": each.deletions,
            "changes": changes,
            "blob_url": f"{project.web_url}/blob/{where}",
            "raw_url": f"{project.web_url}/raw/{where}",
            "contents_url": f"{project.url}/contents/{quote(each.path)}?ref={head}",
        }
        if each.status == "R":
            entry["previous_filename"] = each.old_path
        lines += changes
        small = changes <= limits.patch_lines and len(each.patch.encode()) <= limits.patch_bytes
        if each.patch and small and lines <= limits.diff_lines:
            entry["patch"] = each.patch
        written.append(entry)
    return written


def commit(project: Project, each: Commit) -> dict[str, Any]:
    """Write a commit."""
    url, web = f"{project.url}/commits/{each.oid}", f"{project.web_url}/commit/{each.oid}"
    writer = basics.user(project.forge, project.forge.user(each.author))
    parents = [
        {"sha": oid, "url": f"{project.url}/commits/{oid}", "html_url": f"{project.web_url}/commit/{oid}"}
        for oid in each.parents
    ]
    return {
        "sha": each.oid,
        "node_id": f"C_{each.oid}",
        "url": url,
        "html_url": web,
        "comments_url": f"{url}/comments",
        "author": writer,
        "committer": writer,
        "parents": parents,
        "commit": git_commit(project, each),
    }


def git_commit(project: Project, each: Commit) -> dict[str, Any]:
    """Write what git itself knows of a commit."""
    person = {"name": each.author, "email": f"{each.author}@example.com", "date": each.date}
    nothing = dict.fromkeys(("signature", "payload", "verified_at"))
    return {
        "url": f"{project.url}/git/commits/{each.oid}",
        "author": person,
        "committer": person,
        "message": each.message,
        "comment_count": 0,
        "tree": {"sha": each.tree, "url": f"{project.url}/git/trees/{each.tree}"},
        "verification": {"verified": False, "reason": "unsigned"} | nothing,
    }
