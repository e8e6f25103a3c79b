"""How many signed deliveries a second are stored, and how long one waits: `python -m tests.bench.inbound [URL]`.

The application runs in a process of its own, without a worker; the client sends distinct deliveries of 20 KB over some
connections at the same time. The URL is `sqlite:///path` or `postgresql://…`; without one, SQLite in a new folder.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from bot.app import make_app
from bot.database_url import with_driver
from bot.inbound.github import github_delivery
from bot.mailbox import Mailbox
from bot.readiness import Readiness
from tests.bot.github_deliveries import SECRET, packed, pull_request

if TYPE_CHECKING:
    from collections.abc import Iterator

DELIVERIES = 3000
CONNECTIONS = (1, 16, 64)
PULL_REQUESTS = 200


async def serve(url: str) -> None:
    """Serve until killed; print the port."""
    async with await Mailbox.open(url) as mailbox:
        app = make_app(mailbox, {"github": partial(github_delivery, secret=SECRET)}, Readiness({}))
        runner = web.AppRunner(app, access_log=None, auto_decompress=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def calls(label: str) -> Iterator[tuple[dict[str, str], bytes]]:
    """Make distinct deliveries about some pull requests."""
    for number in range(DELIVERIES):
        payload = pull_request("synchronize", filler="x" * 20_000)
        payload["pull_request"]["number"] = number % PULL_REQUESTS + 1
        yield packed("pull_request", payload, f"{label}-{number}")


async def send(url: str, work: Iterator[tuple[dict[str, str], bytes]], session: aiohttp.ClientSession) -> list[float]:
    """Send deliveries one after another and return the seconds that each took."""
    took = []
    for headers, body in work:
        began = time.perf_counter()
        async with session.post(url, headers=headers, data=body) as answer:
            assert answer.status == HTTPStatus.ACCEPTED, await answer.text()
        took.append(time.perf_counter() - began)
    return took


async def measure(url: str) -> None:
    """Print one line for each number of connections."""
    command = [sys.executable, "-m", "tests.bench.inbound", "--serve", url]
    server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    address = f"http://127.0.0.1:{int(await server.stdout.readline())}/webhooks/github"
    try:
        for connections in CONNECTIONS:
            prepared = iter(list(calls(f"c{connections}")))
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
                began = time.perf_counter()
                parts = await asyncio.gather(*(send(address, prepared, session) for _ in range(connections)))
                total = time.perf_counter() - began
            cuts = statistics.quantiles([each * 1000 for part in parts for each in part], n=100)
            print(
                f"{connections:3} connections: {DELIVERIES / total:6.0f} deliveries/s, "
                f"p50 {cuts[49]:5.1f} ms, p99 {cuts[98]:5.1f} ms"
            )
    finally:
        server.kill()
        await server.wait()


def main() -> None:
    """Measure, or serve when asked to."""
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(serve(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/hullcheck.db"
        asyncio.run(measure(with_driver(url)))


if __name__ == "__main__":
    main()
