"""The forge's clock, which tests move."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the forge's time: the machine's, or a fixed moment, plus whatever a test has let pass.

    Args:
        at: The moment at which the clock stands still until it is moved; `None` runs with the machine's clock.
    """

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at
        self.passed = timedelta()

    def now(self) -> datetime:
        """Return the forge's time, in UTC."""
        return (self.at or datetime.now(UTC)) + self.passed

    def seconds(self) -> float:
        """Return the forge's time as seconds since 1970."""
        return self.now().timestamp()

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self.passed += timedelta(seconds=seconds)

    def stamp(self) -> str:
        """Return the time as forges write it: `2026-11-21T10:00:00Z`."""
        return stamp(self.now())


def stamp(moment: datetime) -> str:
    """Write a moment as forges do, whole seconds in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def machine_seconds() -> float:
    """Return the machine's time: the libraries that sign for the bot read this one and no other."""
    return time.time()
