from __future__ import annotations

import json
from typing import Any

import pytest

from bot.inbound.faults import Unauthenticated
from bot.inbound.gitlab import Instance, gitlab_delivery
from bot.jobs import Command, Delivery, Job, PullRequestKey, RepositoryKey
from bot.secret import Secret
from tests.bot.gitlab_deliveries import (
    HEAD,
    HOP,
    INSTANCE,
    KEY,
    NOW,
    OLD,
    SECRET,
    SIGNING_TOKEN,
    change,
    headers,
    note,
    packed,
    signed,
)


def delivered(payload: object, *instances: Instance, **more: str | None) -> Delivery:
    return gitlab_delivery(headers(**more), packed(payload), instances or (INSTANCE,), NOW)


def test_an_opened_merge_request_asks_for_a_review() -> None:
    key = PullRequestKey("gitlab", "gitlab.example.org", "5", 12)
    job = Job(key, "gitlab.example.org", HEAD, repository_id=5, hop=HOP)
    caller = RepositoryKey("gitlab", "gitlab.example.org", "5")
    assert delivered(change()) == Delivery(KEY, "gitlab", "merge_request.open", job, caller)


@pytest.mark.parametrize(
    "payload",
    [
        change("reopen"),
        change("update", oldrev=OLD),
        change("update", {"draft": {"previous": True, "current": False}}),
        change("update", {"target_branch": {"previous": "a", "current": "b"}}),
    ],
)
def test_what_changes_the_diff_or_ends_a_draft_asks_for_a_review(payload: dict[str, Any]) -> None:
    assert delivered(payload).job is not None


@pytest.mark.parametrize(
    "payload",
    [
        change("update"),
        change("update", {"labels": {"previous": [], "current": [1]}}),
        change("update", {"draft": {"previous": False, "current": True}}),
        change("close"),
        change("merge"),
        change("approved"),
        change(None),
        {"object_kind": "push"},
        {},
    ],
)
def test_everything_else_asks_for_nothing(payload: dict[str, Any]) -> None:
    assert delivered(payload).job is None


@pytest.mark.parametrize("payload", [change(), change("close"), change("approved"), change(None)])
def test_a_call_about_a_merge_request_says_whose_hook_it_is(payload: dict[str, Any]) -> None:
    assert delivered(payload).caller == RepositoryKey("gitlab", "gitlab.example.org", "5")


@pytest.mark.parametrize(
    "payload", [note(), {"object_kind": "push", "project_id": 5}, change("close", target_project_id="5"), {}]
)
def test_a_call_that_does_not_come_for_merge_requests_does_not(payload: dict[str, Any]) -> None:
    assert delivered(payload).caller is None


def test_system_hooks_are_read_by_what_the_body_says() -> None:
    assert delivered(change(), X_Gitlab_Event="System Hook").job is not None


def test_a_command_on_the_merge_request_is_read() -> None:
    job = delivered(note()).job
    assert job is not None
    assert job.command == Command("review", 41, "mona", 3)


def test_a_command_in_a_discussion_names_it() -> None:
    job = delivered(note("/hullcheck ignore on purpose", type="DiffNote")).job
    assert job is not None
    assert job.command == Command("ignore", 41, "mona", 3, "d" * 40, "on purpose")


@pytest.mark.parametrize(
    "payload",
    [
        note("Looks fine."),
        note("/hullcheck ignore this"),  # not in a discussion
        note(system=True),
        note(action="update"),
        note(noteable_type="Issue"),
        note(author_id=4),
        {**note(), "user": {"id": 3, "username": "project_5_bot_0a1b"}},
        {**note(), "user": {"id": 3, "username": "group_5_bot"}},
    ],
)
def test_these_notes_command_nothing(payload: dict[str, Any]) -> None:
    assert delivered(payload).job is None


def test_a_signed_call_needs_no_secret() -> None:
    body = packed(change())
    assert gitlab_delivery(headers(**signed(body)), body, (INSTANCE,), NOW).job is not None


def test_one_good_signature_of_several_is_enough() -> None:
    body = packed(change())
    more = signed(body)
    more["webhook-signature"] = f"v1,AAAA v2,BBBB {more['webhook-signature']}"
    assert gitlab_delivery(headers(**more), body, (INSTANCE,), NOW).id == KEY


def test_the_signed_id_counts_not_the_unsigned_one() -> None:
    body = packed(change())
    more = {**signed(body, key="signed-id"), "Idempotency-Key": "another"}
    assert gitlab_delivery(headers(**more), body, (INSTANCE,), NOW).id == "signed-id"


def test_an_old_gitlab_without_a_key_is_told_apart_by_the_body() -> None:
    first, second = (delivered(change(action), Idempotency_Key=None).id for action in ("open", "reopen"))
    assert first != second


def test_each_instance_has_its_own_secret() -> None:
    other = Instance("git.example.com", Secret("another secret"))
    job = delivered(
        change(), INSTANCE, other, X_Gitlab_Instance="https://git.example.com", X_Gitlab_Token="another secret"
    ).job
    assert job is not None
    assert job.key.instance == "git.example.com"


def test_the_secret_of_another_instance_is_no_good() -> None:
    other = Instance("git.example.com", Secret("another secret"))
    with pytest.raises(Unauthenticated):
        delivered(change(), INSTANCE, other, X_Gitlab_Instance="https://git.example.com")


