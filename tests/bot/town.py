"""A GitLab with one project and our own receiver behind its hook, for the tests of `hullcheck gitlab`."""

from __future__ import annotations

import asyncio
import io
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest
from aiohttp import web

from bot.app import make_app
from bot.cli import gitlab
from bot.cli.faults import UsageFault
from bot.cli.gitlab import Request
from bot.inbound.gitlab import Instance, gitlab_delivery
from bot.mailbox import Mailbox
from bot.readiness import Readiness
from bot.secret import Secret
from tests.bot.databases import sqlite_in
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

    async with await Mailbox.open(sqlite_in(folder)) as mailbox:
        runner = web.AppRunner(make_app(mailbox, {"gitlab": read}, Readiness({})), auto_decompress=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()
