"""`hullcheck parked` and `hullcheck retry`: work that the server gave up, and another try at it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from bot.cli.faults import UsageFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.mailbox import Mailbox, ParkedWork


def parked(out: TextIO) -> None:
    """Print one line for each pull request whose work is parked.

    Raises:
        UsageFault: The settings or the database cannot be used.
    """
    for work in asyncio.run(_listed()):
        since = datetime.fromtimestamp(work.parked_at, UTC).strftime("%Y-%m-%d %H:%MZ")
        out.write(f"{work.pull_request}  since {since}  attempts: {work.attempts}  {work.error}\n")


def retry(names: Sequence[str], out: TextIO) -> None:
    """Let parked work run again: what is named, or all.

    Args:
        names: As `parked` prints them; empty for all.
        out: Told how many there were.

    Raises:
        UsageFault: A name is not parked, or the settings or the database cannot be used.
    """
    count = asyncio.run(_retried(names))
    out.write(f"{count} pull request{'' if count == 1 else 's'} will be reviewed again.\n")


async def _listed() -> tuple[ParkedWork, ...]:
    async with await _mailbox() as mailbox:
        return await mailbox.parked()


async def _retried(names: Sequence[str]) -> int:
    async with await _mailbox() as mailbox:
        known = {str(work.pull_request): work.pull_request for work in await mailbox.parked()}
        for name in names:
            if name not in known:
                raise UsageFault(f"{name} is not parked; `hullcheck parked` lists what is.")
        return sum([await mailbox.retry_parked(known[name]) for name in names or known])


async def _mailbox() -> Mailbox:
    """Open the server's own mailbox, by the server's own settings."""
    # A review from the command line needs no database.
    from bot.mailbox import DatabaseFaultError, Mailbox  # noqa: PLC0415 - see above
    from bot.settings import Settings, SettingsError  # noqa: PLC0415 - see above

    try:
        return await Mailbox.open(Settings.from_process().database_url.reveal())
    except (SettingsError, DatabaseFaultError) as fault:
        raise UsageFault(str(fault)) from fault
