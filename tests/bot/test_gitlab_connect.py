"""`hullcheck gitlab connect` against a whole GitLab, with the server's own receiver behind the hook."""

from __future__ import annotations

import asyncio

import pytest

from bot.cli import main
from tests.bot.town import NAME, SECRET, Town
from tests.forge.faults import Fault
from tests.forge.gitlab.double import SIGNING_TOKEN


async def test_a_hook_is_made_tried_and_what_arrived_is_said(town: Town) -> None:
    said = await town.connect()
    hook = town.hook
    assert (hook.url, hook.token) == (f"{town.address}/webhooks/gitlab", SECRET)
    assert (hook.merge_requests_events, hook.note_events, hook.push_events) == (True, True, False)
    assert hook.enable_ssl_verification
    assert [each.status for each in town.forge.deliveries] == [202]
    expires = town.forge.tokens[town.forge.token].expires
    assert said.splitlines() == [
        f"Token: scope api, account @{town.forge.bot.username}, until {expires:%Y-%m-%d}.",
        f"Project {NAME}: the account has the role Maintainer.",
        f"Hook {hook.id}: made, for merge requests and comments, to {hook.url}.",
        "Test: GitLab sent a merge request event, and this server took it (202).",
        f"Connected: merge requests of project {NAME} are reviewed.",
    ]
    assert SECRET not in said


async def test_a_second_time_changes_nothing(town: Town) -> None:
    await town.connect()
    before = town.hook
    said = await town.connect(str(town.project.id))
    assert town.hook is before
    assert f"Hook {before.id}: stands as it should; its secrets are set anew." in said


async def test_a_hook_that_is_wrong_is_put_right(town: Town) -> None:
    town.project.add_hook(f"{town.address}/webhooks/gitlab", token="old", enable_ssl_verification=False)
    said = await town.connect(town.project.web_url + "/-/hooks")
    assert (town.hook.token, town.hook.note_events, town.hook.push_events) == (SECRET, True, False)
    assert (
        "put right: the verification of certificates, merge requests events, note events, push events; its secrets"
        in said
    )


async def test_a_server_that_has_moved_takes_its_hook_along(town: Town) -> None:
    town.project.add_hook("https://old.example.com/webhooks/gitlab", name="Hullcheck")
    other = town.project.add_hook("https://ci.example.com/hook", name="CI")
    assert "put right: the address" in await town.connect()
    assert [hook.url for hook in town.project.hooks] == [f"{town.address}/webhooks/gitlab", other.url]


async def test_a_hook_too_many_is_named_and_left(town: Town) -> None:
    for _ in range(2):
        town.project.add_hook(f"{town.address}/webhooks/gitlab")
    assert f"Hook {town.project.hooks[1].id} calls this server as well; delete it." in await town.connect()
    assert len(town.project.hooks) == 2


async def test_a_disabled_hook_works_again_after_the_test(town: Town) -> None:
    await town.connect()
    town.hook.failures = 40
    assert "Connected: " in await town.connect()
    assert town.hook.status(town.forge.clock.now()) == "executable"


async def test_the_hook_signs_where_the_instance_can(town: Town) -> None:
    town.set(GITLAB_SIGNING_TOKEN=SIGNING_TOKEN)
    said = await town.connect()
    assert town.hook.signing_token == SIGNING_TOKEN
    assert "does not sign" not in said


async def test_an_instance_that_does_not_sign_needs_the_secret(town: Town) -> None:
    town.forge.version = "18.2.0"
    town.set(GITLAB_SIGNING_TOKEN=SIGNING_TOKEN)
    assert "This GitLab does not sign its calls; the webhook secret proves them." in await town.connect()
    town.patch.delenv("HULLCHECK_GITLAB_WEBHOOK_SECRET")
    assert "Set a webhook secret" in await town.refused()


async def test_a_project_without_merge_requests_is_tried_by_a_push(town: Town) -> None:
    town.forge.create_project("group/new", bot_level=40)
    assert "GitLab sent a push event, and this server took it (202)." in await town.connect("group/new")


async def test_a_group_is_connected_with_all_below_it(town: Town) -> None:
    town.forge.group("group").members[town.forge.bot.username] = 50
    said = await town.connect("group")
    assert town.hook.group == "group"
    assert "Group group: the account has the role Owner." in said
    town.project.merge_requests[1].close()
    await town.forge.settled()
    assert town.forge.deliveries[-1].status == 202


@pytest.mark.parametrize("status", [404, 403])
async def test_gitlab_free_has_no_hooks_for_groups(town: Town, status: int) -> None:
    town.forge.group("group").members[town.forge.bot.username] = 50
    town.forge.licensed = False
    if status == 403:
        town.forge.faults.add(Fault("GET", r"/groups/\d+/hooks$", status=403, body=b'{"message": "403 Forbidden"}'))
    told = await town.refused("group")
    assert told.startswith(f"Group group cannot have hooks (GitLab: {status}")
    assert told.endswith("GitLab Free has none for groups. Connect its projects one by one.")


async def test_a_maintainer_who_may_not_see_hooks_is_told(town: Town) -> None:
    town.forge.faults.add(Fault("GET", r"/hooks$", status=403, body=b'{"message": "403 Forbidden"}'))
    assert "may not see the hooks of project group/sub/web (GitLab: 403" in await town.refused()


async def test_an_old_gitlab_without_tests_is_connected_all_the_same(town: Town) -> None:
    town.forge.faults.add(Fault("POST", r"/test/", status=404, body=b'{"error": "404 Not Found"}', times=None))
    assert "Press Test on the hook's page." in await town.connect()


async def test_the_address_of_the_server_is_a_setting(town: Town) -> None:
    assert "--url https://YOUR-HOST" in await town.refused(url="")
    assert "is not a web address" in await town.refused(url="bot.example.com")
    town.set(PUBLIC_URL=town.address)
    assert "Connected: " in await town.connect(url="")


async def checked(town: Town, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = await asyncio.to_thread(main, ["gitlab", "check"])
    return code, capsys.readouterr().out


async def test_the_check_tells_of_a_disabled_hook(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    await town.connect()
    code, said = await checked(town, capsys)
    assert (code, "hooks of this server: 1." in said) == (0, True)
    town.hook.failures = 40
    code, said = await checked(town, capsys)
    assert code == 1
    assert f"GitLab has disabled it for good, since its calls failed. Run hullcheck gitlab connect {NAME}." in said


async def test_the_check_says_what_a_developer_cannot_know(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.give(30)
    code, said = await checked(town, capsys)
    assert (code, "It may not list hooks" in said) == (0, True)


async def test_the_check_tells_of_a_dead_token(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.forge.tokens[town.forge.token].revoked = True
    code, said = await checked(town, capsys)
    assert (code, "refuses the access token" in said) == (1, True)


def test_the_command_line_names_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gitlab", "connect"]) == 2
    assert "PROJECT_OR_GROUP" in capsys.readouterr().err
