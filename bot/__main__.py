"""Reads the environment, puts the server together and serves: `python -m bot`, or `hullcheck serve`."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, NoReturn

from bot import log
from bot.mailbox import DatabaseFaultError
from bot.serve import StartError, serve
from bot.settings import Settings, SettingsError
from bot.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Iterable

_log = logging.getLogger(__name__)

CANNOT_START = 2


def main() -> None:
    """Serve until a signal stops the process; exit with 2 when it cannot start, and say why in plain sentences."""
    try:
        settings = Settings.from_process()
    except SettingsError as fault:
        _refuse(fault.faults)
    log.configure(settings.log_level, settings.secrets())
    for notice in settings.notices:
        _log.warning(notice)
    try:
        asyncio.run(serve(settings, wire))
    except (StartError, DatabaseFaultError) as fault:
        _refuse([str(fault)])


def _refuse(sentences: Iterable[str]) -> NoReturn:
    sys.stderr.write("hullcheck cannot start:\n" + "".join(f"  {sentence}\n" for sentence in sentences))
    raise SystemExit(CANNOT_START)


if __name__ == "__main__":
    main()
