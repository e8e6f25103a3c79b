"""What `hullcheck gitlab connect` refuses: tokens and roles that do not do, and hooks that do not arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from tests.bot.test_settings import GITHUB
from tests.forge.faults import Fault

if TYPE_CHECKING:
    from tests.bot.town import Town


async def test_somebody_elses_token_sets_the_hook_and_no_more(town: Town) -> None:
    town.give(30)
    told = await town.refused()
    assert "has the role Developer" in told
    assert "hooks are set with Maintainer" in told
    assert "--token-file" in told
    file = town.folder / "token"
    file.write_text(town.forge.create_token(town.forge.user("owner"), "mine").value + "\n")
    said = await town.connect(token_file=file)
    assert f"account @{town.forge.bot.username}" in said
    assert "Connected: " in said


async def test_a_group_wants_an_owner(town: Town) -> None:
    town.forge.group("group").members[town.forge.bot.username] = 40
    assert "has the role Maintainer in group group, and hooks are set with Owner" in await town.refused("group")


async def test_a_role_too_low_to_resolve_is_refused(town: Town) -> None:
    town.give(20)
    assert "The role Reporter is too low" in await town.refused()
    assert town.forge.hooks.all == []


@pytest.mark.parametrize(
    ("scopes", "words"), [(("read_api",), "has the scope read_api"), (("read_repository",), "has another scope")]
)
async def test_a_token_without_the_scope_is_refused(town: Town, scopes: tuple[str, ...], words: str) -> None:
    town.set(GITLAB_TOKEN=town.forge.create_token(town.forge.bot, "less", scopes).value)
    told = await town.refused()
    assert words in told
    assert "api is needed" in told


async def test_a_dead_token_is_refused(town: Town) -> None:
    town.forge.tokens[town.forge.token].revoked = True
    assert "wrong, revoked or expired. Rotate it" in await town.refused()


async def test_a_gitlab_that_is_too_old_is_refused(town: Town) -> None:
    town.forge.version = "15.11.2"
    assert await town.refused() == "GitLab 15.11.2 is too old: 16.0 or newer is needed. Upgrade the instance."


async def test_an_unknown_project_is_named(town: Town) -> None:
    told = await town.refused("group/wbe")
    assert told.startswith(f"There is no project and no group group/wbe that @{town.forge.bot.username} may see.")


async def test_a_renamed_project_is_to_be_named_as_it_is(town: Town) -> None:
    town.project.rename("group/sub/site")
    assert "Was it renamed?" in await town.refused()


async def test_an_instance_that_does_not_answer_is_named(town: Town) -> None:
    town.set(GITLAB_URL="http://127.0.0.1:1")
    assert (await town.refused()).startswith("http://127.0.0.1:1 does not answer as GitLab does")


async def test_another_secret_on_the_server_is_found_out(town: Town) -> None:
    town.set(GITLAB_WEBHOOK_SECRET="another one")
    assert "answered 401: the server that runs there has another webhook secret" in await town.refused()


async def test_a_server_that_gitlab_does_not_reach_is_found_out(town: Town) -> None:
    told = await town.refused(url="http://127.0.0.1:9")
    assert told.startswith("GitLab does not reach http://127.0.0.1:9/webhooks/gitlab (")
    assert "Is the server running" in told


async def test_an_address_with_another_program_behind_it_is_found_out(town: Town) -> None:
    async def anything(_: web.Request) -> web.Response:
        return web.Response(text="<html>Please sign in</html>")

    app = web.Application()
    app.router.add_post("/{tail:.*}", anything)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told = await town.refused(url=f"http://127.0.0.1:{runner.addresses[0][1]}")
    assert told.startswith("Something answered 200 at ")
    await runner.cleanup()


async def test_an_address_that_gitlab_blocks_is_explained(town: Town) -> None:
    blocked = Fault(
        "POST",
        r"/hooks$",
        status=422,
        body=b'{"message": {"url": ["is blocked: Requests to localhost are not allowed"]}}',
    )
    town.forge.faults.add(blocked)
    assert "Admin → Settings → Network → Outbound requests" in await town.refused()


async def test_too_many_tests_are_to_be_waited_for(town: Town) -> None:
    town.forge.limits.tests_per_minute = 0
    told = await town.refused()
    assert told.startswith("The hook is set but could not be tried (GitLab: 429)")
    assert told.endswith("Run this again in a minute.")


async def test_of_several_instances_one_is_named_by_the_address(town: Town) -> None:
    town.set(GITLAB_2_URL="https://git.example.org", GITLAB_2_TOKEN="x", GITLAB_2_WEBHOOK_SECRET="y")
    assert "Several instances are configured" in await town.refused()
    assert "is on no instance that is configured" in await town.refused("https://elsewhere.example.com/a/b")
    assert "Connected: " in await town.connect(town.project.web_url)


async def test_without_gitlab_there_is_nothing_to_connect(town: Town) -> None:
    for name in ("URL", "TOKEN", "WEBHOOK_SECRET"):
        town.patch.delenv(f"HULLCHECK_GITLAB_{name}")
    town.set(**{name.removeprefix("HULLCHECK_"): value for name, value in GITHUB.items()})
    assert "No GitLab is configured" in await town.refused()


@pytest.mark.parametrize(("text", "words"), [(None, "cannot be read"), ("", "is empty")])
async def test_a_token_file_that_says_nothing_is_named(town: Town, text: str | None, words: str) -> None:
    file = town.folder / "token"
    if text is not None:
        file.write_text(text)
    assert words in await town.refused(token_file=file)
