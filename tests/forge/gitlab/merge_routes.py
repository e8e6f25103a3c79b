"""Merge requests, their versions and their diffs."""

from __future__ import annotations

from datetime import datetime

from tests.forge.gitlab import diffs, render
from tests.forge.gitlab.answer import Answer, Call, Refused, Route
from tests.forge.gitlab.model import REPORTER


def list_merge_requests(call: Call) -> Answer:
    """List merge requests, newest first; all states unless asked otherwise."""
    asked = call.params
    since = asked.get("updated_after")
    order = "updated" if asked.get("order_by") == "updated_at" else "created"
    found = [
        each
        for each in call.project.merge_requests.values()
        if asked.get("state", "all") in {"all", each.state}
        and asked.get("source_branch") in {None, each.source_branch}
        and asked.get("target_branch") in {None, each.target_branch}
        and (since is None or each.updated >= datetime.fromisoformat(since))
    ]
    found.sort(key=lambda each: (getattr(each, order), each.iid), reverse=asked.get("sort", "desc") == "desc")
    return Answer(200, [render.merge_request(each, call.user) for each in found], paged=True)


def get_merge_request(call: Call) -> Answer:
    """Show a merge request."""
    return Answer(200, render.merge_request(call.merge_request, call.user))


def list_commits(call: Call) -> Answer:
    """List a merge request's commits, newest first."""
    change = call.merge_request
    commits = change.project.git.commits(change.version.base, change.head)[::-1] if change.prepared else []
    return Answer(200, [render.commit(each) for each in commits], paged=True)


def list_pipelines(call: Call) -> Answer:
    """List the pipelines of the head."""
    return Answer(200, render.pipelines(call.merge_request), paged=True)


def list_versions(call: Call) -> Answer:
    """List the versions of the diff, newest first; there is none in the first seconds."""
    change = call.merge_request
    found = change.versions[::-1] if change.prepared else []
    return Answer(200, [render.version(change, each) for each in found], paged=True)


def get_version(call: Call) -> Answer:
    """Show one version with its commits and its diff."""
    change = call.merge_request
    found = next((each for each in change.versions if each.id == call.number("version_id") and change.prepared), None)
    if found is None:
        raise Refused.missing()
    commits = change.project.git.commits(found.base, found.head)
    more = {
        "commits": [render.commit(each) for each in commits[::-1]],
        "diffs": diffs.shown(change.diff(found), call.forge.limits),
    }
    return Answer(200, render.version(change, found) | more)


def list_diffs(call: Call) -> Answer:
    """List the changed files with their diffs; there are none in the first seconds."""
    change = call.merge_request
    found = diffs.shown(change.diff(), call.forge.limits) if change.prepared else []
    return Answer(200, found, paged=True)


MANY = "/projects/:id/merge_requests"
ONE = f"{MANY}/:merge_request_iid"
ROUTES = {
    f"GET {MANY}": Route(
        list_merge_requests,
        "state:str?opened|closed|locked|merged|all source_branch:str target_branch:str updated_after:str scope:str",
        REPORTER,
    ),
    f"GET {ONE}": Route(
        get_merge_request,
        "render_html:bool include_diverged_commits_count:bool include_rebase_in_progress:bool",
        REPORTER,
    ),
    f"GET {ONE}/commits": Route(list_commits, "", REPORTER),
    f"GET {ONE}/pipelines": Route(list_pipelines, "", REPORTER),
    f"GET {ONE}/versions": Route(list_versions, "", REPORTER),
    f"GET {ONE}/versions/:version_id": Route(get_version, "unidiff:bool", REPORTER),
    f"GET {ONE}/diffs": Route(list_diffs, "unidiff:bool", REPORTER),
}
