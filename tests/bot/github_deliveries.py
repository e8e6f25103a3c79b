"""Webhook calls as GitHub makes them, cut to what is read, and signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from bot.secret import Secret

SECRET = Secret("it is a secret to everybody")
HEAD, BASE = "c" * 40, "b" * 40


def signature(body: bytes, secret: Secret = SECRET) -> str:
    return "sha256=" + hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()


def headers(event: str, body: bytes, guid: str = "72d3162e-cc78-11e3-81ab-4c9367dc0958") -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-Hub-Signature-256": signature(body),
    }


def packed(
    event: str, payload: object, guid: str = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
) -> tuple[dict[str, str], bytes]:
    body = json.dumps(payload).encode()
    return headers(event, body, guid), body


def common() -> dict[str, Any]:
    return {
        "repository": {"id": 1296269, "full_name": "octo/site"},
        "installation": {"id": 7},
        "sender": {"login": "mona", "id": 3, "type": "User"},
    }


def pull_request(action: str = "opened", **more: Any) -> dict[str, Any]:
    pull = {"number": 12, "head": {"sha": HEAD}, "base": {"sha": BASE}}
    return {"action": action, "pull_request": pull, **common(), **more}


def comment(body: str, action: str = "created", **more: Any) -> dict[str, Any]:
    issue = {"number": 12, "pull_request": {"url": "https://api.github.com/repos/octo/site/pulls/12"}}
    written = {"id": 41, "body": body, "user": {"login": "mona", "id": 3, "type": "User"}}
    return {"action": action, "issue": issue, "comment": written, **common(), **more}


def thread_comment(body: str, reply_to: int | None = 40) -> dict[str, Any]:
    payload = {**pull_request("created"), "comment": comment(body)["comment"]}
    if reply_to:
        payload["comment"]["in_reply_to_id"] = reply_to
    return payload
