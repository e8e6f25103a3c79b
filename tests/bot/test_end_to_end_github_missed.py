"""The server is away, GitHub goes on, the server comes back: what failed is asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bot.reviewing import PINNED, UNPINNED
from tests.bot.serving import serving, until
from tests.bot.test_end_to_end_github import opened, reviewed

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_is_pushed_while_the_server_is_away_is_reviewed_once_when_it_is_back(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        pull = opened(server, PINNED + "EXPOSE 1\n")
        await reviewed(pull)
        await server.kill()
        pull.push({"Dockerfile": UNPINNED})
        await server.forge.settled()
        assert [each.status for each in server.forge.deliveries if each.event == "pull_request"][-1] != 202
        await server.start()
        await reviewed(pull)
        await until(lambda: pull.reviews)
        assert [review.commit for review in pull.reviews] == [pull.head]
