"""Turns the database URL that people write into the one SQLAlchemy's async drivers want."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_SQLITE = frozenset({"sqlite", "sqlite+aiosqlite"})
_POSTGRESQL = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})


def with_driver(text: str) -> str:
    """Add the async driver to a database URL.

    Args:
        text: `sqlite:///path` or `postgresql://…`. `postgres://` and libpq's `sslmode` are understood, as
            hosting services hand them out.

    Raises:
        ValueError: With a sentence that fits behind the setting's name; it never repeats the URL.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(
            "is not a database URL; write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    if url.drivername in _SQLITE:
        return _sqlite(url)
    if url.drivername in _POSTGRESQL:
        return _postgresql(url)
    raise ValueError(
        "names a database that is not supported; write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
    )


def _sqlite(url: URL) -> str:
    if url.host:
        raise ValueError("has two slashes where three are needed; write sqlite:///PATH")
    if not url.database or ":memory:" in url.database or url.database.startswith("file:"):
        raise ValueError("names no file, and a stored delivery must outlive the process; write sqlite:///PATH")
    return url.set(drivername="sqlite+aiosqlite").render_as_string(hide_password=False)


def _postgresql(url: URL) -> str:
    if not url.database:
        raise ValueError("names no database; write postgresql://USER:PASSWORD@HOST/NAME")
    query = dict(url.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    # libpq's own; asyncpg negotiates channel binding by itself and refuses the word.
    query.pop("channel_binding", None)
    return url.set(drivername="postgresql+asyncpg", query=query).render_as_string(hide_password=False)
