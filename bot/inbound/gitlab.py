"""GitLab's webhook call, headers and body, to a `Delivery`. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from bot.commands import command_in
from bot.inbound.faults import Malformed, Unauthenticated
from bot.inbound.payload import SHA, WORD, Payload
from bot.jobs import Command, Delivery, Job, PullRequestKey, RepositoryKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.secret import Secret

WINDOW: Final = 300.0
"""Seconds by which the time of a signed call may differ from ours."""

_KEY = re.compile(r"[0-9A-Za-z_-]{1,100}", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_STAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_DISCUSSION = re.compile(r"[0-9a-f]{1,64}", re.ASCII)
_USERNAME = re.compile(r"[A-Za-z0-9_.-]{1,255}", re.ASCII)
_TOKEN_BOT = re.compile(r"(?:project|group)_[0-9]+_bot", re.ASCII)
_JSON = re.compile(r"application/json(?:\s*;\s*charset=\"?utf-8\"?)?\s*", re.IGNORECASE)


class Instance(NamedTuple):
    """An instance that may call us.

    Attributes:
        name: Host, as in `PullRequestKey.instance`.
        secret: Expected in `X-Gitlab-Token`; `None` when its calls are signed only.
        signing_token: `whsec_…`; `None` when its calls carry the secret only.
    """

    name: str
    secret: Secret | None = None
    signing_token: Secret | None = None


def gitlab_delivery(headers: Mapping[str, str], body: bytes, instances: Sequence[Instance], now: float) -> Delivery:
    """Verify one webhook call and say what it asks for.

    A call that is verified is never turned away: GitLab disables a hook whose calls fail. One that cannot be read asks
    for nothing and its event says so.

    Args:
        headers: Request headers; the case of the names does not matter.
        body: The body as received, byte for byte.
        instances: Those that are configured.
        now: Seconds since 1970.

    Raises:
        Unauthenticated: It names another instance, brings neither secret nor signature, or a wrong one. Nothing was
            parsed.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    instance = _instance(lower, instances)
    _verify(lower, body, instance, now)
    key = _id(lower, body)
    try:
        event, job, caller = _read(lower, body, instance.name)
    except Malformed as fault:
        return Delivery(key, "gitlab", f"unreadable: {fault}", None)
    return Delivery(key, "gitlab", event, job, caller)


def _instance(headers: Mapping[str, str], instances: Sequence[Instance]) -> Instance:
    try:
        host = urlsplit(headers.get("x-gitlab-instance", "")).netloc.lower()
    except ValueError:
        host = ""
    for instance in instances:
        if host and instance.name.lower() == host:
            return instance
    raise Unauthenticated("X-Gitlab-Instance is missing or names an instance that is not configured")


def _verify(headers: Mapping[str, str], body: bytes, instance: Instance, now: float) -> None:
    """Check whatever is configured and brought; one of the two must be there and none may be wrong."""
    proven = False
    token, signature = headers.get("x-gitlab-token"), headers.get("webhook-signature")
    if instance.secret and token is not None:
        if not hmac.compare_digest(token.encode("utf-8", "backslashreplace"), instance.secret.reveal().encode()):
            raise Unauthenticated("X-Gitlab-Token is not the webhook secret")
        proven = True
    if instance.signing_token and signature is not None:
        _verify_signature(headers, body, instance.signing_token, now)
        proven = True
    if not proven:
        raise Unauthenticated("neither X-Gitlab-Token nor a signature is there, or not the one that is configured")


