"""`hullcheck gitlab connect` and `hullcheck gitlab check`: hooks made, put right, and looked after."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple, TextIO
from urllib.parse import urlsplit

from bot.cli.faults import UsageFault
from bot.cli.plain import plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import date
    from pathlib import Path

    from bot.forge_settings import GitLabSettings
    from bot.forges.gitlab.door import Door
    from bot.secret import Secret
    from bot.settings import Settings


class Request(NamedTuple):
    """What `connect` is asked for.

    Attributes:
        name: A project or group: its path, its number, or its page's address.
        url: This server's address; empty takes the setting.
        token_file: Holds the access token of somebody who may set hooks; `None` takes the server's own.
    """

    name: str
    url: str = ""
    token_file: Path | None = None


def connect(request: Request, out: TextIO) -> None:
    """Connect a project or group, and print what was done and what arrived.

    Raises:
        UsageFault: Something stands in the way; the sentence names the remedy.
    """
    settings = _settings()
    instance, path = _instance(settings, request.name)
    address = _address(settings, request.url)
    asyncio.run(_connect(instance, path, address, _token(request.token_file), out))


def check(out: TextIO, today: date) -> bool:
    """Print how the token and the hooks of each instance are, and tell whether somebody must see to something.

    Raises:
        UsageFault: The settings cannot be used.
    """
    settings = _settings()
    found = [asyncio.run(_check(each, settings.public_url, out, today)) for each in settings.gitlab]
    return any(found)


async def _connect(instance: GitLabSettings, path: str, address: str, token: Secret | None, out: TextIO) -> None:
    from bot.forges.gitlab import connecting, hooks  # noqa: PLC0415 - a review from the command line needs no forge

    wanted = hooks.Wanted(f"{address}{hooks.PATH}", instance.webhook_secret, instance.signing_token)
    async with _door(instance, instance.token) as door, _door(instance, token or instance.token) as other:
        try:
            async for line in connecting.connect(door, path, wanted, other if token else None):
                out.write(f"{plain(line)}\n")
        except connecting.CannotConnect as fault:
            raise UsageFault(plain(str(fault))) from fault


async def _check(instance: GitLabSettings, address: str, out: TextIO, today: date) -> bool:
    """Print how one instance is, and tell whether there is trouble."""
    from bot.forges.base import ForgeError  # noqa: PLC0415 - a review from the command line needs no forge
    from bot.forges.gitlab import connecting, watching  # noqa: PLC0415 - the same

    async with _door(instance, instance.token) as door:
        try:
            account = await connecting.account_of(door)
            seen = await watching.look(door, address, today)
        except (ForgeError, connecting.CannotConnect) as fault:
            out.write(f"{instance.instance}: {plain(str(fault))}\n")
            return True
    out.write(f"{instance.instance}: the token of @{plain(account.username)} is good.\n")
    if not seen.places:
        out.write(
            "  It may not list hooks (that takes a Maintainer), so whether GitLab has disabled one cannot be told.\n"
        )
    else:
        out.write(f"  It may list the hooks of {seen.places} projects and groups; hooks of this server: {seen.seen}.\n")
    out.writelines(f"  {plain(trouble)}\n" for trouble in seen.troubles)
    return bool(seen.troubles)


@asynccontextmanager
async def _door(instance: GitLabSettings, token: Secret) -> AsyncIterator[Door]:
    from bot.forges.gitlab import Door  # noqa: PLC0415 - a review from the command line needs no forge

    door = Door(instance.url, token)
    try:
        yield door
    finally:
        await door.close()


def _settings() -> Settings:
    """Read the server's own settings, among which a GitLab must be."""
    from bot.settings import Settings, SettingsError  # noqa: PLC0415 - a review from the command line needs none

    try:
        settings = Settings.from_process()
    except SettingsError as fault:
        raise UsageFault(str(fault)) from fault
    if not settings.gitlab:
        raise UsageFault("No GitLab is configured: set HULLCHECK_GITLAB_TOKEN and HULLCHECK_GITLAB_WEBHOOK_SECRET.")
    return settings


def _instance(settings: Settings, name: str) -> tuple[GitLabSettings, str]:
    """Return the instance that a name is for, and the path there."""
    known = ", ".join(each.url for each in settings.gitlab)
    if not urlsplit(name).scheme:
        if len(settings.gitlab) > 1:
            raise UsageFault(f"Several instances are configured ({known}). Give the whole address: URL/{name}.")
        return settings.gitlab[0], name
    for instance in settings.gitlab:
        if name.startswith(f"{instance.url}/"):
            path = name.removeprefix(f"{instance.url}/").partition("/-/")[0].strip("/")
            return instance, path.removeprefix("groups/").removesuffix(".git")
    raise UsageFault(f"{name} is on no instance that is configured: {known}. Set HULLCHECK_GITLAB_URL.")


def _address(settings: Settings, given: str) -> str:
    """Return this server's address, without a trailing slash."""
    address = (given or settings.public_url).rstrip("/").removesuffix("/webhooks/gitlab")
    if not address:
        raise UsageFault(
            "The address of this server is not known. Set HULLCHECK_PUBLIC_URL, or give --url https://YOUR-HOST."
        )
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageFault(f"{given} is not a web address. Write --url https://YOUR-HOST.")
    return address


def _token(file: Path | None) -> Secret | None:
    """Read the access token of somebody who may set hooks."""
    from bot.secret import Secret  # noqa: PLC0415 - a review from the command line needs none

    if file is None:
        return None
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or "it is not text"
        raise UsageFault(f"{file} cannot be read ({reason}). Name a file that holds an access token.") from fault
    if not text:
        raise UsageFault(f"{file} is empty. Write the access token into it.")
    return Secret(text)
