"""Opens the database, brings its tables up to date and hands out transactions."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import create_async_engine

from bot.mailbox.clock import Clock, MachineClock, ServerClock
from bot.mailbox.faults import DATABASE_FAULTS, DatabaseFaultError, words_of
from bot.mailbox.filesystem import refuse_network_file_system

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection, Table
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

BUSY_MILLISECONDS = 10_000
CHANNEL = "hullcheck_mailbox"
"""What PostgreSQL's LISTEN and NOTIFY call us."""
_MIGRATION_LOCK = 0x48554C4C  # "HULL": one process migrates, the others wait


class Database:
    """An engine on SQLite or PostgreSQL, and the few things that differ between the two.

    Args:
        engine: With an async driver.
        clock: Where the time comes from; the database's own by default.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None) -> None:
        self.engine = engine
        self.is_postgresql = engine.dialect.name == "postgresql"
        self.clock = clock or (ServerClock() if self.is_postgresql else MachineClock())
        # SQLite has one writer; waiting in line here is fairer than its busy handler's retries.
        self._line = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, clock: Clock | None = None) -> Database:
        """Connect and migrate.

        Args:
            url: As `bot.settings` gives it, with the driver.
            clock: See the class.

        Raises:
            DatabaseFaultError: The database cannot be reached, or must not be used.
        """
        engine = await _engine(url)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_migrate)
        except (*DATABASE_FAULTS, CommandError, TypeError, ValueError) as fault:
            # The last two are the driver's, of a parameter of the URL that it does not know or cannot read.
            await engine.dispose()
            raise DatabaseFaultError(_sentence(fault)) from fault
        return cls(engine, clock)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Give a transaction that is committed at the end."""
        if self.is_postgresql:
            async with self.engine.begin() as connection:
                yield connection
            return
        async with self._line, self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a transaction that only reads; on SQLite it waits for no writer."""
        async with self.engine.connect() as connection:
            yield await connection.execution_options(only_reads=True)

    async def notify(self, connection: AsyncConnection) -> None:
        """Wake the workers of all processes once this transaction is committed; on SQLite they poll."""
        if self.is_postgresql:
            await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT that knows ON CONFLICT; the two dialects spell it alike."""
        return postgresql.insert(table) if self.is_postgresql else sqlite.insert(table)


async def _engine(url: str) -> AsyncEngine:
    if url.startswith("postgresql"):
        return create_async_engine(url, pool_pre_ping=True, connect_args={"timeout": 10})
    engine = create_async_engine(url)
    assert engine.url.database is not None
    refuse_network_file_system(Path(engine.url.database))
    await asyncio.to_thread(_try_sqlite, engine.url.database)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _try_sqlite(path: str) -> None:
    """Open the file once without the asynchronous driver, whose thread survives a connection that fails."""
    until = time.monotonic() + BUSY_MILLISECONDS / 1000
    while (mode := _write_ahead(path)) is None:
        # Two processes that switch the log at once block each other, and SQLite tells one of them without waiting.
        if time.monotonic() > until:
            raise DatabaseFaultError("The database is locked by another program. Stop that, then start again.")
        time.sleep(0.05)
    if mode != "wal":
        raise DatabaseFaultError("SQLite cannot keep a write-ahead log there; use a folder on a local disk.")


def _write_ahead(path: str) -> str | None:
    """Switch to a write-ahead log and return the log's kind, `None` while another process has the file."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_MILLISECONDS / 1000)) as connection:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
    except sqlite3.OperationalError as fault:
        if fault.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return None
        raise DatabaseFaultError(_sentence(fault, f"{_about(Path(path))} ")) from fault
    except sqlite3.Error as fault:
        raise DatabaseFaultError(_sentence(fault, f"{_about(Path(path))} ")) from fault


def _about(path: Path) -> str:
    """Say what there is at a path, since SQLite's own words leave that out."""
    folder = path.resolve().parent
    if not folder.is_dir():
        return f"There is no folder {folder}."
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        return f"This user may not write {path.resolve()}, or not in its folder."
    return f"The file is {path.resolve()}."


def _prepare_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    # The driver would open transactions on its own terms; with None it leaves that to us.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # Taking the write lock at once avoids the deadlock of two readers that both want to write.
    reads = connection.get_execution_options().get("only_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _sentence(fault: Exception, about: str = "") -> str:
    name, words = words_of(fault)
    return f"The database cannot be used: {words or name}. {about}Check HULLCHECK_DATABASE_URL."
