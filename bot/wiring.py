"""Puts the parts of the server together from the settings; the one place that knows them all."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import time
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

import aiohttp

from bot.catch_up import catch_up
from bot.forges.github import App, GitHub
from bot.forges.github.hook import Hook
from bot.forges.github.wire import Memory, Wire
from bot.forges.gitlab import Accounts, Door, Gate, GitLab
from bot.forges.gitlab.watching import look
from bot.handling import Handling
from bot.inbound.github import github_delivery
from bot.inbound.gitlab import Instance, gitlab_delivery
from bot.judgement import prepare
from bot.mailbox import DATABASE_FAULTS
from bot.pages import site
from bot.processes import Processes
from bot.readiness import Probe, Readiness
from bot.reconcile import reconcile
from bot.reviewer import Desk
from bot.serve import Parts, StartError
from bot.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AsyncExitStack
    from datetime import date

    from bot.app import Receiver
    from bot.forge_settings import GateName, GitHubSettings, GitLabSettings
    from bot.forges.base import Forge
    from bot.forges.gitlab.gate import Kind
    from bot.jobs import Delivery, ForgeName
    from bot.mailbox import Mailbox, Tally
    from bot.secret import Secret
    from bot.settings import Settings

JUDGEMENT_SECONDS = 30.0
DATABASE_SECONDS = 5.0
"""How long it is believed that the database takes what is written."""
CREDENTIALS_SECONDS = 60.0
"""How long the forges' word that our credentials are good is kept."""
_GITHUB_REMEDY = "check HULLCHECK_GITHUB_APP_ID and HULLCHECK_GITHUB_PRIVATE_KEY"
_KEY_NAME = "key of the marks"
_KINDS: Final[Mapping[GateName, frozenset[Kind]]] = {
    "none": frozenset(),
    "commit": frozenset({"commit"}),
    "external": frozenset({"external"}),
    "both": frozenset({"commit", "external"}),
}

_log = logging.getLogger(__name__)


async def wire(settings: Settings, mailbox: Mailbox, stack: AsyncExitStack) -> Parts:
    """Put the server together; see `bot.serve.serve`."""
    session = await stack.enter_async_context(aiohttp.ClientSession())
    places = min(settings.concurrency, os.cpu_count() or 1)
    processes = await _processes(places, stack)
    forges: dict[tuple[ForgeName, str], Forge] = {}
    receivers: dict[str, Receiver] = {}
    probes = {"database": Probe(mailbox.ping, DATABASE_SECONDS)}
    chores: dict[str, Callable[[], Awaitable[None]]] = {"warming up": partial(_warm_up, processes, places)}
    if settings.github is not None:
        hook = _add_github(settings.github, session, forges, receivers)
        probes["github"] = Probe(hook.check, CREDENTIALS_SECONDS, _GITHUB_REMEDY)
        chores["asking GitHub for missed deliveries"] = partial(_reconcile, mailbox, hook, settings.github)
    troubles: dict[str, tuple[str, ...]] = {}
    for gitlab in settings.gitlab:
        door = _door(gitlab, stack)
        made = forges["gitlab", gitlab.instance] = _gitlab(gitlab, door, mailbox)
        probes[f"gitlab at {gitlab.instance}"] = Probe(made.check, CREDENTIALS_SECONDS, _renew(gitlab))
        chores[f"looking at {gitlab.instance} for what was missed"] = partial(_catch_up, mailbox, door, gitlab.instance)
        chores[f"looking at the webhooks of {gitlab.instance}"] = partial(_watch, door, settings.public_url, troubles)
    spools = {"gitlab": Spool(settings.spool)} if settings.gitlab else {}
    if settings.gitlab:
        receivers["gitlab"] = partial(_gitlab_delivery, tuple(map(_caller, settings.gitlab)))
    handling = Handling(forges, await _desk(settings, mailbox, processes))
    readiness = Readiness(probes)
    status = partial(_status, settings, mailbox, readiness, troubles)
    return Parts(receivers, handling, handling.give_up, readiness, chores, tuple(site.routes(status)), spools)


async def _desk(settings: Settings, mailbox: Mailbox, processes: Processes) -> Desk:
    return Desk(
        run=processes.run,
        today=_today,
        key=await _mark_key(settings, mailbox),
        manual=f"{settings.public_url}/rules/{{rule}}" if settings.public_url else "",
    )


