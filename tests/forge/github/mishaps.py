"""What goes wrong at GitHub, in its words: faults for `forge.faults.add(...)`.

Each takes the requests it concerns (`method`, `path` as a pattern) and how often it happens (`times`; `None`: always).
Other things go wrong by the state of the double: `clock.advance`, `expire_tokens`, `suspend`, `uninstall`, an
installation's `permissions`, `meter(...).exhaust`, a repository's `truncated`, and `limits`.
"""

from __future__ import annotations

import json

from tests.forge.faults import Fault, When
from tests.forge.github.limits import secondary_refusal

UNICORN = b"<html><head><title>Unicorn! &middot; GitHub</title></head><body>This page is taking too long.</body></html>"
PAGE = {"Content-Type": "text/html; charset=utf-8"}


def server_error(*, method: str = "", path: str = "", times: int | None = 1) -> Fault:
    """Answer 500 without doing anything."""
    body = json.dumps({"message": "Server Error"}).encode()
    return Fault(method, path, status=500, body=body, times=times)


def bad_gateway(*, method: str = "", path: str = "", when: When = "before", times: int | None = 1) -> Fault:
    """Answer 502 with a page of HTML; `when="after"`, although the request was carried out."""
    return Fault(method, path, when, status=502, body=UNICORN, headers=PAGE, times=times)


def secondary_limit(
    retry_after: int | None = 60, *, status: int = 403, method: str = "", path: str = "", times: int | None = 1
) -> Fault:
    """Refuse for a secondary limit, by 403 or 429, although requests remain; `None` names no time to wait."""
    refusal = secondary_refusal(retry_after, status)
    headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4321", "X-RateLimit-Reset": "4102444800"}
    body = json.dumps(refusal.body).encode()
    return Fault(method, path, status=status, body=body, headers=headers | dict(refusal.headers), times=times)
