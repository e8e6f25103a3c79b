"""Reviews, comments, reactions and check runs as GitHub writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.forge.clock import stamp
from tests.forge.github import render_basics as basics

if TYPE_CHECKING:
    from tests.forge.github.model import CheckRun, IssueComment, Reaction, Review, ReviewComment
    from tests.forge.github.project import Project
    from tests.forge.github.pulls import PullRequest


def review(pull: PullRequest, each: Review) -> dict[str, Any]:
    """Write a review; a pending one has no `submitted_at`."""
    web = f"{pull.web_url}#pullrequestreview-{each.id}"
    done = {
        "id": each.id,
        "node_id": basics.node_id("PRR", each.id),
        "user": basics.user(pull.project.forge, each.author),
        "body": each.body,
        "state": each.state,
        "html_url": web,
        "pull_request_url": pull.url,
        "author_association": pull.project.association(each.author),
        "commit_id": each.commit,
        "_links": {"html": {"href": web}, "pull_request": {"href": pull.url}},
    }
    return done | ({"submitted_at": stamp(each.submitted)} if each.submitted else {})


def review_comment(pull: PullRequest, each: ReviewComment) -> dict[str, Any]:
    """Write a review comment; outdated, its `line` and `position` are null."""
    url = f"{pull.project.url}/pulls/comments/{each.id}"
    web = f"{pull.web_url}#discussion_r{each.id}"
    done = {
        "id": each.id,
        "node_id": basics.node_id("PRRC", each.id),
        "url": url,
        "html_url": web,
        "pull_request_url": pull.url,
        "pull_request_review_id": each.review.id,
        "user": basics.user(pull.project.forge, each.author),
        "author_association": pull.project.association(each.author),
        "body": each.body,
        "path": each.path,
        "diff_hunk": each.diff_hunk,
        "commit_id": each.commit,
        "original_commit_id": each.original_commit,
        "created_at": stamp(each.created),
        "updated_at": stamp(each.updated),
        "reactions": basics.reactions(url, [given.content for given in each.reactions]),
        "_links": {"self": {"href": url}, "html": {"href": web}, "pull_request": {"href": pull.url}},
    }
    return done | place(each) | ({"in_reply_to_id": each.in_reply_to} if each.in_reply_to else {})


def place(each: ReviewComment) -> dict[str, Any]:
    """Write where in the diff a review comment stands, and where it stood first."""
    names = ("line", "original_line", "start_line", "original_start_line", "side", "start_side")
    return {name: getattr(each, name) for name in (*names, "position", "original_position", "subject_type")}


def issue_comment(pull: PullRequest, each: IssueComment) -> dict[str, Any]:
    """Write a comment of the conversation."""
    forge = pull.project.forge
    url = f"{pull.project.url}/issues/comments/{each.id}"
    return {
        "id": each.id,
        "node_id": basics.node_id("IC", each.id),
        "url": url,
        "html_url": f"{pull.web_url}#issuecomment-{each.id}",
        "issue_url": f"{pull.project.url}/issues/{pull.number}",
        "user": basics.user(forge, each.author),
        "author_association": pull.project.association(each.author),
        "body": each.body,
        "created_at": stamp(each.created),
        "updated_at": stamp(each.updated),
        "performed_via_github_app": basics.app(forge) if each.author is forge.app.bot else None,
        "reactions": basics.reactions(url, [given.content for given in each.reactions]),
    }


def issue(pull: PullRequest) -> dict[str, Any]:
    """Write the issue side of a pull request, as `issue_comment` webhooks carry it."""
    url, web = f"{pull.project.url}/issues/{pull.number}", pull.web_url
    names = ("labels", "comments", "events")
    empty = ("active_lock_reason", "assignee", "milestone", "performed_via_github_app", "closed_at")
    return (
        {f"{name}_url": f"{url}/{name}{'{/name}' if name == 'labels' else ''}" for name in names}
        | dict.fromkeys(empty)
        | {
            "id": pull.id,
            "node_id": basics.node_id("PR", pull.id),
            "number": pull.number,
            "url": url,
            "html_url": web,
            "repository_url": pull.project.url,
            "title": pull.title,
            "body": pull.body or None,
            "user": basics.user(pull.project.forge, pull.author),
            "author_association": pull.project.association(pull.author),
            "state": pull.state,
            "locked": False,
            "draft": pull.draft,
            "comments": len(pull.issue_comments),
            "labels": [],
            "assignees": [],
            "created_at": stamp(pull.created),
            "updated_at": stamp(pull.updated),
            "reactions": basics.reactions(url, []),
            "pull_request": as_pull_request(pull),
        }
    )


def as_pull_request(pull: PullRequest) -> dict[str, Any]:
    """Write what an issue says of being a pull request."""
    web = pull.web_url
    return {
        "url": pull.url,
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "merged_at": None,
    }


def reaction(pull: PullRequest, each: Reaction) -> dict[str, Any]:
    """Write one reaction."""
    return {
        "id": each.id,
        "node_id": basics.node_id("REA", each.id),
        "user": basics.user(pull.project.forge, each.user),
        "content": each.content,
        "created_at": stamp(each.created),
    }


def check_run(project: Project, each: CheckRun) -> dict[str, Any]:
    """Write a check run; `pull_requests` is empty when the head lives in a fork."""
    url = f"{project.url}/check-runs/{each.id}"
    pulls = [pull for pull in project.pulls.values() if pull.head == each.head and pull.head_project is project]
    return {
        "id": each.id,
        "node_id": basics.node_id("CR", each.id),
        "head_sha": each.head,
        "name": each.name,
        "status": each.status,
        "conclusion": each.conclusion,
        "external_id": each.external_id,
        "url": url,
        "html_url": f"{project.web_url}/runs/{each.id}",
        "details_url": each.details_url or f"{project.web_url}/runs/{each.id}",
        "started_at": each.started and stamp(each.started),
        "completed_at": each.completed and stamp(each.completed),
        "check_suite": {"id": each.suite},
        "app": basics.app(project.forge),
        "pull_requests": [minimal_pull_request(pull) for pull in pulls],
        "output": {
            "title": each.title,
            "summary": each.summary,
            "text": each.text,
            "annotations_count": len(each.annotations),
            "annotations_url": f"{url}/annotations",
        },
    }


def minimal_pull_request(pull: PullRequest) -> dict[str, Any]:
    """Write a pull request as check runs name it."""
    repository = {"id": pull.project.id, "url": pull.project.url, "name": pull.project.name}
    return {
        "id": pull.id,
        "number": pull.number,
        "url": pull.url,
        "head": {"ref": pull.head_branch, "sha": pull.head, "repo": repository},
        "base": {"ref": pull.base_branch, "sha": pull.base_tip, "repo": repository},
    }
