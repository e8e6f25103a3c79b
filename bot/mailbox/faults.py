"""What goes wrong with the mailbox itself."""

from __future__ import annotations

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.exc import SQLAlchemyError

DATABASE_FAULTS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What a database that is away, or refuses, raises; asyncpg's own come bare from a failed connection."""


class LeaseLost(Exception):  # noqa: N818 - says what happened, as in bot.forges.base
    """Another worker has taken the job over, or may at any moment: stop, and publish nothing more."""


class DatabaseFaultError(Exception):
    """The database cannot be used; the text is a plain sentence without the URL."""
