"""What was asked of a forge, so that tests can count requests, writes and rounds."""

from __future__ import annotations

from collections import UserList
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(eq=False, slots=True)
class Exchange:
    """One request and what was answered.

    Attributes:
        operation: The forge's name for it, such as `pulls/create-review`; empty when it knows none.
        at: When it came, by the forge's clock.
        started: When it came, by the event loop's clock, in seconds.
        finished: When it was answered, by the same clock.
        status: What was answered; 0 for a connection closed without an answer.
        body: What was sent, parsed.
        effective: Whether it reached the forge's data, which a fault may have hidden from the asker.
        writes: Whether it was meant to change something; asking for a token or posting a query is not.
    """

    method: str
    path: str
    query: str
    operation: str
    at: datetime
    started: float
    finished: float = 0.0
    status: int = 0
    body: Any = None
    effective: bool = False
    writes: bool = True


class Log(UserList[Exchange]):
    """All exchanges in the order in which they came."""

    def of(self, operation: str) -> list[Exchange]:
        """Return the exchanges of one operation."""
        return [each for each in self.data if each.operation == operation]

    @property
    def writes(self) -> list[Exchange]:
        """All that were meant to change something."""
        return [each for each in self.data if each.writes]

    def rounds(self) -> int:
        """Return the length of the longest chain of exchanges that each began after the last had ended.

        Requests sent side by side count once. Give the forge some latency, or its answers come too fast to overlap.
        """
        count, busy_until = 0, float("-inf")
        for each in sorted(self.data, key=lambda exchange: exchange.finished):
            if each.started >= busy_until:
                count, busy_until = count + 1, each.finished
        return count
