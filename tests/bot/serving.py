"""`hullcheck serve` in a process of its own, which a test can also kill."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from tests.bot.template import Forked, forked
from tests.forge.github.double import GitHubDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

PATIENCE: Final = 40.0
"""Seconds until what a test waits for must be so."""


Process: TypeAlias = asyncio.subprocess.Process | Forked


async def anew(settings: Mapping[str, str], folder: Path) -> Process:
    """Start a server as an operator does."""
    # A session of its own: Ctrl-C in a terminal is for us, who stop the server in our own time.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "serve"),
        cwd=folder,
        env=settings,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


class Server:
    """The server of one forge double, on its default database in a folder.

    Args:
        forge: Whose App it is.
        folder: Its working directory.
        settings: Besides those that every such server has.
        launch: Starts its process: `anew`, or `forked`, which takes a tenth of the time.

    Attributes:
        database_url: Another database may be named before the start.
        url: Where it listens.
        log: What it has logged so far.
    """

    def __init__(
        self,
        forge: GitHubDouble,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        launch: Callable[[Mapping[str, str], Path], Awaitable[Process]] = forked,
    ) -> None:
        self.forge = forge
        self.folder = folder
        self.settings = settings or {}
        self.database_url = f"sqlite:///{folder}/hullcheck.db"
        self.url = ""
        self.log: list[str] = []
        self._launch = launch
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it and wait until it listens; the forge delivers to it from now on."""
        settings = {
            "HULLCHECK_HOST": "127.0.0.1",
            "HULLCHECK_PORT": "0",
            "HULLCHECK_CONCURRENCY": "2",
            "HULLCHECK_DATABASE_URL": self.database_url,
            "HULLCHECK_GITHUB_API_URL": self.forge.api_url,
            "HULLCHECK_GITHUB_APP_ID": str(self.forge.app.id),
            "HULLCHECK_GITHUB_PRIVATE_KEY": self.forge.app.private_key,
            "HULLCHECK_GITHUB_WEBHOOK_SECRET": self.forge.app.webhook_secret,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **self.settings,
        }
        self._process = await self._launch(settings, self.folder)
        listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read(listening))
        self.url = f"http://127.0.0.1:{await asyncio.wait_for(listening, PATIENCE)}"
        self.forge.webhook_url = f"{self.url}/webhooks/github"

    async def kill(self) -> None:
        """Kill it as the system does when memory runs out, and let its leases run out."""
        assert self._process is not None
        self._process.kill()
        await self._ended()
        with sqlite3.connect(self.folder / "hullcheck.db") as database:
            database.execute("UPDATE mailbox SET lease_until = 0 WHERE owner IS NOT NULL")
        database.close()

    async def stop(self) -> int:
        """Stop it as an operator does, and return its exit code."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.terminate()
        return await self._ended()

    async def _ended(self) -> int:
        assert self._process is not None
        assert self._reading is not None
        code = await asyncio.wait_for(self._process.wait(), PATIENCE)
        await self._reading
        return code

    async def _read(self, listening: asyncio.Future[int]) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.log.append(line.decode())
            with suppress(ValueError):
                entry = json.loads(line)
                if entry.get("message") == "listening":
                    listening.set_result(entry["port"])
        if not listening.done():
            listening.set_exception(AssertionError("".join(self.log)))


@asynccontextmanager
async def serving(
    folder: Path,
    settings: Mapping[str, str] | None = None,
    launch: Callable[[Mapping[str, str], Path], Awaitable[Process]] = forked,
) -> AsyncIterator[Server]:
    """Run a forge double and the server beside it."""
    async with GitHubDouble.start() as forge:
        server = Server(forge, folder, settings, launch)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


async def until(true: Callable[[], object]) -> None:
    """Return once something is so; the double has no way to tell, so it is asked again and again."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)
