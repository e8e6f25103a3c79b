"""What goes wrong at GitLab, in its words: faults for `forge.faults.add(...)`.

Each takes the requests it concerns (`method`, `path` as a pattern) and how often it happens (`times`; `None`: always).
Other things go wrong by the state of the double: `clock.advance`, `preparation`, a token's `revoked`, `members`,
`limits`.
"""

from __future__ import annotations

import json

from tests.forge.faults import Fault, When

PAGE = b"<!DOCTYPE html><html><head><title>GitLab is not responding (502)</title></head></html>"
HTML = {"Content-Type": "text/html"}


def server_error(*, method: str = "", path: str = "", when: When = "before", times: int | None = 1) -> Fault:
    """Answer 500; `when="after"`, although the request was carried out."""
    body = json.dumps({"message": "500 Internal Server Error"}).encode()
    return Fault(method, path, when, status=500, body=body, times=times)


def bad_gateway(*, method: str = "", path: str = "", when: When = "before", times: int | None = 1) -> Fault:
    """Answer 502 with a page of HTML; `when="after"`, although the request was carried out."""
    return Fault(method, path, when, status=502, body=PAGE, headers=HTML, times=times)


def throttled(retry_after: int | None = 60, *, method: str = "", path: str = "", times: int | None = 1) -> Fault:
    """Refuse for too many requests; `None` names no time to wait."""
    headers = {"Content-Type": "text/plain", "RateLimit-Limit": "2000", "RateLimit-Remaining": "0"}
    headers |= {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(method, path, status=429, body=b"Retry later\n", headers=headers, times=times)


def conflict(*, method: str = "", path: str = "", times: int | None = 1) -> Fault:
    """Answer 409, as GitLab does when it is busy with the same thing."""
    body = json.dumps({"message": "409 Conflict"}).encode()
    return Fault(method, path, status=409, body=body, times=times)
