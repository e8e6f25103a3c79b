"""Check runs: only an App may write them, and only its own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.forge.github import render_talk, webhook_checks
from tests.forge.github.answer import Answer, Call, Refused, Route
from tests.forge.github.model import CheckRun
from tests.forge.github.pull_routes import is_commit, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

LENGTHS = {"label": 20, "description": 40, "identifier": 20}
TITLE, MESSAGE, ACTIONS = 255, 64 * 1024, 3


def create_check_run(call: Call) -> Answer:
    """Make a check run."""
    body, project = call.body, call.project
    if not is_commit(body["head_sha"]) or project.git.tip(body["head_sha"]) is None:
        raise invalid(f"No commit found for SHA: {body['head_sha']}")
    check(call, body)
    run = CheckRun(
        id=call.forge.new_id(),
        suite=project.suite(body["head_sha"]),
        name=body["name"],
        head=body["head_sha"],
        status="queued",
        conclusion=None,
        external_id="",
        details_url="",
        started=None,
        completed=None,
    )
    project.check_runs.append(run)
    change(call, run, body)
    webhook_checks.check_run("created", project, run, call.user)
    completed(call, run, "")
    return Answer(201, render_talk.check_run(project, run))


def update_check_run(call: Call) -> Answer:
    """Change a check run; its annotations are added to those it has."""
    run = found(call)
    check(call, call.body)
    before = run.status
    change(call, run, call.body)
    completed(call, run, before)
    return Answer(200, render_talk.check_run(call.project, run))


def check(call: Call, body: Mapping[str, Any]) -> None:
    """Refuse what is too long or too much."""
    output = body.get("output") or {}
    limits = call.forge.limits
    if len(output.get("annotations") or []) > limits.annotations:
        raise invalid(f"annotations exceeds a maximum quantity of {limits.annotations}")
    for name in ("summary", "text"):
        if len(output.get(name) or "") > limits.check_text:
            raise invalid(f"{name} exceeds a maximum of {limits.check_text} characters")
    for each in output.get("annotations") or []:
        check_annotation(each)
    actions = body.get("actions") or []
    if len(actions) > ACTIONS:
        raise invalid(f"actions exceeds a maximum quantity of {ACTIONS}")
    for action in actions:
        for name, most in LENGTHS.items():
            if len(action[name]) > most:
                raise invalid(f"{name} exceeds a maximum of {most} characters")
    if body.get("status") == "completed" and not body.get("conclusion"):
        raise invalid("conclusion is missing")


def check_annotation(each: Mapping[str, Any]) -> None:
    """Refuse an annotation that is too long, ends before it starts, or has columns over several lines."""
    if len(each.get("title") or "") > TITLE or len(each["message"].encode(errors="replace")) > MESSAGE:
        raise invalid("annotation exceeds a maximum length")
    if not 1 <= each["start_line"] <= each["end_line"]:
        raise invalid("start_line must not be greater than end_line")
    if "start_column" in each and each["start_line"] != each["end_line"]:
        raise invalid("columns are only allowed on a single line")


def change(call: Call, run: CheckRun, body: Mapping[str, Any]) -> None:
    """Put what a request says into a check run; naming a conclusion completes it."""
    output = body.get("output") or {}
    for name in ("name", "external_id", "details_url", "status"):
        if name in body:
            setattr(run, name, body[name])
    for name in ("title", "summary", "text"):
        if name in output:
            setattr(run, name, output[name])
    run.annotations.extend(output.get("annotations") or [])
    run.actions = body.get("actions", run.actions)
    now = call.forge.clock.now()
    run.started = moment(body.get("started_at")) or run.started or now
    if body.get("conclusion"):
        run.conclusion, run.status = body["conclusion"], "completed"
        run.completed = moment(body.get("completed_at")) or now


def moment(text: str | None) -> datetime | None:
    """Read a time."""
    return datetime.fromisoformat(text) if text else None


def completed(call: Call, run: CheckRun, before: str) -> None:
    """Tell that a check run is completed, when it was not before."""
    if run.status == "completed" and before != "completed":
        webhook_checks.check_run("completed", call.project, run, call.user)


def found(call: Call) -> CheckRun:
    """Find the check run named in the path."""
    number = call.number(call.path["check_run_id"])
    for run in call.project.check_runs:
        if run.id == number:
            return run
    raise Refused(404, "Not Found")


def get_check_run(call: Call) -> Answer:
    """Show a check run."""
    return Answer(200, render_talk.check_run(call.project, found(call)))


def list_annotations(call: Call) -> Answer:
    """List a check run's annotations."""
    run = found(call)
    empty = dict.fromkeys(("start_column", "end_column", "title", "raw_details"))
    listed = [
        empty | each | {"blob_href": f"{call.project.web_url}/blob/{run.head}/{each['path']}"}
        for each in run.annotations
    ]
    return Answer(200, listed, page="")


def list_for_ref(call: Call) -> Answer:
    """List a commit's check runs, newest first; of several with one name the newest, unless all are wanted."""
    head = resolve(call.project, call.path["ref"])
    runs = [run for run in reversed(call.project.check_runs) if run.head == head]
    if "check_name" in call.query:
        runs = [run for run in runs if run.name == call.query["check_name"]]
    if call.query.get("filter", "latest") == "latest":
        runs = [run for index, run in enumerate(runs) if run.name not in {each.name for each in runs[:index]}]
    written = [render_talk.check_run(call.project, run) for run in runs]
    return Answer(200, {"total_count": len(written), "check_runs": written}, page="check_runs")


def invalid(sentence: str) -> Refused:
    """Refuse as the check endpoints do."""
    return Refused(422, f"Invalid request.\n\n{sentence}")


READ, WRITE = "checks:read", "checks:write"
ROUTES = {
    "checks/create": Route(create_check_run, WRITE),
    "checks/update": Route(update_check_run, WRITE),
    "checks/get": Route(get_check_run, READ),
    "checks/list-annotations": Route(list_annotations, READ),
    "checks/list-for-ref": Route(list_for_ref, READ),
}