@pytest.mark.parametrize(
    "more",
    [
        {"X_Gitlab_Token": None},
        {"X_Gitlab_Token": ""},
        {"X_Gitlab_Token": "it is a secret to everybod"},
        {"X_Gitlab_Token": SECRET.reveal().upper()},
        {"X_Gitlab_Token": "\udcff\udcfe"},
        {"X_Gitlab_Token": "geheim ü"},
        {"X_Gitlab_Instance": None},
        {"X_Gitlab_Instance": ""},
        {"X_Gitlab_Instance": "gitlab.example.org"},
        {"X_Gitlab_Instance": "https://gitlab.example.org.evil.test"},
        {"X_Gitlab_Instance": "https://evil.test/gitlab.example.org"},
        {"X_Gitlab_Instance": "https://gitlab.example.org@evil.test"},
        {"X_Gitlab_Instance": "https://[gitlab.example.org"},
        {"X_Gitlab_Instance": "https://gitlab.example.org:8443"},
    ],
)
def test_a_call_that_proves_nothing_is_turned_away(more: dict[str, str | None]) -> None:
    with pytest.raises(Unauthenticated):
        delivered(change(), **more)


@pytest.mark.parametrize(
    "more",
    [
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v2,whatever"},
        {"webhook-signature": "\udcff" * 100_000},
        {"webhook-timestamp": None},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "1e99"},
        {"webhook-timestamp": "٣" * 10},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-id": None},
        {"webhook-id": "another"},
        {"webhook-id": "a.b"},
    ],
)
def test_a_signature_that_does_not_fit_is_turned_away(more: dict[str, str | None]) -> None:
    body = packed(change())
    with pytest.raises(Unauthenticated):
        gitlab_delivery(headers(**{**signed(body), **more}), body, (INSTANCE,), NOW)


@pytest.mark.parametrize("skew", [-301, 301])
def test_an_old_call_is_not_heard_again(skew: int) -> None:
    body = packed(change())
    with pytest.raises(Unauthenticated, match="by this machine's clock"):
        gitlab_delivery(headers(**signed(body, at=NOW + skew)), body, (INSTANCE,), NOW)


def test_a_wrong_signature_is_not_made_good_by_the_right_secret() -> None:
    body = packed(change())
    more = {**signed(body, token=Secret("whsec_AAAA")), "X_Gitlab_Token": SECRET.reveal()}
    with pytest.raises(Unauthenticated):
        gitlab_delivery(headers(**more), body, (INSTANCE,), NOW)


def test_a_signature_proves_nothing_where_none_is_configured() -> None:
    body = packed(change())
    with pytest.raises(Unauthenticated):
        gitlab_delivery(headers(**signed(body)), body, (Instance("gitlab.example.org", SECRET),), NOW)


HOSTILE: list[bytes] = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"object_kind": 1}',
    b'{"object_kind": "merge_request"}',
    b'{"object_kind": "note"}',
    packed({**change(), "object_attributes": []}),
    packed(change("open", iid=0)),
    packed(change("open", iid=-12)),
    packed(change("open", iid=True)),
    packed(change("open", iid="12")),
    packed(change("open", iid=12.5)),
    packed(change("open", iid=10**30)),
    packed(change("open", target_project_id="5/../6")),
    packed(change("open", target_project_id=None)),
    packed(change("open", last_commit={"id": "main"})),
    packed(change("open", last_commit={"id": "../" * 10})),
    packed(change("open", last_commit=None)),
    packed(change("OPEN\n")),
    packed(note(id="1")),
    packed(note(author_id=None)),
    packed(note("/hullcheck ignore x", type="DiffNote", discussion_id="../../merge")),
    packed(note("/hullcheck ignore x", type="DiffNote", discussion_id=None)),
    packed(note(note=None)),
    packed({**note(), "user": {"id": 3, "username": "a b"}}),
    packed({**note(), "user": {"id": 3, "username": "a-->\n/approve"}}),
    packed({**note(), "user": None}),
    packed({**note(), "merge_request": None}),
    packed({**note(), "merge_request": {"iid": 12, "target_project_id": [5]}}),
]


@pytest.mark.parametrize("body", HOSTILE)
def test_a_hostile_body_is_taken_and_asks_for_nothing(body: bytes) -> None:
    delivery = gitlab_delivery(headers(), body, (INSTANCE,), NOW)
    assert delivery.job is None
    assert delivery.event.startswith("unreadable: ")
    assert len(delivery.event) < 120


def test_a_body_of_another_type_is_taken_and_not_read() -> None:
    assert delivered(change(), Content_Type="text/plain").event.startswith("unreadable: ")


@pytest.mark.parametrize("hop", ["", "x" * 36, HOP + "\r\nX-Evil: 1", "../" * 12])
def test_a_hop_that_is_none_is_not_forwarded(hop: str) -> None:
    job = delivered(change(), **{"X-Gitlab-Event-UUID": hop}).job
    assert job is not None
    assert job.hop == ""


def test_duplicate_keys_in_the_body_change_nothing() -> None:
    body = json.dumps(change()).encode().replace(b'"iid": 12', b'"iid": "x", "iid": 12')
    assert gitlab_delivery(headers(), body, (INSTANCE,), NOW).job is not None


def test_the_signing_token_is_not_shown() -> None:
    assert SIGNING_TOKEN.reveal() not in repr(INSTANCE)
