"""GitLab's limits, and the counting of requests against them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tests.forge.gitlab.answer import Answer

MINUTE = 60.0


@dataclass(slots=True)
class Limits:
    """Limits as documented; a test lowers one to come near it.

    Attributes:
        requests_per_minute: Requests a minute and user.
        notes_per_minute: Notes and threads made a minute and user; gitlab.com allows 60.
        tests_per_minute: Tests of hooks a minute and user.
        body: Characters of a note.
        patch_bytes: Bytes of one file's diff; more and it is empty and `too_large`.
        diff_files: Files that a diff keeps; the rest is left out and its state is `overflow`.
        diff_lines: Lines that a diff keeps, likewise.
        collapse: The part of these limits from which diffs are collapsed: `""`, although something changed.
    """

    requests_per_minute: int = 2_000
    notes_per_minute: int = 300
    tests_per_minute: int = 5
    body: int = 1_000_000
    patch_bytes: int = 200 * 1024
    diff_files: int = 1_000
    diff_lines: int = 50_000
    collapse: float = 0.1


@dataclass(slots=True)
class Meter:
    """Counts one user's requests; the limits are looked at on each, so that tests may change them meanwhile."""

    limits: Limits
    requests: deque[float] = field(default_factory=deque)
    special: dict[str, deque[float]] = field(default_factory=dict)

    def refuse(self, now: float, *, counted: str = "") -> Answer | None:
        """Count a request, and `counted` on its own; return the refusal when it is one too many."""
        apart = self.special.setdefault(counted, deque())
        for each in (self.requests, apart):
            while each and each[0] <= now - MINUTE:
                each.popleft()
        if len(self.requests) >= self.limits.requests_per_minute:
            return throttled(self._wait(self.requests, now), self.headers(now))
        self.requests.append(now)
        most = {"notes": self.limits.notes_per_minute, "tests": self.limits.tests_per_minute}.get(counted)
        if most is not None and len(apart) >= most:
            return too_many(self._wait(apart, now))
        apart.append(now)
        return None

    def headers(self, now: float) -> dict[str, str]:
        """Return the headers that say how many requests remain."""
        return {
            "RateLimit-Limit": str(self.limits.requests_per_minute),
            "RateLimit-Name": "throttle_authenticated_api",
            "RateLimit-Observed": str(len(self.requests)),
            "RateLimit-Remaining": str(max(0, self.limits.requests_per_minute - len(self.requests))),
            "RateLimit-Reset": str(int(now + self._wait(self.requests, now))),
        }

    def _wait(self, counted: deque[float], now: float) -> int:
        return int(counted[0] + MINUTE - now) + 1 if counted else 0


def throttled(wait: int, headers: dict[str, str]) -> Answer:
    """Refuse at the front, before the application: plain text."""
    headers = headers | {"Retry-After": str(wait)}
    return Answer(429, raw=b"Retry later\n", media="text/plain", headers=headers)


def too_many(wait: int) -> Answer:
    """Refuse in the application: JSON."""
    message = {"error": "This endpoint has been requested too many times. Try again later."}
    return Answer(429, {"message": message}, {"Retry-After": str(wait)})
