"""What goes wrong at GitLab, in the words of `bot.forges.base`; translated once, here."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import gitlab
import requests

from bot.forges.base import Denied, ForgeError, Gone, Rejected, Unauthorized, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

UNNAMED_WAIT: Final = 60.0
"""Seconds to wait when a limit names none; GitLab counts by the minute."""
_LONGEST_MESSAGE: Final = 200

_KINDS: Final[Mapping[int, type[ForgeError]]] = {
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.FORBIDDEN: Denied,
    HTTPStatus.NOT_FOUND: Gone,
    HTTPStatus.GONE: Gone,
    HTTPStatus.REQUEST_TIMEOUT: Unavailable,
    HTTPStatus.CONFLICT: Unavailable,
}


class Broken(Unavailable):
    """A bare 500: GitLab began to do something and does not say how far it came."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise what python-gitlab and requests raise as a `ForgeError`."""
    try:
        yield
    except requests.TooManyRedirects as error:
        raise Denied("GitLab redirects to another address; set the instance's final one") from error
    except (gitlab.GitlabError, requests.RequestException, OSError) as error:
        raise translate(error) from error
    except (ValueError, LookupError, TypeError) as error:
        raise Unavailable(f"GitLab's answer cannot be read: {error}") from error


def translate(error: Exception) -> ForgeError:
    """Return the `ForgeError` for an exception of python-gitlab or requests."""
    if not isinstance(error, gitlab.GitlabError):
        return Unavailable(f"GitLab cannot be reached: {type(error).__name__}")
    status = error.response_code or 0
    message = f"GitLab: {status} {str(error.error_message)[:_LONGEST_MESSAGE]}"
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return Broken(message)
    if status == 0 or status > HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(message)
    return _KINDS.get(status, Rejected)(message)


def heed(response: Any, *_: object, **__: object) -> None:
    """Raise as soon as GitLab asks us to wait; python-gitlab would sleep as long as it says, or drop the number.

    Called by requests with each answer.

    Raises:
        Unavailable: With the seconds that were asked for.
    """
    status = response.status_code
    if status not in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return
    named = response.headers.get("Retry-After", "").strip()
    wait = float(named) if named.isdecimal() else None
    if status == HTTPStatus.SERVICE_UNAVAILABLE and wait is None:
        return
    # What is raised here ends requests' own care for the connection.
    response.close()
    raise Unavailable(f"GitLab: {status}", UNNAMED_WAIT if wait is None else wait)
