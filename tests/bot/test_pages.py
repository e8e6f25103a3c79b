"""The pages: rendered on the server, nothing on them runs, and every rule has one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import jsonschema
import pytest
from aiohttp import web

from bot.mailbox import Mailbox, Tally
from bot.pages import manual
from bot.pages.site import Status, routes
from bot.wiring import _tally
from rules import catalogue
from tests.bot.databases import sqlite_in

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient
    from pytest_aiohttp.plugin import AiohttpClient

    Client = TestClient[web.Request, web.Application]

IDLE = Status(forges=("GitHub at api.github.com",), tally=Tally(3, 1, 0, 0, 0.0), ready=True)


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> Client:
    async def status() -> Status:
        return IDLE

    app = web.Application()
    app.add_routes(routes(status))
    return await aiohttp_client(app)


@pytest.mark.parametrize("path", ["/", "/rules", "/rules/entrypoint-lost", "/rules/none", "/static/hullcheck.css"])
async def test_nothing_on_a_page_may_run(client: Client, path: str) -> None:
    answer = await client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_every_rule_has_a_page_with_its_manual(client: Client) -> None:
    for rule in catalogue.load():
        answer = await client.get(f"/rules/{rule.id}")
        assert answer.status == 200
        assert "<h2>When to silence it</h2>" in await answer.text()


async def test_the_list_links_to_every_rule(client: Client) -> None:
    text = await (await client.get("/rules")).text()
    assert set(re.findall(r'href="/rules/([^"]+)"', text)) == {rule.id for rule in catalogue.load()}


async def test_another_linters_name_leads_to_the_rule(client: Client) -> None:
    answer = await client.get("/rules/dl3006", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/rules/base-image-unpinned")


async def test_a_name_that_is_markup_is_shown_as_text(client: Client) -> None:
    answer = await client.get("/rules/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert answer.status == 404
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in await answer.text()


async def test_editors_get_the_schema_of_the_policy(client: Client) -> None:
    schema = await (await client.get("/policy.schema.json")).json(content_type="application/schema+json")
    jsonschema.validate({"rules": {"entrypoint-lost": "off"}, "fail-on": "error"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"rules": {"entrypoint-last": "off"}}, schema)


async def test_the_status_says_what_waits(client: Client) -> None:
    text = await (await client.get("/")).text()
    assert "Ready for pull requests" in text
    assert '<th scope="row">Waiting</th><td>3</td>' in text


async def shown(aiohttp_client: AiohttpClient, known: Status) -> str:
    """Return the status page of what is known."""

    async def status() -> Status:
        return known

    app = web.Application()
    app.add_routes(routes(status))
    return await (await (await aiohttp_client(app)).get("/")).text()


async def test_the_status_says_how_long_work_is_overdue_and_whom_a_forge_holds_back(
    aiohttp_client: AiohttpClient,
) -> None:
    text = await shown(aiohttp_client, replace(IDLE, tally=Tally(3, 1, 2, 1, 130.0)))
    assert "<td>3, one overdue for 2 min</td>" in text
    assert "leave alone for now</th><td>1</td>" in text


async def test_a_database_that_is_away_does_not_take_the_status_with_it(
    aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    async with await Mailbox.open(sqlite_in(tmp_path)) as mailbox:
        assert await _tally(mailbox) == Tally(0, 0, 0, 0, 0.0)
        async with mailbox._database.write() as connection:
            await connection.exec_driver_sql("ALTER TABLE mailbox RENAME TO gone")
        known = replace(IDLE, tally=await _tally(mailbox), ready=False)
    text = await shown(aiohttp_client, known)
    assert "Not ready" in text
    assert "the database does not answer" in text


async def test_the_status_says_what_is_to_be_seen_to(aiohttp_client: AiohttpClient) -> None:
    text = await shown(aiohttp_client, replace(IDLE, troubles=("Hook 7 of project <b>: GitLab has disabled it.",)))
    assert "<li>Hook 7 of project &lt;b&gt;: GitLab has disabled it.</li>" in text


def test_markup_in_a_manual_is_shown_as_text() -> None:
    assert "<img" not in manual.html("Look <img src=x onerror=alert(1)>\n")


def test_a_link_that_runs_something_is_no_link() -> None:
    assert "<a" not in manual.html("[press](javascript:alert(1))")


def test_the_blocks_of_an_example_say_what_they_are() -> None:
    page = "```dockerfile before\nFROM a\n```\n```dockerfile\nFROM b\n```\n```findings\n1: `b` is <new>.\n```\n"
    text = manual.html(page)
    captions = ["Before the change", "After the change", "What Hullcheck says"]
    assert re.findall("<figcaption>(.*?)</figcaption>", text) == captions
    assert '<p class="said"><b>Line 1</b> <code>b</code> is &lt;new&gt;.</p>' in text
