"""The durable mailbox: store a delivery, answer it, then work through pull requests one by one."""

from bot.mailbox.records import (
    Claimed,
    DatabaseFaultError,
    HistoryEntry,
    LeaseLost,
    ParkedWork,
    Receipt,
    ReviewRecord,
    Tally,
)
from bot.mailbox.store import Mailbox, Timing

__all__ = [
    "Claimed",
    "DatabaseFaultError",
    "HistoryEntry",
    "LeaseLost",
    "Mailbox",
    "ParkedWork",
    "Receipt",
    "ReviewRecord",
    "Tally",
    "Timing",
]
