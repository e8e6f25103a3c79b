"""The durable mailbox: store a delivery, answer it, then work through pull requests one by one."""

from bot.mailbox.faults import DATABASE_FAULTS, DRIVER_FAULTS, DatabaseFaultError, LeaseLost, reason
from bot.mailbox.records import (
    Caller,
    Claimed,
    HistoryEntry,
    Look,
    ParkedWork,
    Receipt,
    ReviewRecord,
    Standing,
    Tally,
)
from bot.mailbox.store import Mailbox, Timing

__all__ = [
    "DATABASE_FAULTS",
    "DRIVER_FAULTS",
    "Caller",
    "Claimed",
    "DatabaseFaultError",
    "HistoryEntry",
    "LeaseLost",
    "Look",
    "Mailbox",
    "ParkedWork",
    "Receipt",
    "ReviewRecord",
    "Standing",
    "Tally",
    "Timing",
    "reason",
]
