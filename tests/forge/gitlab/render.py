"""What GitLab answers: its objects as JSON."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from tests.forge.gitlab.model import DEVELOPER

if TYPE_CHECKING:
    from datetime import datetime

    from tests.forge.gitlab.double import GitLabDouble
    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import Award, CommitStatus, Discussion, DraftNote, Group, Note, Token, User, Version
    from tests.forge.gitlab.project import Project
    from tests.forge.repository import Commit, Entry

NOWHERE = dict.fromkeys(
    ("base_sha", "start_sha", "head_sha", "old_path", "new_path", "old_line", "new_line", "line_range")
) | {"position_type": "text"}


def moment(at: datetime | None) -> str | None:
    """Write a time as the API does, to the millisecond."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def user(forge: GitLabDouble, who: User) -> dict[str, Any]:
    """Show somebody in short."""
    return {
        "id": who.id,
        "username": who.username,
        "public_email": None,
        "name": who.name,
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{forge.web_url}/{who.username}",
    }


def project(shown: Project, asker: User) -> dict[str, Any]:
    """Show a project."""
    level = shown.level(asker)
    access = {"access_level": level, "notification_level": 3} if level else None
    return {
        "id": shown.id,
        "description": None,
        "name": shown.name,
        "name_with_namespace": shown.path.replace("/", " / "),
        "path": shown.name,
        "path_with_namespace": shown.path,
        "created_at": moment(shown.created),
        "default_branch": shown.default_branch,
        "web_url": shown.web_url,
        "http_url_to_repo": f"{shown.web_url}.git",
        "namespace": {"full_path": shown.namespace, "kind": "group"},
        "visibility": shown.visibility,
        "archived": shown.archived,
        "empty_repo": False,
        "merge_requests_enabled": True,
        "only_allow_merge_if_all_discussions_are_resolved": False,
        "permissions": {"project_access": access, "group_access": None},
    }


def group(forge: GitLabDouble, shown: Group) -> dict[str, Any]:
    """Show a group."""
    return {
        "id": shown.id,
        "web_url": f"{forge.web_url}/groups/{shown.path}",
        "name": shown.path.rpartition("/")[2],
        "path": shown.path.rpartition("/")[2],
        "full_path": shown.path,
        "visibility": "private",
    }


def merge_request(change: MergeRequest, asker: User) -> dict[str, Any]:
    """Show a merge request."""
    forge = change.project.forge
    return made_of(change) | {
        "id": change.id,
        "iid": change.iid,
        "project_id": change.project.id,
        "title": change.title,
        "description": change.description,
        "state": change.state,
        "created_at": moment(change.created),
        "updated_at": moment(change.updated),
        "target_branch": change.target_branch,
        "source_branch": change.source_branch,
        "author": user(forge, change.author),
        "assignees": [],
        "assignee": None,
        "reviewers": [],
        "source_project_id": change.source.id if change.source else None,
        "target_project_id": change.project.id,
        "labels": change.labels,
        "draft": change.draft,
        "work_in_progress": change.draft,
        "references": {"short": f"!{change.iid}", "full": f"{change.project.path}!{change.iid}"},
        "web_url": change.web_url,
        "user_notes_count": sum(not note.system for note in change.notes),
        "user": {"can_merge": change.project.level(asker) >= DEVELOPER},
    }


def made_of(change: MergeRequest) -> dict[str, Any]:
    """Show what a merge request consists of; before GitLab has made its diff there is no head and there are no refs."""
    ready = change.prepared
    return {
        "merge_status": "can_be_merged" if ready else "preparing",
        "detailed_merge_status": "mergeable" if ready else "preparing",
        "prepared_at": moment(change.created) if ready else None,
        "sha": change.head if ready else None,
        "merge_commit_sha": change.merge_commit,
        "has_conflicts": False,
        "blocking_discussions_resolved": all(each.resolved for each in change.threads),
        "changes_count": change.version.size if ready else None,
        "head_pipeline": next(iter(pipelines(change)), None),
        "diff_refs": change.version.refs if ready else None,
    }


def pipelines(change: MergeRequest) -> list[dict[str, Any]]:
    """Show the pipelines of a merge request's head."""
    return [
        {"id": number, "project_id": change.project.id, "sha": sha, "ref": ref, "status": "running"}
        for (sha, ref), number in change.project.pipelines.items()
        if sha == change.head
    ]


