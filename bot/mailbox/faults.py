"""What goes wrong with the mailbox itself."""

from __future__ import annotations

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

DRIVER_FAULTS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What nothing but a database raises; asyncpg's own come bare from a failed connection."""
DATABASE_FAULTS = (*DRIVER_FAULTS, OSError, TimeoutError)
"""What a database that is away, or refuses, raises where nothing else is asked."""


def reason(fault: BaseException) -> str:
    """Say in the driver's words what went wrong, for the log: without the statement and what was to be written."""
    name, words = words_of(fault)
    return f"{name}: {words}" if words else name


def words_of(fault: BaseException) -> tuple[str, str]:
    """Return what the driver calls a fault, and the first line of what it says of it, which may be empty."""
    cause = fault.orig if isinstance(fault, DBAPIError) and fault.orig is not None else fault
    lines = str(cause).strip().splitlines()
    return type(cause).__name__, lines[0].rstrip(".") if lines else ""


class LeaseLost(Exception):  # noqa: N818 - says what happened, as in bot.forges.base
    """Another worker has taken the job over, or may at any moment: stop, and publish nothing more."""


class DatabaseFaultError(Exception):
    """The database cannot be used; the text is a plain sentence without the URL."""
