"""Webhooks: what the forge tells the App, signed as GitHub signs it, and what became of each delivery."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.forge.github import render_basics as basics
from tests.forge.under_way import UnderWay

if TYPE_CHECKING:
    from datetime import datetime

    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.model import Installation, User
    from tests.forge.github.project import Project

UNASKED = frozenset({"ping", "installation", "installation_repositories", "check_run", "check_suite"})
LARGEST = 25 * 1024 * 1024
PATIENCE = 10.0


@dataclass(eq=False, slots=True)
class Delivery:
    """One webhook delivery.

    Attributes:
        id: Number in the App's log of deliveries; a redelivery has its own.
        guid: `X-GitHub-Delivery`; a redelivery has the same.
        body: The raw bytes that are signed.
        status: HTTP status that was answered; 0 when nothing came back, `None` before it was sent.
    """

    id: int
    guid: str
    event: str
    payload: dict[str, Any]
    body: bytes
    headers: dict[str, str]
    at: datetime
    installation_id: int | None
    repository_id: int | None
    redelivery: bool = False
    status: int | None = None
    duration: float = 0.0

    @property
    def action(self) -> str | None:
        """The payload's action."""
        return self.payload.get("action")


@dataclass(eq=False, slots=True)
class Outbox:
    """Makes deliveries and sends them.

    Attributes:
        url: Where the App wants them; empty sends nothing by itself.
        deliveries: All that were made for the App, sent or not, oldest first.
        held: While true, nothing is sent by itself, so that a test can send out of order.
    """

    forge: GitHubDouble
    url: str = ""
    held: bool = False
    deliveries: list[Delivery] = field(default_factory=list)
    under_way: UnderWay = field(default_factory=UnderWay)

    def emit(
        self,
        event: str,
        action: str | None,
        content: dict[str, Any],
        project: Project | None,
        sender: User | None,
        grant: Installation | None = None,
        *,
        send: bool = True,
    ) -> Delivery:
        """Make a delivery, check it against the description, and send it when the App is to get it."""
        payload = ({"action": action} if action else {}) | content
        if project is not None:
            payload["repository"] = basics.repository(self.forge, project)
            grant = self.forge.grant(project)
            if grant is not None:
                payload["installation"] = {"id": grant.id, "node_id": basics.node_id("I", grant.id)}
        if sender is not None:
            payload["sender"] = basics.user(self.forge, sender)
        delivery = self._packed(event, payload, project, grant)
        self.forge.judge_webhook(delivery)
        wanted = event in UNASKED or event in self.forge.app.events
        reachable = event in {"ping", "installation"} or (grant is not None and grant.suspended is None)
        if wanted and reachable and send:
            self.deliveries.append(delivery)
            self.send(delivery)
        return delivery

    def _packed(
        self, event: str, payload: dict[str, Any], project: Project | None, grant: Installation | None
    ) -> Delivery:
        body = json.dumps(payload, separators=(",", ":")).encode()
        guid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.forge.app.id}/{self.forge.new_id()}"))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/044aadd",
            "X-GitHub-Delivery": guid,
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": "1",
            "X-GitHub-Hook-Installation-Target-ID": str(self.forge.app.id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
        } | self.signatures(body)
        return Delivery(
            self.forge.new_id(),
            guid,
            event,
            payload,
            body,
            headers,
            self.forge.clock.now(),
            grant.id if grant else None,
            project.id if project else None,
        )

    def signatures(self, body: bytes) -> dict[str, str]:
        """Sign bytes with the App's secret, in both forms that GitHub sends."""
        secret = self.forge.app.webhook_secret.encode()
        return {
            "X-Hub-Signature": "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest(),
            "X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
        }

    def send(self, delivery: Delivery) -> None:
        """Send a delivery in the background, when the App has said where to."""
        if self.url and not self.held:
            self.under_way.start(self.deliver(delivery))

    async def deliver(self, delivery: Delivery, to: str = "") -> int:
        """Send one delivery and return the status answered; 0 for a refused connection or no answer in ten seconds."""
        if delivery not in self.deliveries:
            self.deliveries.append(delivery)
        if len(delivery.body) > LARGEST:
            delivery.status = 0
            return 0
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE)) as session,
                session.post(
                    to or self.url, data=delivery.body, headers=delivery.headers, allow_redirects=False
                ) as answer,
            ):
                delivery.status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            delivery.status = 0
        delivery.duration = loop.time() - started
        return delivery.status

    def again(self, delivery: Delivery) -> Delivery:
        """Make a redelivery: the same GUID and bytes, another number in the log."""
        again = Delivery(
            self.forge.new_id(),
            delivery.guid,
            delivery.event,
            delivery.payload,
            delivery.body,
            delivery.headers,
            self.forge.clock.now(),
            delivery.installation_id,
            delivery.repository_id,
            redelivery=True,
        )
        self.deliveries.append(again)
        return again

    async def redeliver(self, delivery: Delivery, to: str = "") -> int:
        """Send a delivery again, with the same GUID, and return the status answered."""
        return await self.deliver(self.again(delivery), to)