def version(change: MergeRequest, shown: Version) -> dict[str, Any]:
    """Show a version of a diff."""
    return {
        "id": shown.id,
        "head_commit_sha": shown.head,
        "base_commit_sha": shown.base,
        "start_commit_sha": shown.start,
        "created_at": moment(shown.created),
        "merge_request_id": change.id,
        "state": shown.state,
        "real_size": shown.size,
        "patch_id_sha": None,
    }


def note(change: MergeRequest, shown: Note) -> dict[str, Any]:
    """Show a note."""
    forge = change.project.forge
    found: dict[str, Any] = {
        "id": shown.id,
        "type": shown.kind,
        "body": shown.body,
        "attachment": None,
        "author": user(forge, shown.author),
        "created_at": moment(shown.created),
        "updated_at": moment(shown.updated),
        "system": shown.system,
        "noteable_id": change.id,
        "noteable_type": "MergeRequest",
        "project_id": change.project.id,
        "resolvable": shown.resolvable,
        "confidential": shown.internal,
        "internal": shown.internal,
        "imported": False,
        "noteable_iid": change.iid,
        "commands_changes": {},
    }
    if shown.position:
        found |= {"commit_id": None, "position": shown.position}
    if shown.resolvable:
        by = user(forge, shown.resolved_by) if shown.resolved_by else None
        found |= {"resolved": by is not None, "resolved_by": by, "resolved_at": moment(shown.resolved_at)}
    return found


def discussion(change: MergeRequest, shown: Discussion) -> dict[str, Any]:
    """Show a thread, or the single note that is shown as one."""
    notes = [note(change, each) for each in shown.notes]
    return {"id": shown.id, "individual_note": shown.individual, "notes": notes}


def draft(change: MergeRequest, shown: DraftNote) -> dict[str, Any]:
    """Show a draft note."""
    return {
        "id": shown.id,
        "author_id": shown.author.id,
        "merge_request_id": change.id,
        "resolve_discussion": shown.resolve,
        "discussion_id": shown.discussion_id,
        "note": shown.note,
        "commit_id": shown.commit_id,
        "line_code": None,
        "position": NOWHERE | (shown.position or {}),
    }


def award(forge: GitLabDouble, shown: Award, awarded: Note) -> dict[str, Any]:
    """Show an emoji."""
    return {
        "id": shown.id,
        "name": shown.name,
        "user": user(forge, shown.user),
        "created_at": moment(shown.created),
        "updated_at": moment(shown.created),
        "awardable_id": awarded.id,
        "awardable_type": "Note",
        "url": None,
    }


def token(shown: Token) -> dict[str, Any]:
    """Show a token, without its value."""
    return {
        "id": shown.id,
        "name": shown.name,
        "revoked": shown.revoked,
        "created_at": moment(shown.created),
        "description": None,
        "scopes": list(shown.scopes),
        "user_id": shown.user.id,
        "last_used_at": None,
        "active": not shown.revoked,
        "expires_at": f"{shown.expires:%Y-%m-%d}" if shown.expires else None,
    }


def commit(shown: Commit) -> dict[str, Any]:
    """Show a commit."""
    return {
        "id": shown.oid,
        "short_id": shown.oid[:8],
        "created_at": shown.date,
        "parent_ids": list(shown.parents),
        "title": shown.message.partition("\n")[0],
        "message": shown.message,
        "author_name": shown.author,
        "author_email": f"{shown.author}@example.com",
        "authored_date": shown.date,
        "committed_date": shown.date,
    }


def file(entry: Entry, content: bytes, ref: str, commit_id: str) -> dict[str, Any]:
    """Show a file with its content."""
    return {
        "file_name": entry.path.rpartition("/")[2],
        "file_path": entry.path,
        "size": len(content),
        "encoding": "base64",
        "content_sha256": hashlib.sha256(content).hexdigest(),
        "ref": ref,
        "blob_id": entry.oid,
        "commit_id": commit_id,
        "last_commit_id": commit_id,
        "execute_filemode": entry.mode == "100755",
        "content": base64.b64encode(content).decode(),
    }


def status(forge: GitLabDouble, shown: CommitStatus) -> dict[str, Any]:
    """Show a commit status."""
    return {
        "id": shown.id,
        "sha": shown.sha,
        "ref": shown.ref,
        "status": shown.state,
        "name": shown.name,
        "target_url": shown.target_url,
        "description": shown.description,
        "created_at": moment(shown.created),
        "pipeline_id": shown.pipeline,
        "allow_failure": False,
        "author": user(forge, shown.author),
    }
