"""The database itself: migrations, durability, what is refused, and waking."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from bot.mailbox import DatabaseFaultError, Mailbox
from bot.mailbox.database import Database
from bot.mailbox.filesystem import file_system_of
from bot.mailbox.schema import metadata
from tests.bot.databases import command, delivery, job

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv/shared rw,relatime shared:20 - nfs4 nas:/export rw,vers=4.2
31 30 0:41 / /srv/shared/local\\040disk rw - xfs /dev/sdb1 rw
32 22 0:42 / /srv/over rw - tmpfs tmpfs rw
33 22 0:43 / /srv/over rw - cifs //nas/over rw
short line
"""


def differences(connection: Connection) -> list[object]:
    found = compare_metadata(MigrationContext.configure(connection), metadata)
    return [each for each in found if "alembic_version" not in repr(each)]


async def test_the_migrations_make_the_tables_that_the_code_uses(bare_database_url: str) -> None:
    database = await Database.open(bare_database_url)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_a_database_is_opened_again_with_what_is_in_it(database_url: str) -> None:
    async with await Mailbox.open(database_url) as mailbox:
        await mailbox.put(delivery(job(command=command("help", 12))))
    async with await Mailbox.open(database_url) as mailbox:
        work = await mailbox.claim("later")
    assert work is not None
    assert work.commands[0].command == command("help", 12)


async def test_processes_that_start_together_migrate_once(bare_database_url: str) -> None:
    opened = await asyncio.gather(*(Mailbox.open(bare_database_url) for _ in range(4)))
    for mailbox in opened:
        await mailbox.ping()
        await mailbox.close()


async def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    database = await Database.open(database_url)
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    with pytest.raises(DatabaseFaultError, match="9999"):
        await Database.open(database_url)


async def test_sqlite_syncs_every_commit_to_a_write_ahead_log(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path}/hullcheck.db")
    async with database.read() as connection:
        pragmas = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    await database.close()
    assert pragmas == ["wal", 2, 10_000]


async def test_a_reader_does_not_wait_for_a_writer_on_sqlite(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path}/hullcheck.db")
    async with database.write() as writer, database.read() as reader:
        await writer.execute(text("INSERT INTO state VALUES ('name', 'value')"))
        assert (await reader.execute(text("SELECT count(*) FROM state"))).scalar_one() == 0
    await database.close()


async def test_a_folder_that_is_missing_is_a_plain_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseFaultError, match=r"unable to open database file\. There is no folder"):
        await Mailbox.open(f"sqlite+aiosqlite:///{tmp_path}/missing/hullcheck.db")


async def test_what_is_wrong_with_the_path_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatabaseFaultError, match=rf"There is no folder {tmp_path}/missing\."):
        await Mailbox.open(f"sqlite+aiosqlite:///{tmp_path}/missing/hullcheck.db")
    (tmp_path / "hullcheck.db").mkdir()
    with pytest.raises(DatabaseFaultError, match=rf"The file is {tmp_path}/hullcheck\.db\."):
        await Mailbox.open(f"sqlite+aiosqlite:///{tmp_path}/hullcheck.db")


async def test_a_database_that_another_program_has_for_itself_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.mailbox.database.BUSY_MILLISECONDS", 100)
    with closing(sqlite3.connect(tmp_path / "hullcheck.db")) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("CREATE TABLE theirs (a)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseFaultError, match="locked by another program"):
            await Mailbox.open(f"sqlite+aiosqlite:///{tmp_path}/hullcheck.db")


async def test_a_file_that_is_no_database_is_a_plain_sentence(tmp_path: Path) -> None:
    (tmp_path / "hullcheck.db").write_text("this is not a database, but it is long enough to be one" * 20)
    with pytest.raises(DatabaseFaultError, match="not a database"):
        await Mailbox.open(f"sqlite+aiosqlite:///{tmp_path}/hullcheck.db")


@pytest.mark.parametrize("password", ["", ":hunter22"])
async def test_a_server_that_is_away_is_a_plain_sentence_without_the_password(password: str) -> None:
    with pytest.raises(DatabaseFaultError) as fault:
        await Mailbox.open(f"postgresql+asyncpg://hull{password}@127.0.0.1:1/hull")
    assert "Check HULLCHECK_DATABASE_URL" in str(fault.value)
    assert "hunter22" not in str(fault.value)


async def test_a_parameter_that_the_driver_does_not_know_is_named() -> None:
    with pytest.raises(DatabaseFaultError, match=r"unexpected keyword argument 'application_name'\. Check HULLCHECK"):
        await Mailbox.open("postgresql+asyncpg://hull@127.0.0.1:1/hull?application_name=hullcheck")


async def test_a_postgresql_database_that_is_missing_is_a_plain_sentence(postgresql_url: str) -> None:
    with pytest.raises(DatabaseFaultError, match="does not exist"):
        await Mailbox.open(postgresql_url.replace("/mailbox?", "/nowhere?"))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/hullcheck.db", "ext4"),
        ("/srv/shared/hullcheck.db", "nfs4"),
        ("/srv/sharedness/hullcheck.db", "ext4"),
        ("/srv/shared/local disk/hullcheck.db", "xfs"),
        ("/srv/over/hullcheck.db", "cifs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    assert file_system_of(Path(path), MOUNTS) == kind


async def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"30 22 0:40 / {tmp_path} rw,relatime shared:20 - nfs4 nas:/export rw\n")
    monkeypatch.setattr("bot.mailbox.filesystem._MOUNTS", mounts)
    with pytest.raises(DatabaseFaultError, match=r"network file system \(nfs4\).*Use a local disk, or PostgreSQL"):
        await Mailbox.open(f"sqlite+aiosqlite:///{tmp_path}/hullcheck.db")


def woken() -> asyncio.Timeout:
    """Give up on a worker that nobody wakes long before it would look by itself, and long after a busy machine does."""
    return asyncio.timeout(60)


async def test_a_delivery_wakes_a_worker_of_another_process(postgresql_url: str) -> None:
    async with await Mailbox.open(postgresql_url) as front, await Mailbox.open(postgresql_url) as back:
        await back.wait(30)  # its listener rings once it listens
        async with woken(), asyncio.TaskGroup() as group:
            group.create_task(back.wait(600))
            group.create_task(front.put(delivery(job())))


async def test_a_delivery_wakes_the_worker_of_this_process(mailbox: Mailbox) -> None:
    await mailbox.put(delivery(job()))
    async with woken():
        await mailbox.wait(600)


async def test_listening_goes_on_after_the_connection_broke(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.mailbox.wake.RECONNECT_SECONDS", 0.0)
    async with await Mailbox.open(postgresql_url) as mailbox:
        await mailbox.wait(30)
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        async with mailbox._database.write() as connection:
            assert (await connection.execute(text(ended))).scalar() is True
        async with woken():
            await mailbox.wait(600)
