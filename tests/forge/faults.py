"""Faults that a forge is told to commit: they are the same for every forge, only their texts differ."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

When = Literal["before", "after"]


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong, for the requests it fits.

    Attributes:
        method: The requests' method; empty for any.
        path: A pattern that must be found in the requests' path.
        when: Before the request has its effect, or after it had it and before it is answered.
        status: The answer's status instead of the right one; 0 leaves the answer alone.
        body: The answer's body instead of the right one.
        headers: Headers of that answer.
        drop: Close the connection without an answer.
        delay: Seconds by which the answer is late.
        gate: The answer waits until this is set.
        then: Called at that moment, so that a push can cross a review.
        skip: Requests that fit and are spared first.
        times: Requests that it hits; `None` for all.
        hits: Requests hit so far.
    """

    method: str = ""
    path: str = ""
    when: When = "before"
    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    delay: float = 0.0
    gate: asyncio.Event | None = None
    then: Callable[[], object] | None = None
    skip: int = 0
    times: int | None = 1
    hits: int = 0

    def fits(self, method: str, path: str) -> bool:
        """Say whether it concerns a request."""
        return self.method in {"", method} and re.search(self.path, path) is not None

    @property
    def spent(self) -> bool:
        """Whether it has hit as often as it may."""
        return self.times is not None and self.hits >= self.times


class Faults:
    """The faults that a forge commits, in the order they were added."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Plan faults."""
        self.planned.extend(faults)

    def clear(self) -> None:
        """Be faultless again."""
        self.planned.clear()

    def take(self, method: str, path: str) -> list[Fault]:
        """Return what goes wrong with this request: pure disturbances, and at most one that replaces the answer."""
        taken: list[Fault] = []
        for fault in self.planned:
            replaces = fault.status or fault.drop
            if fault.spent or not fault.fits(method, path) or (replaces and any(f.status or f.drop for f in taken)):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.hits += 1
            taken.append(fault)
        return taken


def connection_drop(*, method: str = "", path: str = "", when: When = "before", times: int | None = 1) -> Fault:
    """Close the connection without an answer; `when="after"`, although the request was carried out."""
    return Fault(method, path, when, drop=True, times=times)


def slow(seconds: float, *, method: str = "", path: str = "", times: int | None = 1) -> Fault:
    """Answer late."""
    return Fault(method, path, "after", delay=seconds, times=times)


def held(gate: asyncio.Event, *, method: str = "", path: str = "", when: When = "before") -> Fault:
    """Hold one request back, before or after its effect, until the gate is set."""
    return Fault(method, path, when, gate=gate)


def crossing(then: Callable[[], object], *, method: str = "", path: str = "", when: When = "before") -> Fault:
    """Let something else happen right before, or right after, one request has its effect: a push crosses a review."""
    return Fault(method, path, when, then=then)
