"""Runs the demo: deliveries in, reviews out, and both shown."""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from aiohttp import web

from tests.bot.serving import anew, serving, until
from tests.demo import page, terminal
from tests.demo.changes import NAMES, change, opened
from tests.demo.posted import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.pulls import PullRequest


def main() -> None:
    """Run the demo; where a person looks on, the page stays until Ctrl-C."""
    stay = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        asyncio.run(show(sys.stdout, stay=stay))
    except KeyboardInterrupt:
        sys.stdout.write("\n")


async def show(out: TextIO, *, stay: bool) -> None:
    """Open the pull requests, wait for the reviews, print them, and serve them as a page.

    Raises:
        TimeoutError: A review does not stand in time.
    """
    with tempfile.TemporaryDirectory(prefix="hullcheck-demo-") as folder:
        async with serving(Path(folder), _address(), anew) as server:
            forge = server.forge
            out.write(f"hullcheck serve runs at {server.url}; its forge is a double of GitHub at {forge.api_url}.\n")
            started = asyncio.get_running_loop().time()
            pulls = [opened(forge, change(name)) for name in NAMES]
            await forge.settled()
            _print_deliveries(forge, out)
            await until(lambda: all(map(_reviewed, pulls)))
            seconds = asyncio.get_running_loop().time() - started
            out.write(f"All reviews stand {seconds:.1f} seconds after the pull requests were opened.\n\n")
            for pull in pulls:
                terminal.write(shown(pull), out)
            await _serve_page(pulls, out, stay=stay)


def _print_deliveries(forge: GitHubDouble, out: TextIO) -> None:
    for delivery in forge.deliveries:
        if delivery.event == "pull_request":
            name = delivery.payload["repository"]["full_name"]
            answer = f"answered {delivery.status} in {delivery.duration * 1000:.0f} ms"
            out.write(f"  {name:<20} pull_request.{delivery.action}, signed: {answer}\n")


def _address() -> dict[str, str]:
    """Choose where the server listens, so that it knows how to link to its own manual."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return {"HULLCHECK_PORT": str(port), "HULLCHECK_PUBLIC_URL": f"http://127.0.0.1:{port}"}


def _reviewed(pull: PullRequest) -> bool:
    """Tell whether a head has a completed check: the bot completes it last."""
    return any(run.head == pull.head and run.conclusion for run in pull.project.check_runs)


async def _serve_page(pulls: Sequence[PullRequest], out: TextIO, *, stay: bool) -> None:
    runner = web.AppRunner(page.application(lambda: [shown(pull) for pull in pulls]))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        out.write(f"The same as a page: http://{host}:{port}/\n")
        if stay:
            out.write("Ctrl-C ends the demo.\n")
            await asyncio.Event().wait()
    finally:
        await runner.cleanup()
