"""The durable mailbox: store a delivery, answer it, then work through pull requests one by one."""

from bot.mailbox.faults import DATABASE_FAULTS, DatabaseFaultError, LeaseLost
from bot.mailbox.records import (
    Claimed,
    HistoryEntry,
    ParkedWork,
    Receipt,
    ReviewRecord,
    Tally,
)
from bot.mailbox.store import Mailbox, Timing

__all__ = [
    "DATABASE_FAULTS",
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
