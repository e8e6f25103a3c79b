"""Commit statuses, with the pipelines that they make, and external status checks."""

from __future__ import annotations

from tests.forge.gitlab import render
from tests.forge.gitlab.answer import Answer, Call, Refused, Route
from tests.forge.gitlab.model import DEVELOPER, REPORTER, CommitStatus, StatusCheck
from tests.forge.gitlab.repository_routes import resolve

STATES = "pending|running|success|failed|canceled|skipped"


def set_status(call: Call) -> Answer:
    """Set a commit's status: in the newest pipeline for commit and ref, or in an external one made for it."""
    asked, project = call.params, call.project
    sha = resolve(project, call.path["sha"])
    branches = project.branches(sha)
    ref = asked.get("ref") or (branches[0] if branches else None)
    if ref is None or ref not in branches:
        raise Refused.missing("References for commit")
    name = asked.get("name") or asked.get("context") or "default"
    pipeline = asked.get("pipeline_id") or project.pipelines.setdefault((sha, ref), call.forge.new_id())
    same = (each for each in project.statuses if (each.pipeline, each.name) == (pipeline, name))
    found = next(same, None)
    if found is None:
        found = CommitStatus(
            call.forge.new_id(), sha, ref, name, "created", None, None, pipeline, call.user, call.forge.clock.now()
        )
        project.statuses.append(found)
    elif found.state == asked["state"]:
        raise Refused(400, f"400 Bad request - Cannot transition status via :{asked['state']} from :{found.state}")
    found.state = asked["state"]
    found.description, found.target_url = asked.get("description"), asked.get("target_url")
    return Answer(201, render.status(call.forge, found))


def list_statuses(call: Call) -> Answer:
    """List a commit's statuses."""
    sha = resolve(call.project, call.path["sha"])
    found = [each for each in call.project.statuses if each.sha == sha]
    return Answer(200, [render.status(call.forge, each) for each in found], paged=True)


def need_licence(call: Call) -> None:
    """Refuse where external status checks were not paid for."""
    if not call.forge.licensed:
        raise Refused.error(404, "404 Not Found")


def check_of(call: Call, check: StatusCheck) -> dict[str, object]:
    """Show an external status check as the present head has it."""
    change = call.merge_request
    status = check.answers.get((change.iid, change.head), "pending")
    return {"id": check.id, "name": check.name, "external_url": check.url, "status": status}


def list_checks(call: Call) -> Answer:
    """List a project's external status checks."""
    need_licence(call)
    checks = call.project.status_checks.values()
    found = [
        {"id": each.id, "name": each.name, "project_id": call.project.id, "external_url": each.url} for each in checks
    ]
    return Answer(200, found, paged=True)


def list_answers(call: Call) -> Answer:
    """List the external status checks of a merge request with what was answered for its head."""
    need_licence(call)
    return Answer(200, [check_of(call, each) for each in call.project.status_checks.values()], paged=True)


def answer_check(call: Call) -> Answer:
    """Answer an external status check, for the head and no other commit."""
    need_licence(call)
    check = call.project.status_checks.get(call.params["external_status_check_id"])
    if check is None:
        raise Refused.missing()
    if call.params["sha"] != call.merge_request.head:
        raise Refused(409, "SHA does not match HEAD of source branch")
    check.answers[call.merge_request.iid, call.params["sha"]] = call.params["status"]
    return Answer(201, {"id": check.id, "merge_request": {"iid": call.merge_request.iid}} | check_of(call, check))


ONE = "/projects/:id/merge_requests/:merge_request_iid"
ROUTES = {
    "POST /projects/:id/statuses/:sha": Route(
        set_status,
        f"state:str!?{STATES} ref:str name:str context:str description:str target_url:str coverage:str pipeline_id:int",
        DEVELOPER,
    ),
    "GET /projects/:id/repository/commits/:sha/statuses": Route(
        list_statuses, "ref:str stage:str name:str all:bool pipeline_id:int", REPORTER
    ),
    "GET /projects/:id/external_status_checks": Route(list_checks, "", DEVELOPER),
    f"GET {ONE}/status_checks": Route(list_answers, "", REPORTER),
    f"POST {ONE}/status_check_responses": Route(
        answer_check, "sha:str! external_status_check_id:int! status:str!?passed|failed|pending", DEVELOPER
    ),
}
