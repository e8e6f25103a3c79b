"""Deliveries that never arrived are asked for again: through the real client, from the forge double."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession

from bot.forges.base import Denied
from bot.forges.github import App
from bot.forges.github.hook import Attempt, AttemptPage, Hook
from bot.forges.github.wire import Memory, Wire
from bot.mailbox import Mailbox
from bot.reconcile import missed, reconcile
from bot.secret import Secret
from tests.bot.databases import sqlite_in
from tests.forge.github.double import GitHubDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.forge.github.webhooks import Delivery


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    async with await Mailbox.open(sqlite_in(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def forge() -> AsyncIterator[GitHubDouble]:
    async with GitHubDouble.start() as double:
        yield double


@asynccontextmanager
async def hook_of(forge: GitHubDouble, *, key: str = "") -> AsyncIterator[Hook]:
    app = App(str(forge.app.id), Secret(key or forge.app.private_key))
    async with ClientSession() as session:
        yield Hook(Wire(session, Memory(), forge.api_url), app)


async def sent(forge: GitHubDouble, mailbox: Mailbox) -> int:
    async with hook_of(forge) as hook:
        return await reconcile(mailbox, hook.attempts, hook.redeliver, "test")


def pushed(forge: GitHubDouble, count: int) -> list[Delivery]:
    """Have deliveries made while the App is away."""
    project = forge.create_repository("acme/web", {"Dockerfile": "FROM scratch\n"})
    pull = project.open_pull_request(files={"Dockerfile": "FROM debian:1\n"})
    for number in range(2, count + 1):
        pull.push({"Dockerfile": f"FROM debian:{number}\n"})
    return [each for each in forge.deliveries if each.event == "pull_request"]


async def test_what_failed_is_asked_for_again_once_for_each_event(forge: GitHubDouble, mailbox: Mailbox) -> None:
    failed = pushed(forge, 3)
    for delivery in (failed[0], failed[2]):
        await forge.deliver(delivery, "http://127.0.0.1:1/")
    await forge.outbox.redeliver(failed[2], "http://127.0.0.1:1/")
    assert await sent(forge, mailbox) == 2
    again = [each.guid for each in forge.deliveries if each.redelivery][1:]
    assert again == [failed[0].guid, failed[2].guid]


async def test_what_arrived_in_the_end_is_not_asked_for(forge: GitHubDouble, mailbox: Mailbox) -> None:
    (delivery,) = pushed(forge, 1)
    await forge.deliver(delivery, "http://127.0.0.1:1/")
    delivery_again = forge.outbox.again(delivery)
    delivery_again.status = 202
    assert await sent(forge, mailbox) == 0


def arrive(forge: GitHubDouble, delivery: Delivery, times: int) -> None:
    """Fill the log with attempts that arrived, a minute apart."""
    for _ in range(times):
        forge.outbox.again(delivery).status = 202
        forge.clock.advance(60)


async def test_the_next_reading_begins_where_the_last_one_ended(forge: GitHubDouble, mailbox: Mailbox) -> None:
    first, second = pushed(forge, 2)
    arrive(forge, first, 120)

    def pages() -> int:
        return sum(each.operation == "apps/list-webhook-deliveries" for each in forge.requests)

    assert await sent(forge, mailbox) == 0
    assert pages() == 2
    forge.outbox.again(second).status = 500
    assert await sent(forge, mailbox) == 1
    assert pages() == 3


async def test_what_github_may_have_forgotten_is_left_alone(forge: GitHubDouble, mailbox: Mailbox) -> None:
    old, new = pushed(forge, 2)
    forge.outbox.again(old).status = 500
    forge.clock.advance(4 * 86_400)
    forge.outbox.again(new).status = 202
    assert await sent(forge, mailbox) == 0


async def test_a_list_that_cannot_be_read_leaves_the_cursor(forge: GitHubDouble, mailbox: Mailbox) -> None:
    (delivery,) = pushed(forge, 1)
    delivery.status = 500
    forge.app.id += 1
    async with hook_of(forge) as hook:
        forge.app.id -= 1
        with pytest.raises(Denied):
            await reconcile(mailbox, hook.attempts, hook.redeliver, "test")
    assert await sent(forge, mailbox) == 1


async def test_the_app_is_checked_by_its_own_credentials(forge: GitHubDouble) -> None:
    async with hook_of(forge) as hook:
        await hook.check()


def attempt(number: int, guid: str, *, arrived: bool = False, event: str = "pull_request") -> Attempt:
    return Attempt(number, guid, float(number), arrived, event)


async def test_a_delivery_that_fails_for_ever_is_asked_for_three_times(forge: GitHubDouble, mailbox: Mailbox) -> None:
    (delivery,) = pushed(forge, 1)
    delivery.status = 500
    asked = []
    for _ in range(5):
        asked.append(await sent(forge, mailbox))
        for again in forge.deliveries:
            again.status = 500
        forge.clock.advance(3600)
    assert asked == [1, 1, 1, 0, 0]


async def test_what_is_too_much_to_be_read_is_told(
    forge: GitHubDouble, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(_: str) -> AttemptPage:
        return AttemptPage((attempt(1, "a", arrived=True),) * 100, "more")

    async with hook_of(forge) as hook:
        assert await reconcile(mailbox, full, hook.redeliver, "test") == 0
    assert "more than 5000 deliveries were attempted since the last look" in caplog.text


def test_events_that_ask_for_nothing_are_left_alone() -> None:
    assert missed([attempt(1, "a", event="push")], {}) == []


def test_the_oldest_comes_first() -> None:
    listed = [attempt(3, "c"), attempt(2, "b", arrived=True), attempt(1, "a")]
    assert [each.guid for each in missed(listed, {})] == ["a", "c"]
