"""GitHub's webhook calls as nobody sends them who means well: unsigned, forged, cut and crooked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbound.faults import InboundError, Malformed, Unauthenticated
from bot.inbound.github import github_delivery
from bot.secret import Secret
from tests.bot.github_deliveries import (
    SECRET,
    comment,
    headers,
    pull_request,
    signature,
)
from tests.bot.test_inbound_github import read

OPENED = json.dumps(pull_request()).encode()


def test_an_unsigned_call_is_refused() -> None:
    unsigned = {name: value for name, value in headers("ping", OPENED).items() if "Signature" not in name}
    with pytest.raises(Unauthenticated):
        github_delivery(unsigned, OPENED, SECRET)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha256=" + "0" * 63,
        signature(OPENED).upper(),
        signature(OPENED) + " ",
        signature(OPENED) + "\n",
        signature(OPENED)[7:],
        signature(OPENED).replace("sha256=", "sha1="),
        signature(OPENED).replace("sha256=", "sha512="),
        signature(OPENED, Secret("another")),
        signature(OPENED + b" "),
        "sha256=" + "ä" * 64,
        "sha256=" + "٣" * 64,
        "sha1=85eb3dcb0d08da74a0e5ee4ffe0e80c2d0f4b4bb",
        "\ud800",
    ],
)
def test_a_wrong_signature_is_refused(wrong: str) -> None:
    with pytest.raises(Unauthenticated):
        github_delivery({**headers("ping", OPENED), "X-Hub-Signature-256": wrong}, OPENED, SECRET)


def test_a_right_sha1_signature_is_refused() -> None:
    sha1 = {**headers("ping", b"{}"), "X-Hub-Signature": "sha1=" + "0" * 40}
    del sha1["X-Hub-Signature-256"]
    with pytest.raises(Unauthenticated):
        github_delivery(sha1, b"{}", SECRET)


def test_without_a_secret_nothing_is_believed() -> None:
    empty = Secret("")
    call = {**headers("ping", b"{}"), "X-Hub-Signature-256": signature(b"{}", empty)}
    with pytest.raises(Unauthenticated):
        github_delivery(call, b"{}", empty)


def test_the_signature_is_checked_before_anything_is_read() -> None:
    with pytest.raises(Unauthenticated):
        github_delivery({"X-Hub-Signature-256": "sha256=" + "0" * 64}, b"[" * 100_000, SECRET)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-GitHub-Event", None),
        ("X-GitHub-Event", ""),
        ("X-GitHub-Event", "pull request"),
        ("X-GitHub-Event", "x" * 65),
        ("X-GitHub-Event", "ping\n"),
        ("X-GitHub-Delivery", None),
        ("X-GitHub-Delivery", "../../etc"),
        ("X-GitHub-Delivery", "a" * 65),
        ("X-GitHub-Delivery", "a\0b"),
        ("X-GitHub-Delivery", "٣"),
        ("Content-Type", None),
        ("Content-Type", "text/plain"),
        ("Content-Type", "application/json; charset=utf-7"),
        ("Content-Type", "application/json; charset=zlib_codec"),
        ("Content-Type", "application/json; charset=no-such"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ],
)
def test_headers_that_cannot_be_read(name: str, value: str | None) -> None:
    call = headers("ping", OPENED)
    if value is None:
        del call[name]
    else:
        call[name] = value
    with pytest.raises(Malformed):
        github_delivery(call, OPENED, SECRET)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"12",
        b"\xff\xfe{}",
        b"{}" + b"\0",
        b"{} {}",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"9" * 10_000,
        b'{"action": ' + b"9" * 10_000 + b"}",
        b'{"action": "opened"}',
        b'{"action": null}',
        b'{"action": ["opened"]}',
        b'{"action": {"opened": 1}}',
        b'{"action": "Opened!"}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_bodies_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(Malformed):
        github_delivery(headers("pull_request", body), body, SECRET)


WRONG: tuple[object, ...] = (None, True, -1, 0, 2**53, 1.5, "", "x" * 200, "a\0b", "\ud800", [], {}, [{}])


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    "place",
    [
        ("pull_request",),
        ("pull_request", "number"),
        ("pull_request", "head"),
        ("pull_request", "head", "sha"),
        ("pull_request", "base", "sha"),
        ("repository",),
        ("repository", "id"),
        ("repository", "full_name"),
        ("installation",),
        ("installation", "id"),
    ],
    ids=".".join,
)
def test_a_wrong_value_anywhere_is_malformed(place: tuple[str, ...], wrong: object) -> None:
    payload = json.loads(json.dumps(pull_request()))
    within = payload
    for name in place[:-1]:
        within = within[name]
    within[place[-1]] = wrong
    with pytest.raises(Malformed):
        read("pull_request", payload)


@pytest.mark.parametrize("wrong", [None, 1, [], {}, {"login": "mo na", "id": 3, "type": "User"}], ids=repr)
def test_a_wrong_author_of_a_command_is_malformed(wrong: object) -> None:
    payload = comment("/hullcheck review")
    payload["comment"]["user"] = wrong
    with pytest.raises(Malformed):
        read("issue_comment", payload)


@pytest.mark.parametrize(
    "full_name",
    ["site", "octo/site/x", "../..", "octo/..", "octo/.", "octo/si te", "https://evil/x", "octo/site\n", "octo/..\n"],
)
def test_a_repository_that_is_no_name_is_malformed(full_name: str) -> None:
    payload = pull_request()
    payload["repository"]["full_name"] = full_name
    with pytest.raises(Malformed):
        read("pull_request", payload)


def test_a_fault_never_repeats_what_was_sent() -> None:
    payload = pull_request()
    payload["repository"]["full_name"] = "<script>alert(1)</script>"
    with pytest.raises(Malformed) as fault:
        read("pull_request", payload)
    assert str(fault.value) == "repository.full_name does not look as it should"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.sampled_from(["pull_request", "issue_comment", "pull_request_review_comment"]),
    st.fixed_dictionaries(
        {"action": st.sampled_from(["opened", "created", "edited"])},
        optional=dict.fromkeys(
            ["pull_request", "repository", "installation", "issue", "comment", "sender", "changes"], VALUES
        ),
    ),
)
def test_no_signed_json_ends_in_anything_but_a_delivery_or_a_fault(event: str, payload: dict[str, Any]) -> None:
    try:
        delivery = read(event, payload)
    except InboundError:
        return
    assert delivery.job is None
