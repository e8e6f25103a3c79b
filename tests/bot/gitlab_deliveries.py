"""Webhook calls as GitLab makes them, cut to what is read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from bot.inbound.gitlab import Instance
from bot.secret import Secret

SECRET = Secret("it is a secret to everybody")
SIGNING_TOKEN = Secret("whsec_" + base64.b64encode(bytes(range(32))).decode())
INSTANCE = Instance("gitlab.example.org", SECRET, SIGNING_TOKEN)
NOW = 1_800_000_000
HEAD, OLD = "c" * 40, "b" * 40
KEY = "0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"
HOP = "11111111-2222-4333-8444-555555555555"


def headers(**more: str | None) -> dict[str, str]:
    """Headers with the secret; keywords replace or, when `None`, remove one, with `_` for `-`."""
    whole: dict[str, str | None] = {
        "Content-Type": "application/json",
        "Idempotency-Key": KEY,
        "X-Gitlab-Event": "Merge Request Hook",
        "X-Gitlab-Event-UUID": HOP,
        "X-Gitlab-Instance": "https://gitlab.example.org",
        "X-Gitlab-Token": SECRET.reveal(),
    }
    whole |= {name.replace("_", "-"): value for name, value in more.items()}
    return {name: value for name, value in whole.items() if value is not None}


def signed(body: bytes, *, at: int = NOW, key: str = KEY, token: Secret = SIGNING_TOKEN) -> dict[str, str | None]:
    """The headers of the signed form, without the secret."""
    secret = base64.b64decode(token.reveal().removeprefix("whsec_"))
    mac = hmac.new(secret, f"{key}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "X_Gitlab_Token": None,
        "webhook-id": key,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def change(action: str | None = "open", changes: Any = None, **more: Any) -> dict[str, Any]:
    attributes = {"iid": 12, "target_project_id": 5, "source_project_id": 5, "last_commit": {"id": HEAD}, **more}
    if action:
        attributes["action"] = action
    return {
        "object_kind": "merge_request",
        "user": {"id": 3, "username": "mona"},
        "object_attributes": attributes,
        "changes": changes or {},
    }


def note(text: str = "/hullcheck review", **more: Any) -> dict[str, Any]:
    attributes = {
        "id": 41,
        "note": text,
        "author_id": 3,
        "noteable_type": "MergeRequest",
        "action": "create",
        "system": False,
        "type": None,
        "discussion_id": "d" * 40,
        **more,
    }
    return {
        "object_kind": "note",
        "user": {"id": 3, "username": "mona"},
        "object_attributes": attributes,
        "merge_request": {"iid": 12, "target_project_id": 5},
    }


def packed(payload: object) -> bytes:
    return json.dumps(payload).encode()
