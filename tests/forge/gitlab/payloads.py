"""What GitLab's webhooks say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.forge.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import Note, User
    from tests.forge.gitlab.project import Project


def merge_request(
    change: MergeRequest,
    action: str | None,
    sender: User,
    *,
    oldrev: str = "",
    changes: Mapping[str, tuple[object, object]] | None = None,
) -> dict[str, Any]:
    """Word a Merge Request Hook; a test delivery has no action, and only a push has `oldrev`."""
    attributes = attributes_of(change)
    if action:
        attributes["action"] = action
    if oldrev:
        attributes["oldrev"] = oldrev
    return {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": user(sender),
        "project": project(change.project),
        "repository": repository(change.project),
        "object_attributes": attributes,
        "labels": [],
        "changes": {name: {"previous": old, "current": new} for name, (old, new) in (changes or {}).items()},
    }


def push(pushed: Project, sender: User) -> dict[str, Any]:
    """Word a Push Hook, as a test of it tells of the newest commit."""
    tip = pushed.tip(pushed.default_branch)
    return {
        "object_kind": "push",
        "event_name": "push",
        "after": tip,
        "checkout_sha": tip,
        "ref": f"refs/heads/{pushed.default_branch}",
        "user_id": sender.id,
        "user_username": sender.username,
        "project_id": pushed.id,
        "project": project(pushed),
        "commits": [commit(pushed, tip)] if tip else [],
        "total_commits_count": 1,
        "repository": repository(pushed),
    }


def note(change: MergeRequest, written: Note, action: str, sender: User) -> dict[str, Any]:
    """Word a Note Hook."""
    return {
        "object_kind": "note",
        "event_type": "note",
        "user": user(sender),
        "project_id": change.project.id,
        "project": project(change.project),
        "repository": repository(change.project),
        "object_attributes": attributes_of_note(change, written) | {"action": action},
        "merge_request": attributes_of(change),
    }


def attributes_of_note(change: MergeRequest, written: Note) -> dict[str, Any]:
    """Describe a note."""
    nothing = ("attachment", "change_position", "commit_id", "resolved_by_push", "st_diff", "updated_by_id")
    return dict.fromkeys(nothing) | {
        "author_id": written.author.id,
        "created_at": moment(written.created),
        "discussion_id": written.discussion.id,
        "id": written.id,
        "internal": False,
        "line_code": written.line_code,
        "note": written.body,
        "description": written.body,
        "noteable_id": change.id,
        "noteable_type": "MergeRequest",
        "original_position": written.original_position,
        "position": written.position,
        "project_id": change.project.id,
        "resolved_at": None if written.resolved_at is None else moment(written.resolved_at),
        "resolved_by_id": written.resolved_by.id if written.resolved_by else None,
        "system": written.system,
        "type": written.kind,
        "updated_at": moment(written.updated),
        "url": f"{change.web_url}#note_{written.id}",
    }


def attributes_of(change: MergeRequest) -> dict[str, Any]:
    """Describe a merge request as both hooks do."""
    nothing = ("assignee_id", "head_pipeline_id", "milestone_id")
    return (
        dict.fromkeys(nothing)
        | ends_of(change)
        | {
            "assignee_ids": [],
            "reviewer_ids": [],
            "author_id": change.author.id,
            "blocking_discussions_resolved": all(each.resolved for each in change.threads),
            "created_at": moment(change.created),
            "description": change.description,
            "detailed_merge_status": "mergeable" if change.prepared else "preparing",
            "draft": change.draft,
            "first_contribution": False,
            "id": change.id,
            "iid": change.iid,
            "labels": [{"id": at, "title": title} for at, title in enumerate(change.labels, 1)],
            "last_commit": commit(change.project, change.head),
            "merge_commit_sha": change.merge_commit,
            "merge_status": "can_be_merged" if change.prepared else "preparing",
            "state": change.state,
            "state_id": {"opened": 1, "closed": 2, "merged": 3}[change.state],
            "title": change.title,
            "updated_at": moment(change.updated),
            "url": change.web_url,
            "work_in_progress": change.draft,
        }
    )


def ends_of(change: MergeRequest) -> dict[str, Any]:
    """Describe where a merge request comes from and goes to; a deleted fork leaves nothing."""
    return {
        "source": project(change.source) if change.source else None,
        "source_branch": change.source_branch,
        "source_project_id": change.source.id if change.source else None,
        "target": project(change.project),
        "target_branch": change.target_branch,
        "target_project_id": change.project.id,
    }


def commit(project: Project, oid: str) -> dict[str, Any]:
    """Describe a commit."""
    shown = project.git.show(oid)
    return {
        "id": oid,
        "message": f"{shown.message}\n",
        "title": shown.message.partition("\n")[0],
        "timestamp": shown.date,
        "url": f"{project.web_url}/-/commit/{oid}",
        "author": {"name": shown.author, "email": f"{shown.author}@example.com"},
    }


def user(who: User) -> dict[str, Any]:
    """Describe who did it."""
    return {
        "id": who.id,
        "name": who.name,
        "username": who.username,
        "avatar_url": None,
        "email": "[REDACTED]",
    }


def project(shown: Project) -> dict[str, Any]:
    """Describe a project."""
    return {
        "id": shown.id,
        "name": shown.name,
        "description": "",
        "web_url": shown.web_url,
        "avatar_url": None,
        "git_ssh_url": f"git@gitlab.example.com:{shown.path}.git",
        "git_http_url": f"{shown.web_url}.git",
        "namespace": shown.namespace,
        "visibility_level": {"private": 0, "internal": 10, "public": 20}[shown.visibility],
        "path_with_namespace": shown.path,
        "default_branch": shown.default_branch,
        "ci_config_path": None,
        "homepage": shown.web_url,
        "url": f"git@gitlab.example.com:{shown.path}.git",
        "ssh_url": f"git@gitlab.example.com:{shown.path}.git",
        "http_url": f"{shown.web_url}.git",
    }


def repository(shown: Project) -> dict[str, Any]:
    """Describe a project in the old way."""
    whole = project(shown)
    return {"name": shown.name, "url": whole["url"], "description": "", "homepage": shown.web_url}


def moment(at: Any) -> str:
    """Write a time as GitLab's hooks do since 17: `2026-11-21T10:00:00Z`."""
    return stamp(at)
