"""Webhooks: which hooks hear of what, signed and sent as GitLab does, and what becomes of hooks that fail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.forge.gitlab import payloads
from tests.forge.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.forge.gitlab.double import GitLabDouble
    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import Note, User
    from tests.forge.gitlab.project import Project

NAMES = {"merge_request": "Merge Request Hook", "note": "Note Hook", "push": "Push Hook"}
GRACE, LAST = 3, 39
LONGEST_REST = 24 * 3600
REMEMBERED = timedelta(minutes=30)
LARGEST = 25 * 1024 * 1024


@dataclass(eq=False, slots=True)
class Hook:
    """A configured hook: of a project, of a group and all below it, or of the whole instance when neither is named.

    Attributes:
        failures: Failures in a row.
        disabled_until: Until when it rests after failures.
        custom_headers: Sent along with each delivery.
    """

    id: int
    url: str
    created: datetime
    project_id: int | None = None
    group: str | None = None
    token: str | None = None
    signing_token: str | None = None
    name: str | None = None
    description: str | None = None
    enable_ssl_verification: bool = True
    push_events: bool = True
    merge_requests_events: bool = False
    note_events: bool = False
    custom_headers: dict[str, str] = field(default_factory=dict)
    failures: int = 0
    disabled_until: datetime | None = None

    def wants(self, kind: str) -> bool:
        """Say whether it hears of merge requests or notes; the instance's own hooks never hear of notes."""
        if kind == "merge_request":
            return self.merge_requests_events
        return self.note_events and (self.project_id is not None or self.group is not None)

    def covers(self, project: Project) -> bool:
        """Say whether a project is within its reach."""
        if self.project_id is None and self.group is None:
            return True
        return self.project_id == project.id or self.group in project.groups

    def status(self, now: datetime) -> str:
        """Return `executable`, `temporarily_disabled` or `disabled`."""
        if self.failures > LAST:
            return "disabled"
        resting = self.failures > GRACE and self.disabled_until is not None and self.disabled_until >= now
        return "temporarily_disabled" if resting else "executable"


@dataclass(eq=False, slots=True)
class Delivery:
    """One webhook delivery; a retry is another one with the same key.

    Attributes:
        id: Number in the hook's log.
        key: `Idempotency-Key` and `webhook-id`.
        event_uuid: `X-Gitlab-Event-UUID`.
        body: The raw bytes that are signed.
        status: HTTP status that was answered; 0 when nothing came back, `None` before it was sent.
        answer: What was answered.
    """

    id: int
    hook: Hook
    kind: str
    key: str
    event_uuid: str
    payload: dict[str, Any]
    body: bytes
    headers: dict[str, str]
    at: datetime
    status: int | None = None
    answer: str = ""

    @property
    def action(self) -> str | None:
        """The payload's action."""
        action: str | None = self.payload.get("object_attributes", {}).get("action")
        return action


