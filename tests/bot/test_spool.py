"""GitLab is answered 202 while the database is away, and nothing of what it sent is lost."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, web

from bot.app import make_app
from bot.inbound.gitlab import gitlab_delivery
from bot.mailbox import Mailbox
from bot.readiness import Readiness
from bot.spool import Spool
from tests.bot.databases import sqlite_in
from tests.bot.gitlab_deliveries import INSTANCE, NOW, change, headers, note, packed
from tests.bot.serving import until
from tests.bot.test_app import Caller
from tests.bot.test_inbound_gitlab import HOSTILE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    async with await Mailbox.open(sqlite_in(tmp_path)) as opened:
        yield opened


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
async def app(mailbox: Mailbox, spool: Spool) -> AsyncIterator[Caller]:
    receiver = partial(gitlab_delivery, instances=(INSTANCE,), now=NOW)
    application = make_app(mailbox, {"gitlab": receiver}, Readiness({}), spools={"gitlab": spool})
    runner = web.AppRunner(application, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as session:
        yield Caller(f"http://127.0.0.1:{runner.addresses[0][1]}", session)
    await runner.cleanup()


@asynccontextmanager
async def away(mailbox: Mailbox) -> AsyncIterator[None]:
    """Take the database away for a while."""
    await rename(mailbox, "deliveries", "gone")
    yield
    await rename(mailbox, "gone", "deliveries")


async def rename(mailbox: Mailbox, name: str, other: str) -> None:
    async with mailbox._database.write() as connection:
        await connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {other}")


async def sent(app: Caller, payload: Any, key: str) -> tuple[int, str]:
    status, body = await app.post((headers(Idempotency_Key=key), packed(payload)), "/webhooks/gitlab")
    return status, body.get("outcome", body.get("detail"))


async def test_what_the_database_does_not_take_is_kept_and_answered(
    app: Caller, mailbox: Mailbox, spool: Spool
) -> None:
    async with away(mailbox):
        assert await sent(app, change("open"), "key-1") == (202, "kept")
        assert await sent(app, note("/hullcheck ignore we know", type="DiffNote"), "key-2") == (202, "kept")
    assert (await mailbox.tally()).waiting == 0
    assert await spool.drain(mailbox) == 2
    claimed = await mailbox.claim("test")
    assert claimed is not None
    assert (claimed.review, claimed.job.key.number, claimed.job.head) == (True, 12, "c" * 40)
    [job] = claimed.commands
    assert job.command is not None
    assert (job.command.name, job.command.reason, job.hop) == ("ignore", "we know", claimed.job.hop)


async def test_what_asks_nothing_needs_no_database(app: Caller, mailbox: Mailbox, spool: Spool) -> None:
    async with away(mailbox):
        assert await sent(app, change("close"), "key-1") == (202, "ignored")
    assert spool.waiting == 0


async def test_what_asks_nothing_is_not_kept_to_remember_who_called(
    app: Caller, mailbox: Mailbox, spool: Spool
) -> None:
    await rename(mailbox, "callers", "gone")
    assert await sent(app, change("close"), "key-1") == (202, "ignored")
    assert await sent(app, change("open"), "key-2") == (202, "kept")
    assert await sent(app, change("close"), "key-3") == (202, "ignored")
    assert spool.waiting == 1
    await rename(mailbox, "gone", "callers")
    assert await mailbox.callers("gitlab", "gitlab.example.org", 9) == ()
    await spool.drain(mailbox)
    assert [each.key.repository for each in await mailbox.callers("gitlab", "gitlab.example.org", 9)] == ["5"]


async def test_what_an_earlier_version_kept_is_handed_over(mailbox: Mailbox, spool: Spool, tmp_path: Path) -> None:
    await spool.keep(gitlab_delivery(headers(), packed(change("open")), (INSTANCE,), NOW))
    [file] = (tmp_path / "spool").glob("*.json")
    kept = json.loads(file.read_text("utf-8"))
    del kept["caller"]
    file.write_text(json.dumps(kept), "utf-8")
    assert await spool.drain(mailbox) == 1
    assert (await mailbox.tally()).waiting == 1


async def test_it_is_handed_over_by_itself(app: Caller, mailbox: Mailbox, spool: Spool) -> None:
    waits: list[float] = []
    back = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await back.wait()

    async with away(mailbox):
        assert await sent(app, change("open"), "key-1") == (202, "kept")
        running = asyncio.create_task(spool.run(mailbox, sleep))
        await until(lambda: waits)
    back.set()
    await until(lambda: not spool.waiting)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert waits[0] == 1.0
    assert (await mailbox.tally()).waiting == 1


async def test_what_comes_goes_behind_what_waits(app: Caller, mailbox: Mailbox, spool: Spool) -> None:
    async with away(mailbox):
        await sent(app, change("open"), "key-1")
    assert await sent(app, change("update", oldrev="b" * 40), "key-2") == (202, "kept")
    await spool.drain(mailbox)
    assert await sent(app, change("update", oldrev="c" * 40), "key-3") == (202, "coalesced")


async def test_a_redelivery_of_what_was_kept_is_told_apart(app: Caller, mailbox: Mailbox, spool: Spool) -> None:
    async with away(mailbox):
        await sent(app, note(), "key-1")
        await sent(app, note(), "key-1")
    await spool.drain(mailbox)
    claimed = await mailbox.claim("test")
    assert claimed is not None
    await mailbox.finish(claimed)
    assert await mailbox.claim("test") is None
    assert await sent(app, note(), "key-1") == (202, "duplicate")


async def test_another_process_goes_on_with_what_was_kept(app: Caller, mailbox: Mailbox, tmp_path: Path) -> None:
    async with away(mailbox):
        await sent(app, change("open"), "key-1")
    later = Spool(tmp_path / "spool")
    assert later.waiting == 1
    assert await later.drain(mailbox) == 1
    assert list((tmp_path / "spool").iterdir()) == []


async def test_a_spool_that_is_full_is_a_503(mailbox: Mailbox, app: Caller, spool: Spool) -> None:
    spool._most = 1
    async with away(mailbox):
        assert await sent(app, change("open"), "key-1") == (202, "kept")
        status, _ = await sent(app, change("open"), "key-2")
    assert status == 503


async def test_a_disk_that_refuses_is_a_503(mailbox: Mailbox, app: Caller, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    async with away(mailbox):
        status, _ = await sent(app, change("open"), "key-1")
    assert status == 503


async def test_a_disk_that_is_full_is_left_as_it_was(
    mailbox: Mailbox, app: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bot.spool.os.fsync", full)
    async with away(mailbox):
        assert (await sent(app, change(), "k1"))[0] == 503
    assert list((tmp_path / "spool").iterdir()) == []


async def test_what_cannot_be_read_is_put_aside(app: Caller, mailbox: Mailbox, spool: Spool, tmp_path: Path) -> None:
    async with away(mailbox):
        await sent(app, change("open"), "key-1")
    (tmp_path / "spool" / "00-torn.json").write_text('{"id": "x"')
    (tmp_path / "spool" / "01-odd.json").write_text('{"id": "x", "forge": "gitlab", "event": "", "job": {"key": 1}}')
    assert await spool.drain(mailbox) == 1
    assert sorted(path.name for path in (tmp_path / "spool").iterdir()) == ["00-torn.unreadable", "01-odd.unreadable"]


async def test_what_the_database_alone_refuses_does_not_stand_in_the_way(
    app: Caller, mailbox: Mailbox, spool: Spool, tmp_path: Path
) -> None:
    async with away(mailbox):
        for key in ("key-1", "key-2", "key-3"):
            await sent(app, note(), key)
    first = min((tmp_path / "spool").iterdir())
    odd = first.read_text().replace('"author_id": 3', '"author_id": [3]')
    first.write_text(odd)
    assert await spool.drain(mailbox) == 2
    assert [path.suffix for path in (tmp_path / "spool").iterdir()] == [".refused"]


async def test_hostile_calls_are_all_taken_and_ask_for_nothing(app: Caller, mailbox: Mailbox, spool: Spool) -> None:
    assert len(HOSTILE) >= 30
    for number, body in enumerate(HOSTILE):
        call = headers(Idempotency_Key=f"key-{number}"), body
        status, answer = await app.post(call, "/webhooks/gitlab")
        assert (status, answer["outcome"]) == (202, "ignored")
    assert (spool.waiting, (await mailbox.tally()).waiting) == (0, 0)
