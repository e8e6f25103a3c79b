"""GitHub's webhook calls: what each asks for, and what hostile ones get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.inbound.github import github_delivery
from bot.jobs import Command, Delivery, Job, PullRequestKey
from bot.secret import Secret
from tests.bot.github_deliveries import (
    BASE,
    HEAD,
    SECRET,
    comment,
    headers,
    packed,
    pull_request,
    thread_comment,
)
from tests.forge.github.double import GitHubDouble

if TYPE_CHECKING:
    from tests.forge.github.webhooks import Delivery as Sent

KEY = PullRequestKey("github", "api.github.com", "octo/site", 12)


def read(event: str, payload: object) -> Delivery:
    return github_delivery(*packed(event, payload), SECRET)


@pytest.mark.parametrize("action", ["opened", "reopened", "synchronize", "ready_for_review"])
def test_a_change_of_the_pull_request_asks_for_a_review(action: str) -> None:
    delivery = read("pull_request", pull_request(action))
    assert delivery == Delivery(
        "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "github",
        f"pull_request.{action}",
        Job(KEY, "7", head=HEAD, base=BASE, repository_id=1296269),
    )


def test_another_base_branch_asks_for_a_review() -> None:
    changes = {"base": {"ref": {"from": "main"}, "sha": {"from": BASE}}}
    assert read("pull_request", pull_request("edited", changes=changes)).job is not None


def test_another_title_asks_for_nothing() -> None:
    assert read("pull_request", pull_request("edited", changes={"title": {"from": "x"}})).job is None
    assert read("pull_request", pull_request("edited")).job is None


@pytest.mark.parametrize("action", ["closed", "labeled", "assigned", "converted_to_draft", "review_requested"])
def test_other_actions_ask_for_nothing(action: str) -> None:
    assert read("pull_request", pull_request(action)).job is None


@pytest.mark.parametrize("event", ["ping", "push", "check_suite", "installation", "repository_dispatch", "star"])
def test_other_events_ask_for_nothing_whatever_is_in_them(event: str) -> None:
    assert read(event, {"action": "Anything at all", "zen": 1}) == Delivery(
        "72d3162e-cc78-11e3-81ab-4c9367dc0958", "github", event, None
    )


@pytest.mark.parametrize("name", ["review", "help"])
def test_a_command_in_the_conversation(name: str) -> None:
    job = read("issue_comment", comment(f"/hullcheck {name}")).job
    assert job is not None
    assert (job.key, job.installation, job.repository_id) == (KEY, "7", 1296269)
    assert job.command == Command(name, 41, "mona", 3)  # type: ignore[arg-type]  # one of the two above


def test_a_command_in_a_thread() -> None:
    job = read("pull_request_review_comment", thread_comment("/hullcheck ignore pinned elsewhere")).job
    assert job is not None
    assert job.command == Command("ignore", 41, "mona", 3, thread_id="40", reason="pinned elsewhere")


BOT = {"login": "hullcheck[bot]", "id": 9, "type": "Bot"}


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("issue_comment", comment("/hullcheck review", "edited")),
        ("issue_comment", comment("/hullcheck review", "deleted")),
        ("issue_comment", comment("/hullcheck ignore this")),
        ("issue_comment", comment("looks good")),
        ("issue_comment", comment("/hullcheck review", issue={"number": 12})),
        ("issue_comment", comment("/hullcheck review", issue={"number": 12, "pull_request": None})),
        ("issue_comment", comment("/hullcheck review", sender=BOT)),
        ("issue_comment", comment("/hullcheck review", comment={"id": 1, "body": "/hullcheck review", "user": BOT})),
        ("pull_request_review_comment", thread_comment("/hullcheck ignore this", reply_to=None)),
        ("pull_request_review_comment", thread_comment("/hullcheck review")),
        ("pull_request_review_comment", thread_comment("thanks")),
        ("pull_request_review_comment", {**thread_comment("/hullcheck ignore this"), "sender": BOT}),
    ],
)
def test_comments_that_are_not_obeyed(event: str, payload: dict[str, Any]) -> None:
    assert read(event, payload).job is None


def test_the_instance_is_the_configured_one() -> None:
    call = packed("pull_request", pull_request())
    job = github_delivery(*call, SECRET, instance="git.example.org").job
    assert job is not None
    assert job.key.instance == "git.example.org"


def test_names_of_headers_may_be_in_any_case() -> None:
    given_headers, body = packed("pull_request", pull_request())
    upper = {name.upper(): value for name, value in given_headers.items()}
    assert github_delivery(upper, body, SECRET).job is not None


def test_a_form_body_is_read_too() -> None:
    body = b"payload=%7B%22zen%22%3A%20%22Design%20for%20failure.%22%7D"
    form = {**headers("ping", body), "Content-Type": "application/x-www-form-urlencoded"}
    assert github_delivery(form, body, SECRET).event == "ping"


def from_double(forge: GitHubDouble, sent: Sent) -> Delivery:
    return github_delivery(sent.headers, sent.body, Secret(forge.app.webhook_secret))


async def test_deliveries_that_fit_the_published_description_are_understood() -> None:
    async with GitHubDouble.start() as forge:
        project = forge.create_repository("acme/web", {"Dockerfile": "FROM scratch\n"})
        pull = project.open_pull_request(files={"Dockerfile": "FROM debian:12\n"})
        opened = from_double(forge, forge.deliveries[-1])
        head = pull.push({"Dockerfile": "FROM debian:13\n"})
        pushed = from_double(forge, forge.deliveries[-1])
    assert (opened.event, pushed.event) == ("pull_request.opened", "pull_request.synchronize")
    assert pushed.job is not None
    assert (pushed.job.key.repository, pushed.job.key.number, pushed.job.head) == ("acme/web", pull.number, head)
    assert pushed.job.repository_id == project.id


async def test_comments_that_fit_the_published_description_are_understood() -> None:
    async with GitHubDouble.start() as forge:
        project = forge.create_repository("acme/web", {"Dockerfile": "FROM scratch\n"})
        pull = project.open_pull_request(files={"Dockerfile": "FROM debian:12\n"})
        said = pull.comment("/hullcheck review", author="dev")
        job = from_double(forge, forge.deliveries[-1]).job
    assert job is not None
    assert job.command == Command("review", said.id, "dev", said.author.id)
