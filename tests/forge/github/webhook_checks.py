"""Webhooks about check runs and check suites: the buttons on GitHub's checks page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.forge.github import render_basics as basics
from tests.forge.github import render_talk

if TYPE_CHECKING:
    from tests.forge.github.model import CheckRun, User
    from tests.forge.github.project import Project
    from tests.forge.github.webhooks import Delivery


def check_run(action: str, project: Project, run: CheckRun, sender: User, *, button: str = "") -> Delivery:
    """Tell of a check run: created, completed, rerequested, or a button of ours pressed (`requested_action`)."""
    written = render_talk.check_run(project, run)
    written["check_suite"] = suite(project, run.head)
    payload: dict[str, Any] = {"check_run": written}
    if action == "requested_action":
        payload["requested_action"] = {"identifier": button}
    return project.forge.outbox.emit("check_run", action, payload, project, sender)


def check_suite(action: str, project: Project, head: str, sender: User) -> Delivery:
    """Tell of a check suite: requested by a push, or rerequested by a person."""
    written = suite(project, head) | {
        "latest_check_runs_count": 1,
        "check_runs_url": f"{project.url}/check-suites/{project.suite(head)}/check-runs",
        "rerequestable": True,
        "runs_rerequestable": True,
        "head_commit": head_commit(project, head),
    }
    return project.forge.outbox.emit("check_suite", action, {"check_suite": written}, project, sender)


def suite(project: Project, head: str) -> dict[str, Any]:
    """Write a check suite."""
    forge, number = project.forge, project.suite(head)
    pulls = [pull for pull in project.pulls.values() if pull.head == head]
    return {
        "id": number,
        "node_id": basics.node_id("CS", number),
        "head_branch": pulls[0].head_branch if pulls else None,
        "head_sha": head,
        "status": "queued",
        "conclusion": None,
        "url": f"{project.url}/check-suites/{number}",
        "before": None,
        "after": head,
        "pull_requests": [render_talk.minimal_pull_request(p) for p in pulls if p.head_project is project],
        "app": basics.app(forge),
        "created_at": forge.clock.stamp(),
        "updated_at": forge.clock.stamp(),
    }


def head_commit(project: Project, head: str) -> dict[str, Any]:
    """Write a commit as check suites carry it."""
    commit = project.git.show(head)
    person = {"name": commit.author, "email": f"{commit.author}@example.com"}
    return {
        "id": commit.oid,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": commit.date,
        "author": person,
        "committer": person,
    }
