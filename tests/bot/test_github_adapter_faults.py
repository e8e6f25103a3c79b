from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

import aiohttp
import gidgethub
import pytest
from gidgethub.sansio import RateLimit

from bot.forges.base import Denied, ForgeError, Gone, Rejected, Unauthorized, Unavailable
from bot.forges.github.faults import graphql_fault, translate, translated

NOW = 1_700_000_000.0


def http(status: int, message: str = "", **headers: str) -> gidgethub.HTTPException:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = gidgethub.GitHubBroken if status >= 500 else gidgethub.BadRequest
    return kind(HTTPStatus(status), *([message] if message else []), headers=named)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (http(401, "Bad credentials"), Unauthorized),
        (http(403, "Resource not accessible by integration"), Denied),
        (http(404), Gone),
        (http(410), Gone),
        (http(451), Gone),
        (gidgethub.RedirectionException(HTTPStatus(301)), Gone),
        (http(422, "Validation Failed"), Rejected),
        (http(400), Rejected),
        (http(409), Unavailable),
        (http(500), Unavailable),
        (http(502), Unavailable),
        (aiohttp.ServerDisconnectedError(), Unavailable),
        (TimeoutError(), Unavailable),
    ],
)
def test_each_fault_has_one_meaning(error: Exception, kind: type[ForgeError]) -> None:
    assert type(translate(error, NOW)) is kind


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (3600, "; this machine's clock is 3600 s ahead of GitHub's: set it"),
        (-120, "; this machine's clock is 120 s behind GitHub's: set it"),
        (20, ""),
    ],
)
def test_a_clock_that_is_off_is_named_where_credentials_are_refused(ahead: float, words: str) -> None:
    fault = translate(http(401, "'Issued at' claim", date=formatdate(NOW - ahead, usegmt=True)), NOW)
    assert str(fault) == f"GitHub: 401 'Issued at' claim{words}"
    assert "clock" not in str(translate(http(401, "Bad credentials", date="yesterday"), NOW))


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (http(403, "You have exceeded a secondary rate limit", retry_after="7"), 7),
        (http(403, "You have exceeded a secondary rate limit."), 60),
        (http(403, "You have triggered an abuse detection mechanism."), 60),
        (http(429, retry_after="120"), 120),
        (http(429), 60),
        (http(429, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(NOW) + 90)), 90),
        (http(429, retry_after="Fri, 31 Dec 1999 23:59:59 GMT"), 60),
        (http(503, retry_after="5"), 5),
        (http(503), None),
    ],
)
def test_a_limit_says_how_long_to_wait_and_a_minute_when_it_does_not(error: Exception, seconds: float | None) -> None:
    fault = translate(error, NOW)
    assert isinstance(fault, Unavailable)
    assert fault.retry_after == seconds


def test_an_exhausted_hour_waits_for_its_reset() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 1800)}
    limit = RateLimit(limit=5000, remaining=0, reset_epoch=NOW + 1800)
    fault = translate(gidgethub.RateLimitExceeded(limit, headers=headers), NOW)
    assert isinstance(fault, Unavailable)
    assert fault.retry_after == 1800


def test_an_answer_that_is_no_json_is_worth_another_attempt() -> None:
    with pytest.raises(Unavailable), translated(lambda: NOW):
        raise ValueError("Expecting value")


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("FORBIDDEN", Denied),
        ("NOT_FOUND", Gone),
        ("UNPROCESSABLE", Rejected),
        ("RATE_LIMITED", Unavailable),
        (None, Unavailable),
    ],
)
def test_graphql_complains_with_status_200(kind: str | None, fault: type[ForgeError]) -> None:
    answer = {"data": None, "errors": [{"type": kind, "message": "no"}]}
    assert type(graphql_fault(answer)) is fault


def test_graphql_without_errors_is_no_fault() -> None:
    assert graphql_fault({"data": {}}) is None