def _verify_signature(headers: Mapping[str, str], body: bytes, signing_token: Secret, now: float) -> None:
    """Check the signed form: HMAC-SHA256 over `id.timestamp.body`, one signature or more, each `v1,` and Base64."""
    key, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _KEY.fullmatch(key) or not _STAMP.fullmatch(stamp):
        raise Unauthenticated("webhook-id or webhook-timestamp is missing or does not look as it should")
    try:
        secret = base64.b64decode(signing_token.reveal().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise Unauthenticated("the signing token that is configured cannot be used") from None
    mac = hmac.new(secret, f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(mac)
    given = headers.get("webhook-signature", "").encode("utf-8", "backslashreplace").split(b" ")[:8]
    if not any(hmac.compare_digest(each, expected) for each in given):
        raise Unauthenticated("the signature does not fit the body and the signing token")
    late = now - int(stamp)
    if abs(late) > WINDOW:
        raise Unauthenticated(f"the call is {abs(late):.0f} s {'old' if late > 0 else 'ahead'} by this machine's clock")


def _id(headers: Mapping[str, str], body: bytes) -> str:
    """Return what is the same in every attempt at a delivery; the body's hash where GitLab is too old to name it."""
    for name in ("webhook-id", "idempotency-key") if "webhook-signature" in headers else ("idempotency-key",):
        if _KEY.fullmatch(headers.get(name, "")):
            return headers[name]
    return hashlib.sha256(body).hexdigest()


def _read(headers: Mapping[str, str], body: bytes, instance: str) -> tuple[str, Job | None, RepositoryKey | None]:
    if not _JSON.fullmatch(headers.get("content-type", "")):
        raise Malformed("the content type is not application/json in UTF-8")
    try:
        payload = Payload(json.loads(body))
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON that can be read") from None
    hop = headers.get("x-gitlab-event-uuid", "")
    hop = hop if _UUID.fullmatch(hop) else ""
    # System hooks have one name for everything in X-Gitlab-Event; the body says what it is.
    match payload.text("object_kind") if payload.has("object_kind") else "":
        case "merge_request":
            return *_merge_request(payload, instance, hop), _caller(payload, instance)
        case "note":
            return *_note(payload, instance, hop), None
        case _:
            return "other", None, None


def _caller(payload: Payload, instance: str) -> RepositoryKey | None:
    """Return the project whose hook tells of a merge request; a call that does not name it proves nothing."""
    try:
        project = payload.object("object_attributes").id("target_project_id")
    except Malformed:
        return None
    return RepositoryKey("gitlab", instance, str(project))


def _merge_request(payload: Payload, instance: str, hop: str) -> tuple[str, Job | None]:
    change = payload.object("object_attributes")
    # A test delivery has no action.
    action = change.matching("action", WORD) if change.has("action") else "test"
    event = f"merge_request.{action}"
    if not (action in {"open", "reopen"} or (action == "update" and _asks_for_a_review(payload, change))):
        return event, None
    return event, Job(
        key=_key(instance, change.id("target_project_id"), change.id("iid")),
        installation=instance,
        head=change.object("last_commit").matching("id", SHA),
        repository_id=change.id("target_project_id"),
        hop=hop,
    )


def _asks_for_a_review(payload: Payload, change: Payload) -> bool:
    """Tell a push, the end of a draft and a new target branch from labels and titles, which are updates too."""
    if change.has("oldrev"):
        return True
    if not payload.has_object("changes"):
        return False
    changes = payload.object("changes")
    if changes.has_object("target_branch"):
        return True
    return changes.has_object("draft") and changes.object("draft").says("current", value=False)


def _note(payload: Payload, instance: str, hop: str) -> tuple[str, Job | None]:
    note = payload.object("object_attributes")
    # GitLab before 16 names no action, and tells of new notes only.
    action = note.matching("action", WORD) if note.has("action") else "create"
    event = f"note.{action}"
    about_a_change = note.has("noteable_type") and note.text("noteable_type") == "MergeRequest"
    if action != "create" or not about_a_change or note.says("system", value=True):
        return event, None
    command = command_in_note(note, payload)
    if command is None:
        return event, None
    change = payload.object("merge_request")
    project = change.id("target_project_id")
    return event, Job(
        key=_key(instance, project, change.id("iid")),
        installation=instance,
        repository_id=project,
        command=command,
        hop=hop,
    )


def command_in_note(note: Payload, payload: Payload) -> Command | None:
    """Return the command of a note that a person wrote; the bots of access tokens, us included, are never obeyed.

    Args:
        note: The note in the words of the hook.
        payload: What holds its author, as `user`.

    Raises:
        Malformed: Something is missing or does not look as it should.
    """
    found = command_in(note.text("note"))
    if found is None:
        return None
    author = payload.object("user")
    username, number = author.matching("username", _USERNAME), author.id("id")
    if _TOKEN_BOT.match(username) or note.id("author_id") != number:
        return None
    in_thread = note.has("type") and note.text("type") in {"DiffNote", "DiscussionNote"}
    if found.name == "ignore" and not in_thread:
        return None
    thread = note.matching("discussion_id", _DISCUSSION) if in_thread else ""
    return Command(found.name, note.id("id"), username, number, thread, found.reason)


def _key(instance: str, project: int, number: int) -> PullRequestKey:
    return PullRequestKey("gitlab", instance, str(project), number)
