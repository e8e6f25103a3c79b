"""The web application over real HTTP: webhooks in, health out."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, web

from bot.app import BODY_LIMIT, make_app
from bot.forges.base import Denied, Unauthorized
from bot.inbound.github import github_delivery
from bot.mailbox import Mailbox
from bot.readiness import Probe, Readiness
from tests.bot.databases import sqlite_in
from tests.bot.github_deliveries import SECRET, comment, headers, packed, pull_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    async with await Mailbox.open(sqlite_in(tmp_path)) as opened:
        yield opened


class Caller:
    """Calls the application at its address."""

    def __init__(self, url: str, session: ClientSession) -> None:
        self._url = url
        self._session = session

    async def get(self, path: str) -> tuple[int, dict[str, Any]]:
        async with self._session.get(self._url + path) as answer:
            return answer.status, await answer.json(content_type=None)

    async def post(self, call: tuple[Mapping[str, str], bytes], path: str = "/webhooks/github") -> tuple[int, Any]:
        async with self._session.post(self._url + path, headers=call[0], data=io.BytesIO(call[1])) as answer:
            return answer.status, await answer.json(content_type=None)


Probes = dict[str, Probe]


@pytest.fixture
def probes() -> Probes:
    return {}


@pytest.fixture
async def app(mailbox: Mailbox, probes: Probes) -> AsyncIterator[Caller]:
    """Serve the application on a free port of this machine."""
    receiver = partial(github_delivery, secret=SECRET)
    application = make_app(mailbox, {"github": receiver}, Readiness({"database": Probe(mailbox.ping), **probes}))
    runner = web.AppRunner(application, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as session:
        yield Caller(f"http://127.0.0.1:{runner.addresses[0][1]}", session)
    await runner.cleanup()


async def test_a_delivery_is_stored_before_it_is_answered(app: Caller, mailbox: Mailbox) -> None:
    status, body = await app.post(packed("pull_request", pull_request(), "guid-1"))
    assert (status, body) == (202, {"delivery": "guid-1", "outcome": "stored"})
    assert (await mailbox.tally()).waiting == 1


async def test_a_redelivery_is_answered_once(app: Caller, mailbox: Mailbox) -> None:
    call = packed("issue_comment", comment("/hullcheck help"))
    await app.post(call)
    claimed = await mailbox.claim("test")
    assert claimed is not None
    await mailbox.finish(claimed)
    assert (await app.post(call))[1]["outcome"] == "duplicate"
    assert await mailbox.claim("test") is None


async def test_a_ping_is_answered_with_200(app: Caller) -> None:
    assert await app.post(packed("ping", {"zen": "Design for failure."}, "p")) == (
        200,
        {"delivery": "p", "outcome": "ignored"},
    )


async def test_what_asks_for_nothing_is_accepted(app: Caller) -> None:
    assert (await app.post(packed("push", {"ref": "refs/heads/main"})))[0] == 202


async def test_a_wrong_signature_is_a_problem_with_status_401(app: Caller, mailbox: Mailbox) -> None:
    call = packed("pull_request", pull_request())
    status, body = await app.post((call[0], call[1] + b" "))
    assert (status, body["title"], body["status"]) == (401, "Unauthorized", 401)
    assert (await mailbox.tally()).waiting == 0


async def test_a_body_that_cannot_be_read_is_a_problem_with_status_400(app: Caller) -> None:
    status, body = await app.post((headers("pull_request", b"[" * 90_000), b"[" * 90_000))
    assert (status, body["detail"]) == (400, "the body is not JSON that can be read.")


async def test_a_compressed_body_is_not_unpacked(app: Caller) -> None:
    body = gzip.compress(json.dumps(pull_request()).encode())
    status, _ = await app.post(({**headers("pull_request", body), "Content-Encoding": "gzip"}, body))
    assert status == 400


async def test_a_body_of_25_mebibytes_is_read_and_one_byte_more_is_refused(app: Caller) -> None:
    body = b'{"zen": "' + b"x" * (BODY_LIMIT - 11) + b'"}'
    assert len(body) == BODY_LIMIT
    assert (await app.post((headers("ping", body), body)))[0] == 200
    status, problem = await app.post((headers("ping", body + b" "), body + b" "))
    assert (status, problem["detail"]) == (413, "The body is larger than 25 MiB.")


@pytest.mark.parametrize(
    ("path", "status"), [("/", 404), ("/webhooks/gitea", 404), ("/webhooks/github", 405), ("/<script>", 404)]
)
async def test_other_addresses_are_problems_that_repeat_nothing(app: Caller, path: str, status: int) -> None:
    given, body = await app.get(path)
    assert (given, body["status"]) == (status, status)
    assert "script" not in json.dumps(body)


async def test_a_database_that_fails_is_a_503_so_that_the_forge_knows(
    app: Caller, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    async with mailbox._database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE deliveries RENAME TO gone")
    status, body = await app.post(packed("pull_request", pull_request()))
    assert (status, body["detail"]) == (503, "The delivery could not be stored; send it again later.")
    [line] = [each.message for each in caplog.records if each.levelname == "ERROR"]
    assert line == "delivery not stored: OperationalError: no such table: deliveries"


async def test_health_is_that_of_the_process(app: Caller) -> None:
    assert await app.get("/healthz") == (200, {"status": "ok"})


async def test_ready_when_the_database_answers(app: Caller) -> None:
    assert await app.get("/readyz") == (200, {"status": "ready", "checks": {"database": "ok"}})


async def no_credentials() -> None:
    raise Denied("GitHub: 401 Bad credentials")


async def nothing_there() -> None:
    raise ConnectionRefusedError(111, "hull:hunter22@db refused")


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        (no_credentials, "GitHub: 401 Bad credentials"),
        (nothing_there, "cannot be used (ConnectionRefusedError); the log says why"),
    ],
)
async def test_not_ready_names_what_is_wrong(
    app: Caller, probes: Probes, probe: Callable[[], Awaitable[None]], words: str
) -> None:
    readiness = Readiness({"database": Probe(_fine), "github": Probe(probe)})
    assert await readiness.report() == {"database": "ok", "github": words}


async def test_a_forge_that_does_not_take_our_credentials_is_named_with_the_remedy() -> None:
    async def revoked() -> None:
        raise Unauthorized("GitLab: 401 invalid_token")

    readiness = Readiness({"gitlab": Probe(revoked, remedy="set HULLCHECK_GITLAB_TOKEN to a new access token")})
    assert await readiness.report() == {
        "gitlab": "GitLab: 401 invalid_token; set HULLCHECK_GITLAB_TOKEN to a new access token"
    }


async def test_a_database_that_is_read_but_takes_nothing_is_not_ready(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    async with mailbox._database.write() as connection:
        full = "CREATE TRIGGER full BEFORE INSERT ON state BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        await connection.exec_driver_sql(full)
    report = await Readiness({"database": Probe(mailbox.ping)}).report()
    assert report == {"database": "cannot be used (IntegrityError); the log says why"}
    assert [each.message for each in caplog.records] == [
        "the database cannot be used: IntegrityError: database or disk is full"
    ]


async def _fine() -> None:
    """Answer."""


@pytest.mark.parametrize("probes", [{"github": Probe(no_credentials)}])
async def test_not_ready_is_a_503(app: Caller, probes: Probes) -> None:
    status, body = await app.get("/readyz")
    assert status == 503
    assert body["checks"] == {"database": "ok", "github": "GitHub: 401 Bad credentials"}


async def test_a_probe_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.readiness.TIME_LIMIT", 0.01)
    report = await Readiness({"github": Probe(asyncio.Event().wait)}).report()  # type: ignore[arg-type]  # never ends
    assert report == {"github": "no answer within 0.01 seconds"}


class Probed:
    """Something that can be asked, and a clock."""

    def __init__(self) -> None:
        self.now, self.broken = 0.0, True
        self.asked: list[float] = []

    async def ask(self) -> None:
        self.asked.append(self.now)
        if self.broken:
            raise Denied("no")


async def test_good_answers_are_kept_longer_than_bad_ones() -> None:
    probed = Probed()
    readiness = Readiness({"github": Probe(probed.ask, keep=60)}, now=lambda: probed.now)
    for probed.now in (0.0, 5.0, 7.0, 14.0, 70.0, 75.0):
        probed.broken = probed.now < 10
        await readiness.report()
    assert probed.asked == [0.0, 7.0, 14.0, 75.0]


async def test_many_that_ask_at_once_cost_one_question() -> None:
    async def slow() -> None:
        await asyncio.sleep(0.01)
        await probed.ask()

    probed = Probed()
    readiness = Readiness({"github": Probe(slow, keep=60)})
    reports = await asyncio.gather(*(readiness.report() for _ in range(20)))
    assert (len(probed.asked), reports) == (1, [{"github": "no"}] * 20)


async def test_each_delivery_leaves_one_line_in_the_log(app: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bot.app"):
        await app.post(packed("pull_request", pull_request(), "guid-9"))
    (record,) = caplog.records
    assert record.getMessage() == "delivery stored"
    assert (record.delivery, record.event) == ("guid-9", "pull_request.opened")  # type: ignore[attr-defined]  # extra
    assert record.pull_request == "github:api.github.com/octo/site#12"  # type: ignore[attr-defined]  # extra