@dataclass(eq=False, slots=True)
class Hooks:
    """Keeps the hooks, makes deliveries and sends them.

    Attributes:
        all: All hooks that are configured.
        deliveries: All that were made for them, sent or not, oldest first.
        blocked: Deliveries that were not made because their own hook had caused them.
        held: While true, nothing is sent by itself, so that a test can send out of order.
        request_uuid: The `X-Gitlab-Event-UUID` that the present API request has forwarded.
        auto_disabling: Whether project hooks that fail are disabled, as on gitlab.com.
        patience: Seconds that a receiver has.
    """

    forge: GitLabDouble
    held: bool = False
    request_uuid: str = ""
    auto_disabling: bool = True
    patience: float = 10.0
    all: list[Hook] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    blocked: list[Hook] = field(default_factory=list)
    seen: dict[str, tuple[datetime, set[int]]] = field(default_factory=dict)
    under_way: UnderWay = field(default_factory=UnderWay)

    def add(self, url: str, **settings: Any) -> Hook:
        """Configure a hook."""
        hook = Hook(self.forge.new_id(), url, self.forge.clock.now(), **settings)
        self.all.append(hook)
        return hook

    def merge_request(
        self,
        action: str,
        change: MergeRequest,
        sender: User,
        *,
        oldrev: str = "",
        changes: Mapping[str, tuple[object, object]] | None = None,
    ) -> None:
        """Tell what happened to a merge request."""
        payload = payloads.merge_request(change, action, sender, oldrev=oldrev, changes=changes)
        self._tell("merge_request", change.project, payload)

    def note(self, action: str, change: MergeRequest, note: Note, sender: User) -> None:
        """Tell that somebody wrote or edited a note."""
        self._tell("note", change.project, payloads.note(change, note, action, sender))

    def unsent(self, change: MergeRequest, action: str, *, oldrev: str = "") -> Delivery:
        """Make a Merge Request Hook delivery without sending it."""
        payload = payloads.merge_request(change, action, change.author, oldrev=oldrev)
        return self.make(self._for("merge_request", change.project), "merge_request", payload)

    def unsent_note(self, change: MergeRequest, note: Note, action: str) -> Delivery:
        """Make a Note Hook delivery without sending it."""
        return self.make(self._for("note", change.project), "note", payloads.note(change, note, action, note.author))

    def _for(self, kind: str, project: Project) -> Hook:
        """Return a hook that would hear of it, or one like those that the bot configures."""
        heard = (hook for hook in self.all if hook.wants(kind) and hook.covers(project))
        spare = Hook(0, "", self.forge.clock.now(), project_id=project.id, token=self.forge.hook_token)
        return next(heard, spare)

    def _tell(self, kind: str, project: Project, payload: dict[str, Any]) -> None:
        now = self.forge.clock.now()
        for hook in self.all:
            if not hook.wants(kind) or not hook.covers(project) or hook.status(now) != "executable":
                continue
            if self.request_uuid and self._caused(hook):
                self.blocked.append(hook)
                continue
            delivery = self.make(hook, kind, payload)
            self.deliveries.append(delivery)
            if not self.held:
                self._send(delivery)

    def _caused(self, hook: Hook) -> bool:
        """Say whether the request at hand came about by a delivery of this very hook."""
        at, hooks = self.seen.get(self.request_uuid, (self.forge.clock.now(), set()))
        return hook.id in hooks and self.forge.clock.now() < at + REMEMBERED

    def make(self, hook: Hook, kind: str, payload: dict[str, Any], key: str = "", event_uuid: str = "") -> Delivery:
        """Make a delivery, signed in every form that the hook has a secret for."""
        event_uuid = event_uuid or self.request_uuid or self.new_uuid()
        key = key or self.new_uuid()
        body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
        now = self.forge.clock.now()
        system = hook.project_id is None and hook.group is None
        headers = hook.custom_headers | {
            "Content-Type": "application/json",
            "User-Agent": f"GitLab/{self.forge.version}",
            "Idempotency-Key": key,
            "X-Gitlab-Event": "System Hook" if system else NAMES[kind],
            "X-Gitlab-Webhook-UUID": self.new_uuid(),
            "X-Gitlab-Instance": self.forge.web_url,
            "X-Gitlab-Event-UUID": event_uuid,
        }
        if hook.token:
            headers["X-Gitlab-Token"] = hook.token
        if hook.signing_token:
            headers |= signature(hook.signing_token, key, int(now.timestamp()), body)
        return Delivery(self.forge.new_id(), hook, kind, key, event_uuid, payload, body, headers, now)

    def new_uuid(self) -> str:
        """Return a UUID that no other instance has."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.forge.web_url}/{self.forge.new_id()}"))

    def _send(self, delivery: Delivery) -> None:
        self.under_way.start(self.deliver(delivery))

    async def deliver(self, delivery: Delivery, to: str = "") -> int:
        """Send one delivery and return the status answered; 0 for a refused connection or none in ten seconds."""
        if delivery not in self.deliveries:
            self.deliveries.append(delivery)
        now = self.forge.clock.now()
        self.seen.setdefault(delivery.event_uuid, (now, set()))[1].add(delivery.hook.id)
        delivery.status = await self._post(delivery, to or delivery.hook.url)
        self._judge(delivery.hook, ok=200 <= delivery.status < 400)
        return delivery.status

    async def _post(self, delivery: Delivery, url: str) -> int:
        if len(delivery.body) > LARGEST:
            return 0
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(self.patience)) as session,
                session.post(url, data=delivery.body, headers=delivery.headers, allow_redirects=False) as answer,
            ):
                delivery.answer = await answer.text()
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    def _judge(self, hook: Hook, *, ok: bool) -> None:
        """Count a failure: after the fourth in a row a project's hook rests for a minute, then longer and longer."""
        if ok:
            hook.failures, hook.disabled_until = 0, None
        elif self.auto_disabling and hook.project_id is not None:
            hook.failures = min(hook.failures + 1, LAST + 1)
            if hook.failures > GRACE:
                rest = min(60 * 2 ** (hook.failures - GRACE - 1), LONGEST_REST)
                hook.disabled_until = self.forge.clock.now() + timedelta(seconds=rest)

    def again(self, delivery: Delivery) -> Delivery:
        """Make a retry: the same key and payload, stamped anew."""
        again = self.make(delivery.hook, delivery.kind, delivery.payload, delivery.key, delivery.event_uuid)
        self.deliveries.append(again)
        return again


def signature(token: str, key: str, stamp: int, body: bytes) -> dict[str, str]:
    """Sign a delivery: HMAC-SHA256 over `id.timestamp.body`, with the bytes behind `whsec_`."""
    secret = base64.b64decode(token.removeprefix("whsec_"))
    mac = hmac.new(secret, f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": key,
        "webhook-timestamp": str(stamp),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
