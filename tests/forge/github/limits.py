"""GitHub's limits, and the counting of requests against them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tests.forge.github.answer import Answer


@dataclass(slots=True)
class Limits:
    """Limits as documented; a test lowers one to come near it.

    Attributes:
        primary: Requests an hour and installation.
        content_per_minute: Writes a minute and installation.
        content_per_hour: Writes an hour and installation.
        points_per_minute: A read costs 1, a write 5.
        concurrent: Requests under way at once.
        body: Characters of a comment or a review.
        check_text: Characters of a check run's summary or text.
        annotations: In one request.
        files: That `/files` lists at most.
        compare_files: That a comparison lists at most.
        patch_lines: Lines of one file's patch; more and the patch is missing.
        patch_bytes: Bytes of one file's patch.
        diff_lines: Lines of all patches; what comes after them has none.
        contents: Bytes of a file that the contents answer holds.
        raw: Bytes of a file that can be had at all.
        tree: Entries of one tree answer.
    """

    primary: int = 5_000
    content_per_minute: int = 80
    content_per_hour: int = 500
    points_per_minute: int = 900
    concurrent: int = 100
    body: int = 65_536
    check_text: int = 65_535
    annotations: int = 50
    files: int = 3_000
    compare_files: int = 300
    patch_lines: int = 20_000
    patch_bytes: int = 500_000
    diff_lines: int = 20_000
    contents: int = 1_000_000
    raw: int = 100_000_000
    tree: int = 100_000


class Meter:
    """Counts one installation's requests.

    Args:
        limits: Looked at on each request, so that tests may change them meanwhile.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.used = 0
        self.reset = 0.0
        self.points: deque[tuple[float, int]] = deque()
        self.content: deque[float] = deque()

    def headers(self, now: float) -> dict[str, str]:
        """Return the headers of the primary limit."""
        self._roll(now)
        return {
            "X-RateLimit-Limit": str(self.limits.primary),
            "X-RateLimit-Remaining": str(max(0, self.limits.primary - self.used)),
            "X-RateLimit-Used": str(self.used),
            "X-RateLimit-Reset": str(int(self.reset)),
            "X-RateLimit-Resource": "core",
        }

    def exhaust(self, now: float) -> None:
        """Use up what is left of the primary limit."""
        self._roll(now)
        self.used = self.limits.primary

    def refuse(self, now: float, *, writes: bool) -> Answer | None:
        """Count a request; return the refusal when it is one too many."""
        self._roll(now)
        if self.used >= self.limits.primary:
            return Answer(403, {"message": "API rate limit exceeded for installation.", "documentation_url": DOCS})
        wait = self._secondary(now, writes=writes)
        if wait:
            return secondary_refusal(wait)
        self.used += 1
        self.points.append((now, 5 if writes else 1))
        if writes:
            self.content.append(now)
        return None

    def spare(self) -> None:
        """Take the last request back: an answer of 304 costs nothing."""
        self.used -= 1

    def _roll(self, now: float) -> None:
        if now >= self.reset:
            self.used, self.reset = 0, now + 3600
        while self.points and self.points[0][0] <= now - 60:
            self.points.popleft()
        while self.content and self.content[0] <= now - 3600:
            self.content.popleft()

    def _secondary(self, now: float, *, writes: bool) -> int:
        """Return the seconds to wait for a secondary limit, 0 when none is reached."""
        if sum(cost for _, cost in self.points) >= self.limits.points_per_minute:
            return 60
        recent = sum(at > now - 60 for at in self.content)
        if writes and recent >= self.limits.content_per_minute:
            return 60
        return 3600 if writes and len(self.content) >= self.limits.content_per_hour else 0


DOCS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"


def secondary_refusal(wait: int | None, status: int = 403) -> Answer:
    """Refuse for a secondary limit: requests remain, and `Retry-After` says how long to wait, unless it is missing."""
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Answer(status, {"message": message, "documentation_url": f"{DOCS}#about-secondary-rate-limits"}, headers)