def _add_github(
    github: GitHubSettings,
    session: aiohttp.ClientSession,
    forges: dict[tuple[ForgeName, str], Forge],
    receivers: dict[str, Receiver],
) -> Hook:
    app = App(github.app_id, github.private_key)
    forges["github", github.instance] = GitHub(session, app, api_url=github.api_url, resolve=github.resolves)
    receivers["github"] = partial(github_delivery, secret=github.webhook_secret, instance=github.instance)
    return Hook(Wire(session, Memory(), github.api_url), app)


def _door(gitlab: GitLabSettings, stack: AsyncExitStack) -> Door:
    """Open the door of one instance, with threads of its own: a slow one delays nobody else."""
    door = Door(gitlab.url, gitlab.token)
    stack.push_async_callback(door.close)
    return door


def _gitlab(gitlab: GitLabSettings, door: Door, mailbox: Mailbox) -> GitLab:
    accounts = Accounts(gitlab.instance, gitlab.accounts, mailbox)
    return GitLab(door, gate=Gate(_KINDS[gitlab.gate]), accounts=accounts)


def _renew(gitlab: GitLabSettings) -> str:
    return f"set {gitlab.prefix}TOKEN to a new access token"


def _caller(gitlab: GitLabSettings) -> Instance:
    return Instance(gitlab.instance, gitlab.webhook_secret, gitlab.signing_token)


def _gitlab_delivery(instances: tuple[Instance, ...], headers: Mapping[str, str], body: bytes, /) -> Delivery:
    return gitlab_delivery(headers, body, instances, time.time())


def _today() -> date:
    return datetime.now(UTC).date()


async def _mark_key(settings: Settings, mailbox: Mailbox) -> bytes:
    """Return the key that signs our marks in comments.

    It is derived from a secret, so that a lost database does not make us repeat ourselves, and kept in the database,
    so that a new secret does not either.
    """
    kept = await mailbox.recall(_KEY_NAME)
    if kept is None:
        secret = settings.github.webhook_secret if settings.github else _lasting(settings.gitlab[0])
        kept = hmac.new(secret.reveal().encode(), b"hullcheck marks", hashlib.sha256).hexdigest()
        await mailbox.remember(_KEY_NAME, kept)
    return bytes.fromhex(kept)


def _lasting(gitlab: GitLabSettings) -> Secret:
    """Return the secret that outlives access tokens, of which each lasts a year at most."""
    return gitlab.webhook_secret or gitlab.signing_token or gitlab.token


async def _processes(places: int, stack: AsyncExitStack) -> Processes:
    """Open the processes that judge."""
    try:
        return await stack.enter_async_context(Processes(places, JUDGEMENT_SECONDS, loaded=["bot.prepared"]))
    except OSError as fault:
        raise StartError(
            f"The processes that judge get no socket in the folder for temporary files: {fault}. Set TMPDIR to a "
            "folder with a short name that can be written."
        ) from fault


async def _warm_up(processes: Processes, places: int) -> None:
    """Start the processes before a review waits for them, and replace those that died since."""
    async with asyncio.TaskGroup() as group:
        for _ in range(places):
            group.create_task(processes.run(prepare, None))


async def _reconcile(mailbox: Mailbox, hook: Hook, github: GitHubSettings) -> None:
    await reconcile(mailbox, hook.attempts, hook.redeliver, f"{github.instance} {github.app_id}")


async def _catch_up(mailbox: Mailbox, door: Door, instance: str) -> None:
    await catch_up(mailbox, door, instance)


async def _watch(door: Door, address: str, troubles: dict[str, tuple[str, ...]]) -> None:
    """Look after an instance's hooks, for the log and the status page."""
    troubles[door.url] = (await look(door, address, _today())).troubles
    for trouble in troubles[door.url]:
        _log.warning(trouble)


async def _status(
    settings: Settings, mailbox: Mailbox, readiness: Readiness, troubles: Mapping[str, tuple[str, ...]]
) -> site.Status:
    names = [f"GitHub at {settings.github.instance}"] if settings.github else []
    names += [f"GitLab at {each.instance}" for each in settings.gitlab]
    checks = await readiness.report()
    ready = all(answer == "ok" for answer in checks.values())
    told = tuple(chain.from_iterable(troubles.values()))
    return site.Status(tuple(names), await _tally(mailbox), ready, told)


async def _tally(mailbox: Mailbox) -> Tally | None:
    """Count the work; a database that is away is told by the page, and is no reason for there being none."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            return await mailbox.tally()
    except DATABASE_FAULTS:
        return None
