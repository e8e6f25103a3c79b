"""Hooks that GitLab has disabled are noticed: by a look at them, and by the server itself."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import date
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession

from bot.forges.base import Denied
from bot.forges.gitlab import Door
from bot.forges.gitlab.watching import look
from bot.secret import Secret
from tests.bot.serving import serving, until
from tests.forge.faults import Fault
from tests.forge.gitlab.double import GitLabDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.forges.gitlab.watching import Look

ADDRESS = "https://bot.example.com"
HEARD = {"merge_requests_events": True, "note_events": True}


@asynccontextmanager
async def gitlab() -> AsyncIterator[tuple[GitLabDouble, Door]]:
    async with GitLabDouble.start() as forge:
        door = Door(forge.web_url, Secret(forge.token))
        yield forge, door
        await door.close()


async def seen(forge: GitLabDouble, door: Door, address: str = ADDRESS) -> Look:
    return await look(door, address, forge.clock.now().date())


async def test_hooks_that_work_are_counted_and_nothing_is_said() -> None:
    async with gitlab() as (forge, door):
        for name in ("a/one", "a/two"):
            forge.create_project(name, bot_level=40).add_hook(f"{ADDRESS}/webhooks/gitlab", **HEARD)
        forge.create_project("b/elsewhere", bot_level=40).add_hook("https://ci.example.com/hook")
        forge.create_project("c/developer").add_hook(f"{ADDRESS}/webhooks/gitlab", **HEARD)
        assert await seen(forge, door) == (2, 3, ())


@pytest.mark.parametrize(
    ("failures", "words"), [(40, "GitLab has disabled it for good"), (4, "GitLab has disabled it until 20")]
)
async def test_a_disabled_hook_is_named_with_the_remedy(failures: int, words: str) -> None:
    async with gitlab() as (forge, door):
        project = forge.create_project("a/one", bot_level=40)
        hook = project.add_hook(f"{ADDRESS}/webhooks/gitlab", **HEARD)
        hook.failures, hook.disabled_until = failures, forge.clock.now()
        forge.hooks._judge(hook, ok=False)
        [trouble] = (await seen(forge, door)).troubles
        assert trouble.startswith(f"Hook {hook.id} of project a/one at 127.0.0.1:")
        assert words in trouble
        assert trouble.endswith("Run hullcheck gitlab connect a/one.")


async def test_a_hook_that_hears_too_little_is_named() -> None:
    async with gitlab() as (forge, door):
        project = forge.create_project("a/one", bot_level=40)
        project.add_hook(f"{ADDRESS}/webhooks/gitlab", merge_requests_events=True)
        [trouble] = (await seen(forge, door)).troubles
        assert "it is not told of note events" in trouble


async def test_hooks_of_groups_are_seen_by_their_owners() -> None:
    async with gitlab() as (forge, door):
        forge.group("a").members[forge.bot.username] = 50
        hook = forge.add_group_hook("a", f"{ADDRESS}/webhooks/gitlab", failures=40, **HEARD)
        assert f"Hook {hook.id} of group a" in (await seen(forge, door)).troubles[0]
        forge.licensed = False
        assert await seen(forge, door) == (0, 0, ())


async def test_without_an_address_the_path_tells_ours() -> None:
    async with gitlab() as (forge, door):
        project = forge.create_project("a/one", bot_level=40)
        project.add_hook("https://other.example.com/webhooks/gitlab", **HEARD)
        assert (await seen(forge, door)).seen == 0
        assert (await seen(forge, door, "")).seen == 1


async def test_a_developer_sees_no_hooks_and_three_requests_are_all() -> None:
    async with gitlab() as (forge, door):
        for number in range(5):
            forge.create_project(f"a/{number}").add_hook(f"{ADDRESS}/webhooks/gitlab", failures=40)
        assert await seen(forge, door) == (0, 0, ())
        assert len(forge.requests) == 3


async def test_a_project_that_hides_its_hooks_all_the_same_is_left_out() -> None:
    async with gitlab() as (forge, door):
        project = forge.create_project("a/one", bot_level=40)
        project.add_hook(f"{ADDRESS}/webhooks/gitlab", **HEARD)
        forge.create_project("a/two", bot_level=40).archived = True
        forge.faults.add(
            Fault("GET", rf"/projects/{project.id}/hooks", status=403, body=b'{"message": "403 Forbidden"}')
        )
        assert await seen(forge, door) == (0, 1, ())


async def test_a_token_that_dies_soon_is_named() -> None:
    async with gitlab() as (forge, door):
        expires = forge.tokens[forge.token].expires
        assert expires is not None
        [trouble] = (await look(door, ADDRESS, expires.date())).troubles
        assert trouble.endswith(f"expires on {expires:%Y-%m-%d}. Rotate it; a new one would be another user.")
        assert (await look(door, ADDRESS, date(2020, 1, 1))).troubles == ()


async def test_a_dead_token_is_a_fault_of_the_look() -> None:
    async with gitlab() as (forge, door):
        forge.tokens[forge.token].revoked = True
        with pytest.raises(Denied):
            await seen(forge, door)


async def test_the_server_tells_of_a_disabled_hook_by_itself(tmp_path: Path) -> None:
    async with GitLabDouble.start() as forge:
        project = forge.create_project("a/one", bot_level=40)
        project.add_hook(f"{ADDRESS}/webhooks/gitlab", failures=40, **HEARD)
        settings = {
            "HULLCHECK_GITLAB_URL": forge.web_url,
            "HULLCHECK_GITLAB_TOKEN": forge.token,
            "HULLCHECK_GITLAB_WEBHOOK_SECRET": forge.hook_token,
            "HULLCHECK_PUBLIC_URL": ADDRESS,
        }
        async with serving(tmp_path, settings) as server, ClientSession() as session:
            await until(lambda: any("GitLab has disabled it for good" in line for line in server.log))
            async with session.get(f"{server.url}/") as page:
                assert "GitLab has disabled it for good" in await page.text()
            async with session.get(f"{server.url}/readyz") as ready:
                assert ready.status == 200
