"""Asks GitHub again for deliveries that never reached us, since it never repeats one by itself.

The list of attempts is read from the newest back to where the last reading began and an hour further, so that an
attempt that was on its way then is seen now. A delivery that we have after all is answered as a duplicate.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from bot.forges.base import Gone, Rejected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bot.forges.github.hook import Attempt, AttemptPage
    from bot.mailbox import Mailbox

_log = logging.getLogger(__name__)

HORIZON = 3 * 86_400.0
"""Seconds for which GitHub surely remembers a delivery."""
OVERLAP = 3600.0
MOST_ATTEMPTS = 4
"""Attempts of one delivery, the first included; one that failed so often will not do better."""
MOST_PAGES = 50
HEARD = frozenset({"pull_request", "issue_comment", "pull_request_review_comment"})


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
    cursor_name = f"reconciled {name}"
    kept = await mailbox.recall(cursor_name)
    seen = await _since(attempts, float(kept) - OVERLAP if kept else 0.0)
    asked = 0
    for attempt in missed(seen):
        try:
            await redeliver(attempt)
        except (Gone, Rejected) as refusal:
            _log.warning("a missed delivery cannot be had again: %s", refusal, extra={"delivery": attempt.guid})
            continue
        asked += 1
        _log.info("asked again for a missed delivery", extra={"delivery": attempt.guid, "event": attempt.event})
    if seen:
        await mailbox.remember(cursor_name, repr(seen[0].delivered_at))
    return asked


def missed(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the newest attempt of each delivery that matters and did not arrive, oldest first.

    Args:
        attempts: Newest first.
    """
    listed = [attempt for attempt in attempts if attempt.event in HEARD]
    arrived = {attempt.guid for attempt in listed if attempt.arrived}
    count = Counter(attempt.guid for attempt in listed)
    newest: dict[str, Attempt] = {}
    for attempt in listed:
        newest.setdefault(attempt.guid, attempt)
    wanted = [attempt for guid, attempt in newest.items() if guid not in arrived and count[guid] < MOST_ATTEMPTS]
    return wanted[::-1]


async def _since(attempts: Callable[[str], Awaitable[AttemptPage]], since: float) -> list[Attempt]:
    """Read pages until an attempt is older than `since`, or than GitHub remembers."""
    seen: list[Attempt] = []
    cursor = ""
    for _ in range(MOST_PAGES):
        page = await attempts(cursor)
        seen += page.attempts
        cursor = page.cursor
        if not cursor or not seen or seen[-1].delivered_at < max(since, seen[0].delivered_at - HORIZON):
            break
    return [attempt for attempt in seen if attempt.delivered_at >= max(since, seen[0].delivered_at - HORIZON)]
