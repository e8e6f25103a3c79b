"""`hullcheck serve` in a process of its own, with GitHub on one side and GitLab on the other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from tests.bot.serving import Server, serving
from tests.forge.gitlab.double import GitLabDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Both(NamedTuple):
    """The server and GitLab; GitHub is `server.forge`."""

    server: Server
    gitlab: GitLabDouble


@asynccontextmanager
async def serving_both(folder: Path) -> AsyncIterator[Both]:
    """Run both forge doubles and the server between them."""
    async with GitLabDouble.start() as gitlab:
        settings = {
            "HULLCHECK_GITLAB_URL": gitlab.web_url,
            "HULLCHECK_GITLAB_TOKEN": gitlab.token,
            "HULLCHECK_GITLAB_WEBHOOK_SECRET": gitlab.hook_token,
        }
        async with serving(folder, settings) as server:
            gitlab.webhook_url = f"{server.url}/webhooks/gitlab"
            yield Both(server, gitlab)
