"""`hullcheck serve` in a process of its own, on its default database, against the forge double."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.forge.github.double import GitHubDouble

PATIENCE: Final = 30.0
"""Seconds until the server must be ready."""


class DidNotStartError(Exception):
    """The server ended, or was not ready in time; the text is what it logged."""


@asynccontextmanager
async def serving(forge: GitHubDouble, folder: Path) -> AsyncIterator[str]:
    """Run the server and yield its address; it is stopped as an operator stops it, with SIGTERM.

    Args:
        forge: Whose App the server is.
        folder: Its working directory: the database and the log `server.log` appear there.

    Raises:
        DidNotStartError: It is not ready after `PATIENCE` seconds.
    """
    url = f"http://127.0.0.1:{_free_port()}"
    key = folder / "app.pem"
    key.touch(mode=0o600)
    key.write_text(forge.app.private_key, "ascii")
    settings = {
        "HULLCHECK_HOST": "127.0.0.1",
        "HULLCHECK_PORT": url.rpartition(":")[2],
        "HULLCHECK_PUBLIC_URL": url,
        "HULLCHECK_GITHUB_API_URL": forge.api_url,
        "HULLCHECK_GITHUB_APP_ID": str(forge.app.id),
        "HULLCHECK_GITHUB_PRIVATE_KEY_FILE": str(key),
        "HULLCHECK_GITHUB_WEBHOOK_SECRET": forge.app.webhook_secret,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    log = folder / "server.log"
    with log.open("wb") as out:
        # A session of its own: Ctrl-C is for the demo, which stops the server in its own time.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.cli",
            "serve",
            cwd=folder,
            env=settings,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            await _ready(url, process, log)
            yield url
        finally:
            await _stop(process)


async def _ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    async with aiohttp.ClientSession() as session:
        while process.returncode is None and asyncio.get_running_loop().time() < deadline:
            try:
                async with session.get(f"{url}/readyz") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
    raise DidNotStartError(await asyncio.to_thread(log.read_text, "utf-8", "replace"))


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), timeout=20)
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
