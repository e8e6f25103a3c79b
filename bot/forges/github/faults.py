"""What goes wrong at GitHub, in the words of `bot.forges.base`; translated once, here."""

from __future__ import annotations

from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import aiohttp
import gidgethub

from bot.forges.base import Denied, ForgeError, Gone, Rejected, Unauthorized, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

WORTH_NAMING = 30.0
"""Seconds by which clocks may differ; an App's token is dated back by a minute."""
UNNAMED_WAIT = 60.0
"""Seconds to wait when a limit names none (GitHub, "Best practices for using the REST API")."""

_KINDS: Final[Mapping[int, type[ForgeError]]] = {
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.FORBIDDEN: Denied,
    HTTPStatus.NOT_FOUND: Gone,
    HTTPStatus.GONE: Gone,
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: Gone,
}
_COME_BACK = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT}
_LIMIT_WORDS = ("secondary rate", "abuse", "rate limit")


@contextmanager
def translated(now: Callable[[], float]) -> Iterator[None]:
    """Raise what gidgethub and aiohttp raise as a `ForgeError`.

    Args:
        now: The time, in seconds since the epoch; limits name the moment of their end.
    """
    try:
        yield
    except (gidgethub.GitHubException, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise translate(error, now()) from error
    except (ValueError, LookupError) as error:
        raise Unavailable(f"GitHub's answer cannot be read: {error}") from error


def translate(error: Exception, now: float) -> ForgeError:
    """Return the `ForgeError` for an exception of gidgethub or aiohttp.

    Args:
        error: The exception.
        now: Seconds since the epoch.
    """
    match error:
        case gidgethub.RateLimitExceeded():
            return Unavailable(f"GitHub: {error}", _wait(error.headers, now))
        case gidgethub.HTTPException():
            return _from_status(error, now)
        case _:
            return Unavailable(f"GitHub cannot be reached: {type(error).__name__}: {error}")


def _from_status(error: gidgethub.HTTPException, now: float) -> ForgeError:
    message = f"GitHub: {int(error.status_code)} {error}"
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        message += _clock_fault(error.headers, now)
    if _limited(error):
        return Unavailable(message, _wait(error.headers, now))
    if error.status_code in _COME_BACK or error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(message, _number(error.headers.get("retry-after")))
    kind = _KINDS.get(error.status_code)
    if kind is None:
        # What is left are redirects, which are not followed, and requests that are wrong in some way.
        kind = Rejected if error.status_code >= HTTPStatus.BAD_REQUEST else Gone
    return kind(message)


def _clock_fault(headers: Mapping[str, str], now: float) -> str:
    """Say how far our clock is off, where that is why: what an App signs holds for minutes, by GitHub's clock."""
    try:
        ahead = now - parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return ""
    if abs(ahead) < WORTH_NAMING:
        return ""
    return f"; this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} GitHub's: set it"


def _limited(error: gidgethub.HTTPException) -> bool:
    """Tell whether a limit was met; a secondary one comes as a plain 403 too."""
    if error.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    named = "retry-after" in error.headers or any(word in str(error).lower() for word in _LIMIT_WORDS)
    return error.status_code == HTTPStatus.FORBIDDEN and named


def _wait(headers: Mapping[str, str], now: float) -> float:
    """Return the seconds that a limit asks for: its own number, else its reset, else a minute."""
    if (seconds := _number(headers.get("retry-after"))) is not None:
        return seconds
    reset = _number(headers.get("x-ratelimit-reset"))
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return max(1.0, reset - now)
    return UNNAMED_WAIT


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.strip().isdecimal() else None


def graphql_fault(answer: Mapping[str, Any]) -> ForgeError | None:
    """Return what a GraphQL answer complains of, or `None`; it arrives with status 200.

    Args:
        answer: The whole answer, with `data` and `errors`.
    """
    if not answer.get("errors"):
        return None
    first = answer["errors"][0]
    message = f"GitHub's GraphQL: {first.get('message')}"
    match first.get("type"):
        case "RATE_LIMITED":
            return Unavailable(message, UNNAMED_WAIT)
        case "FORBIDDEN" | "INSUFFICIENT_SCOPES":
            return Denied(message)
        case "NOT_FOUND":
            return Gone(message)
        case "UNPROCESSABLE":
            return Rejected(message)
        case _:
            return Unavailable(message)
