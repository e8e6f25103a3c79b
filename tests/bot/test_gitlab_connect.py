"""`hullcheck gitlab connect` against a whole GitLab, with the server's own receiver behind the hook."""

from __future__ import annotations

import asyncio
import io
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest
from aiohttp import web

from bot.app import make_app
from bot.cli import gitlab, main
from bot.cli.faults import UsageFault
from bot.cli.gitlab import Request
from bot.inbound.gitlab import Instance, gitlab_delivery
from bot.mailbox import Mailbox
from bot.readiness import Readiness
from bot.secret import Secret
from tests.bot.test_settings import GITHUB
from tests.forge.faults import Fault
from tests.forge.gitlab.double import SIGNING_TOKEN, GitLabDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from bot.jobs import Delivery
    from tests.forge.gitlab.project import Project
    from tests.forge.gitlab.webhooks import Hook

SECRET = "the secret of the hook"
NAME = "group/sub/web"


class Town(NamedTuple):
    """A GitLab with one project, the server's address, and the settings of both."""

    forge: GitLabDouble
    project: Project
    address: str
    patch: pytest.MonkeyPatch
    folder: Path

    async def connect(self, name: str = NAME, **more: str | Path) -> str:
        """Run the command and return what it prints."""
        out = io.StringIO()
        request = Request(name, **{"url": self.address, **more})  # type: ignore[arg-type]  # its fields
        await asyncio.to_thread(gitlab.connect, request, out)
        return out.getvalue()

    async def refused(self, name: str = NAME, **more: str | Path) -> str:
        """Run the command, which must end with a plain sentence, and return that."""
        with pytest.raises(UsageFault) as caught:
            await self.connect(name, **more)
        return str(caught.value)

    def give(self, level: int) -> None:
        """Give the token's account another role."""
        self.project.members[self.forge.bot.username] = level

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.patch.setenv(f"HULLCHECK_{name}", value)

    @property
    def hook(self) -> Hook:
        [hook] = self.forge.hooks.all
        return hook


@asynccontextmanager
async def receiving(forge: GitLabDouble, folder: Path) -> AsyncIterator[str]:
    """Serve the receiver of GitLab's calls, and nothing behind it."""
    instance = Instance(forge.web_url.partition("://")[2], Secret(SECRET), Secret(SIGNING_TOKEN))

    def read(headers: Mapping[str, str], body: bytes, /) -> Delivery:
        return gitlab_delivery(headers, body, (instance,), time.time())

    async with await Mailbox.open(f"sqlite+aiosqlite:///{folder}/hullcheck.db") as mailbox:
        runner = web.AppRunner(make_app(mailbox, {"gitlab": read}, Readiness({})), auto_decompress=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()


@pytest.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    async with GitLabDouble.start() as forge, receiving(forge, tmp_path) as address:
        project = forge.create_project(NAME, {"Dockerfile": "FROM debian:12\n"}, bot_level=40)
        project.open_merge_request(files={"Dockerfile": "FROM debian:13\n"})
        town = Town(forge, project, address, monkeypatch, tmp_path)
        town.set(GITLAB_URL=forge.web_url, GITLAB_TOKEN=forge.token, GITLAB_WEBHOOK_SECRET=SECRET)
        yield town


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


async def test_an_old_gitlab_without_tests_is_connected_all_the_same(town: Town) -> None:
    town.forge.faults.add(Fault("POST", r"/test/", status=404, body=b'{"error": "404 Not Found"}', times=None))
    assert "Press Test on the hook's page." in await town.connect()


async def test_the_address_of_the_server_is_a_setting(town: Town) -> None:
    assert "--url https://YOUR-HOST" in await town.refused(url="")
    assert "is not a web address" in await town.refused(url="bot.example.com")
    town.set(PUBLIC_URL=town.address)
    assert "Connected: " in await town.connect(url="")


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


async def checked(town: Town, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = await asyncio.to_thread(main, ["gitlab", "check"])
    return code, capsys.readouterr().out


async def test_the_check_tells_of_a_disabled_hook(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    await town.connect()
    code, said = await checked(town, capsys)
    assert (code, "1 hooks of this server in 1 projects and groups." in said) == (0, True)
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
