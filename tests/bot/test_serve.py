"""The server as a process: how it refuses to start, and what it says about itself."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession

from bot.forges.base import Denied
from bot.mailbox import Mailbox
from bot.readiness import Readiness
from bot.serve import Parts, _all_chores, _run
from bot.worker import Worker
from tests.bot.databases import new_postgresql
from tests.bot.serving import PATIENCE, Server, anew, serving, until
from tests.bot.template import forked
from tests.bot.test_settings import GITHUB
from tests.forge.github.double import GitHubDouble

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = str(Path(__file__).parents[2])


def given(**settings: str) -> dict[str, str]:
    environment = {**GITHUB, "HULLCHECK_HOST": "127.0.0.1", "HULLCHECK_PORT": "0", "PYTHONPATH": ROOT, **settings}
    return {name: value for name, value in environment.items() if value}


async def refusal(folder: Path, **settings: str) -> list[str]:
    """Start the server, which must refuse with exit code 2, and return the sentences it prints."""
    process = await forked(given(**settings), folder)
    async with asyncio.timeout(PATIENCE):
        printed = (await process.stderr.read()).decode()
        assert await process.wait() == 2
    return sentences(printed)


def sentences(printed: str) -> list[str]:
    assert "Traceback" not in printed
    first, *others = [line for line in printed.splitlines() if not line.startswith("{")]
    assert first == "hullcheck cannot start:"
    return [line.strip() for line in others]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_faults_of_the_settings_are_all_told_at_once(tmp_path: Path) -> None:
    environment = given(HULLCHECK_GITHUB_APP_ID="", HULLCHECK_LOG_LEVEL="loud")
    ended = subprocess.run(
        [sys.executable, "-m", "bot"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert [line.split()[0] for line in sentences(ended.stderr)] == ["HULLCHECK_LOG_LEVEL", "HULLCHECK_GITHUB_APP_ID"]


async def test_a_port_that_is_taken(tmp_path: Path, taken_port: int) -> None:
    assert await refusal(tmp_path, HULLCHECK_PORT=str(taken_port)) == [
        f"Port {taken_port} is taken by another program. Stop it, or set HULLCHECK_PORT to a free one."
    ]


async def test_an_address_of_another_machine(tmp_path: Path) -> None:
    assert await refusal(tmp_path, HULLCHECK_HOST="192.0.2.1") == [
        "192.0.2.1 cannot be listened on. Set HULLCHECK_HOST to an address of this machine."
    ]


async def test_a_folder_for_temporary_files_that_takes_no_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    (told,) = await refusal(tmp_path, TMPDIR=str(folder))
    assert told == (
        "The processes that judge get no socket in the folder for temporary files: AF_UNIX path too long. "
        "Set TMPDIR to a folder with a short name that can be written."
    )


async def test_a_database_in_a_folder_that_is_missing(tmp_path: Path) -> None:
    (told,) = await refusal(tmp_path, HULLCHECK_DATABASE_URL="sqlite:///missing/hull.db")
    assert told == (
        f"The database cannot be used: unable to open database file. There is no folder {tmp_path}/missing. "
        "Check HULLCHECK_DATABASE_URL."
    )


async def test_a_database_server_that_is_away(tmp_path: Path) -> None:
    (told,) = await refusal(tmp_path, HULLCHECK_DATABASE_URL="postgresql://hull:hunter22@127.0.0.1:1/hull")
    assert told.startswith("The database cannot be used: ")
    assert "hunter22" not in told


async def test_a_server_with_good_credentials_is_ready(tmp_path: Path) -> None:
    async with serving(tmp_path, launch=anew) as server, ClientSession() as session:
        async with session.get(f"{server.url}/readyz") as answer:
            assert await answer.json() == {"status": "ready", "checks": {"database": "ok", "github": "ok"}}
        async with session.get(f"{server.url}/") as page:
            assert page.status == 200


async def test_a_server_whose_credentials_are_refused_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, ClientSession() as session:
        await server.stop()
        server.forge.app.id += 1
        await server.start()
        server.forge.app.id -= 1
        async with session.get(f"{server.url}/readyz") as answer:
            assert answer.status == 503
            checks = (await answer.json())["checks"]
        assert checks["database"] == "ok"
        assert checks["github"].startswith("GitHub: 401")


async def test_a_review_by_way_of_postgresql(tmp_path: Path, postgresql_server: str) -> None:
    async with GitHubDouble.start() as forge:
        server = Server(forge, tmp_path, launch=anew)
        server.database_url = await new_postgresql(postgresql_server, "served")
        await server.start()
        project = forge.create_repository("acme/web", {"Dockerfile": "FROM debian:12\n"})
        pull = project.open_pull_request(files={"Dockerfile": "FROM debian\nUSER root\n"})
        await until(lambda: any(run.head == pull.head and run.conclusion for run in project.check_runs))
        assert await server.stop() == 0


async def test_a_chore_that_fails_is_named_and_does_not_keep_the_others_from_their_turn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def refused() -> None:
        raise Denied("GitLab: 403 Forbidden")

    async def broken() -> None:
        raise KeyError("id")

    async with await Mailbox.open(f"sqlite+aiosqlite:///{tmp_path}/hullcheck.db") as mailbox:
        parts = Parts({}, nothing, nothing, Readiness({}), chores={"asking": refused, "sweeping": broken})
        await _all_chores(mailbox, parts)()
    assert [each.message for each in caplog.records] == [
        "asking failed and is tried again in an hour: GitLab: 403 Forbidden",
        "sweeping failed and is tried again in an hour",
    ]


async def test_what_runs_beside_the_worker_ends_the_server_when_it_fails(tmp_path: Path) -> None:
    async def broken() -> None:
        raise KeyError("id")

    async with await Mailbox.open(f"sqlite+aiosqlite:///{tmp_path}/hullcheck.db") as mailbox:
        with pytest.raises(KeyError):
            async with asyncio.timeout(20):
                await _run(Worker(mailbox, nothing, nothing), [broken()], asyncio.Event())


async def nothing(*_: object) -> None:
    """Stand for what is not called."""
