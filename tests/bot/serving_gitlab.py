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
async def serving_both(folder: Path, **changed: str | None) -> AsyncIterator[Both]:
    """Run both forge doubles and the server between them; keywords change its settings, `None` removes one."""
    async with GitLabDouble.start() as gitlab:
        settings: dict[str, str | None] = {
            "HULLCHECK_GITLAB_URL": gitlab.web_url,
            "HULLCHECK_GITLAB_TOKEN": gitlab.token,
            "HULLCHECK_GITLAB_WEBHOOK_SECRET": gitlab.hook_token,
        }
        settings |= {f"HULLCHECK_{name}": value for name, value in changed.items()}
        given = {name: value for name, value in settings.items() if value is not None}
        async with serving(folder, given) as server:
            gitlab.webhook_url = f"{server.url}/webhooks/gitlab"
            yield Both(server, gitlab)
