"""Whether the server can do its work now: each thing it depends on, by name, and what is wrong with it."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from bot.forges.base import ForgeError, Unauthorized
from bot.mailbox import DATABASE_FAULTS, reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_log = logging.getLogger(__name__)

TIME_LIMIT = 5.0
OK = "ok"


class _Known(NamedTuple):
    answer: str
    until: float


class Probe(NamedTuple):
    """How to find out whether something answers.

    Attributes:
        ask: Returns, or raises a `ForgeError` or a database fault.
        keep: Seconds that a good answer is kept; a bad one is asked again after a tenth of it.
        remedy: What to do when the forge does not take our credentials.
    """

    ask: Callable[[], Awaitable[None]]
    keep: float = 0.0
    remedy: str = ""


class Readiness:
    """Asks probes, all at once, and keeps their answers for a moment so that asking often costs the forges nothing.

    Args:
        probes: By the name that the answer uses.
        now: Seconds of any steady clock.
    """

    def __init__(self, probes: Mapping[str, Probe], now: Callable[[], float] = time.monotonic) -> None:
        self._probes = probes
        self._now = now
        self._known: dict[str, _Known] = {}
        self._turns = {name: asyncio.Lock() for name in probes}

    async def report(self) -> dict[str, str]:
        """Return `ok`, or a sentence about the fault, by the name of each probe."""
        names = sorted(self._probes)
        answers = await asyncio.gather(*(self._answer(name) for name in names))
        return dict(zip(names, answers, strict=True))

    async def _answer(self, name: str) -> str:
        """Return the answer that is known, or ask; who comes while it is asked waits for the same answer."""
        asked_at = self._now()
        async with self._turns[name]:
            known = self._known.get(name)
            if known is not None and known.until > asked_at:
                return known.answer
            probe = self._probes[name]
            answer = await _ask(probe)
            keep = probe.keep if answer == OK else probe.keep / 10
            self._known[name] = _Known(answer, self._now() + keep)
            return answer


async def _ask(probe: Probe) -> str:
    try:
        async with asyncio.timeout(TIME_LIMIT):
            await probe.ask()
    except TimeoutError:
        return f"no answer within {TIME_LIMIT:g} seconds"
    except Unauthorized as fault:
        return f"{fault}; {probe.remedy}" if probe.remedy else str(fault)
    except ForgeError as fault:
        return str(fault) or type(fault).__name__
    except DATABASE_FAULTS as fault:
        # The driver's own words may name hosts and users; whoever may read the log finds them there.
        _log.warning("the database cannot be used: %s", reason(fault))
        return f"cannot be used ({type(fault).__name__}); the log says why"
    return OK
