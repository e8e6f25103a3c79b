"""GitHub's webhook call, headers and body, to a `Delivery`. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

import gidgethub
from gidgethub.sansio import Event

from bot.commands import command_in
from bot.inbound.faults import Malformed, Unauthenticated
from bot.inbound.payload import SHA, WORD, Payload
from bot.jobs import Command, Delivery, Job, PullRequestKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.secret import Secret

_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)
_GUID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
# It becomes part of addresses, so "." and ".." are no names.
_REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}", re.ASCII)
_LOGIN = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_CONTENT = re.compile(r"application/(?:json|x-www-form-urlencoded)(?:\s*;\s*charset=\"?utf-8\"?)?\s*", re.IGNORECASE)

HEARD = frozenset({"pull_request", "issue_comment", "pull_request_review_comment"})
"""The events that may ask for something."""
_REVIEWED = frozenset({"opened", "reopened", "synchronize", "ready_for_review"})


def github_delivery(
    headers: Mapping[str, str], body: bytes, secret: Secret, *, instance: str = "api.github.com"
) -> Delivery:
    """Verify one webhook call and say what it asks for.

    Args:
        headers: Request headers; the case of the names does not matter.
        body: The body as received, byte for byte.
        secret: The App's webhook secret.
        instance: Host of the API that the App belongs to.

    Raises:
        Unauthenticated: The signature is missing, of another kind than SHA-256, or wrong. Nothing was parsed.
        Malformed: The signature is right and the rest cannot be read.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    _verify(lower, body, secret)
    event = _event(lower, body, secret)
    return _delivery(event, instance)


def _verify(headers: Mapping[str, str], body: bytes, secret: Secret) -> None:
    """Check the signature ourselves: gidgethub takes SHA-1 too, and raises a TypeError on hostile ones."""
    signature = headers.get("x-hub-signature-256", "")
    if not secret:
        raise Unauthenticated("no webhook secret is configured")
    if not _SIGNATURE.fullmatch(signature):
        raise Unauthenticated("X-Hub-Signature-256 is missing or is not a SHA-256 signature")
    expected = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature.removeprefix("sha256="), expected):
        raise Unauthenticated("the signature does not fit the body and the webhook secret")


def _event(headers: Mapping[str, str], body: bytes, secret: Secret) -> Event:
    if not _CONTENT.fullmatch(headers.get("content-type", "")):
        raise Malformed("the content type is neither application/json nor a form in UTF-8")
    if not _GUID.fullmatch(headers.get("x-github-delivery", "")):
        raise Malformed("X-GitHub-Delivery is missing or is not an id")
    if not WORD.fullmatch(headers.get("x-github-event", "")):
        raise Malformed("X-GitHub-Event is missing or is not an event's name")
    try:
        return Event.from_http(headers, body, secret=secret.reveal())
    except gidgethub.ValidationFailure:
        raise Unauthenticated("the signature does not fit the body and the webhook secret") from None
    except (gidgethub.BadRequest, ValueError, TypeError, LookupError, RecursionError):
        # What json and gidgethub raise on bodies that are no JSON, nest too deep, or lack the form field.
        raise Malformed("the body is not JSON that can be read") from None


def _delivery(event: Event, instance: str) -> Delivery:
    payload = Payload(event.data)
    if event.event not in HEARD:
        return Delivery(event.delivery_id, "github", event.event, None)
    action = payload.matching("action", WORD)
    return Delivery(
        event.delivery_id, "github", f"{event.event}.{action}", _job(event.event, action, payload, instance)
    )


def _job(event: str, action: str, payload: Payload, instance: str) -> Job | None:
    match event, action:
        case "pull_request", _ if action in _REVIEWED or (action == "edited" and _changes_base(payload)):
            return _push_job(payload, instance)
        case "issue_comment", "created":
            return _comment_job(payload, instance)
        case "pull_request_review_comment", "created":
            return _thread_job(payload, instance)
        case _:
            return None


def _changes_base(payload: Payload) -> bool:
    return payload.has_object("changes") and payload.object("changes").has_object("base")


def _key(payload: Payload, instance: str, number: int) -> PullRequestKey:
    return PullRequestKey("github", instance, payload.object("repository").matching("full_name", _REPOSITORY), number)


def _installation(payload: Payload) -> str:
    if not payload.has("installation"):
        raise Malformed("installation is missing: this webhook is a repository's own, not a GitHub App's")
    return str(payload.object("installation").id("id"))


def _push_job(payload: Payload, instance: str) -> Job:
    pull_request = payload.object("pull_request")
    return Job(
        key=_key(payload, instance, pull_request.id("number")),
        installation=_installation(payload),
        head=pull_request.object("head").matching("sha", SHA),
        base=pull_request.object("base").matching("sha", SHA),
        repository_id=payload.object("repository").id("id"),
    )


def _comment_job(payload: Payload, instance: str) -> Job | None:
    """Read `/hullcheck review` and `/hullcheck help` in the conversation of a pull request."""
    issue = payload.object("issue")
    if not issue.has_object("pull_request"):
        return None
    command = _command(payload, thread_id="")
    if command is None or command.name == "ignore":
        return None
    return Job(
        key=_key(payload, instance, issue.id("number")),
        installation=_installation(payload),
        repository_id=payload.object("repository").id("id"),
        command=command,
    )


def _thread_job(payload: Payload, instance: str) -> Job | None:
    """Read `/hullcheck ignore [reason]` as an answer in a review thread."""
    comment = payload.object("comment")
    if not comment.has("in_reply_to_id"):
        return None
    command = _command(payload, thread_id=str(comment.id("in_reply_to_id")))
    if command is None or command.name != "ignore":
        return None
    pull_request = payload.object("pull_request")
    return Job(
        key=_key(payload, instance, pull_request.id("number")),
        installation=_installation(payload),
        repository_id=payload.object("repository").id("id"),
        command=command,
    )


def _command(payload: Payload, *, thread_id: str) -> Command | None:
    """Return the command of a comment that a person wrote; bots, this one included, are never obeyed."""
    comment = payload.object("comment")
    author = comment.object("user")
    if payload.object("sender").text("type") != "User" or author.text("type") != "User":
        return None
    found = command_in(comment.text("body"))
    if found is None:
        return None
    return Command(
        name=found.name,
        comment_id=comment.id("id"),
        author=author.matching("login", _LOGIN),
        author_id=author.id("id"),
        thread_id=thread_id,
        reason=found.reason,
    )
