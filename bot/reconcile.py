"""Asks GitHub again for deliveries that never reached us, since it never repeats one by itself.

The list of attempts is read from the newest back to where the last reading began, and a little further, so that an
attempt that was on its way then is seen now. A delivery that we have after all is answered as a duplicate.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.forges.base import Gone, Rejected
from bot.inbound.github import HEARD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from bot.forges.github.hook import Attempt, AttemptPage
    from bot.mailbox import Mailbox

_log = logging.getLogger(__name__)

HORIZON = 3 * 86_400.0
"""Seconds for which GitHub surely remembers a delivery."""
OVERLAP = 120.0
"""An attempt takes ten seconds at most before GitHub gives it up."""
MOST_ASKED = 3
"""How often one delivery is asked for; one that still fails will not do better."""
MOST_PAGES = 50
"""Five thousand attempts; who is away for longer than those is told so."""


@dataclass
class _Memory:
    """What is kept between readings: how far the last one came, and what was asked for how often and when last."""

    read_until: float = 0.0
    asked: dict[str, tuple[int, float]] = field(default_factory=dict)

    def note(self, attempt: Attempt) -> None:
        self.asked[attempt.guid] = (self.count(attempt.guid) + 1, attempt.delivered_at)

    def count(self, guid: str) -> int:
        return self.asked.get(guid, (0, 0.0))[0]

    def dump(self) -> str:
        young = {guid: entry for guid, entry in self.asked.items() if entry[1] > self.read_until - HORIZON}
        return json.dumps({"read_until": self.read_until, "asked": young})


async def reconcile(
    mailbox: Mailbox,
    attempts: Callable[[str], Awaitable[AttemptPage]],
    redeliver: Callable[[Attempt], Awaitable[None]],
    name: str,
) -> int:
    """Have missed deliveries delivered again.

    Args:
        mailbox: Keeps how far the last reading came.
        attempts: Returns a page of attempts, newest first, by cursor.
        redeliver: Asks for one more attempt.
        name: Of the App, for what is kept.

    Returns:
        How many were asked for.

    Raises:
        ForgeError: The list cannot be read; the next time begins where this one did.
    """
    place = f"reconciled {name}"
    kept = await mailbox.recall(place)
    memory = _Memory(**json.loads(kept)) if kept else _Memory()
    seen = await _since(attempts, memory.read_until - OVERLAP)
    asked = 0
    for attempt in missed(seen, {guid: memory.count(guid) for guid in memory.asked}):
        try:
            await redeliver(attempt)
        except (Gone, Rejected) as refusal:
            _log.warning("a missed delivery cannot be had again: %s", refusal, extra={"delivery": attempt.guid})
            continue
        memory.note(attempt)
        asked += 1
        _log.info("asked again for a missed delivery", extra={"delivery": attempt.guid, "event": attempt.event})
    memory.read_until = max([memory.read_until, *(attempt.delivered_at for attempt in seen)])
    await mailbox.remember(place, memory.dump())
    return asked


def missed(attempts: Iterable[Attempt], asked: Mapping[str, int]) -> list[Attempt]:
    """Return the newest attempt of each delivery that matters and did not arrive, oldest first.

    Args:
        attempts: Newest first.
        asked: How often a delivery was asked for before, by guid.
    """
    listed = [attempt for attempt in attempts if attempt.event in HEARD]
    arrived = {attempt.guid for attempt in listed if attempt.arrived}
    newest: dict[str, Attempt] = {}
    for attempt in listed:
        newest.setdefault(attempt.guid, attempt)
    wanted = [attempt for guid, attempt in newest.items() if guid not in arrived and asked.get(guid, 0) < MOST_ASKED]
    return wanted[::-1]


async def _since(attempts: Callable[[str], Awaitable[AttemptPage]], since: float) -> list[Attempt]:
    """Read pages until an attempt is older than `since`, or than GitHub remembers."""
    seen: list[Attempt] = []
    cursor = ""
    for _ in range(MOST_PAGES):
        page = await attempts(cursor)
        seen += page.attempts
        if not seen:
            return []
        since = max(since, seen[0].delivered_at - HORIZON)
        cursor = page.cursor
        if not cursor or seen[-1].delivered_at < since:
            break
    else:
        _log.warning(
            "more than %d deliveries were attempted since the last look; older ones are not looked at", len(seen)
        )
    return [attempt for attempt in seen if attempt.delivered_at >= since]
