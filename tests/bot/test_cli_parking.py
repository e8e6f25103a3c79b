from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest

from bot.cli.faults import UsageFault
from bot.cli.parking import parked, retry
from bot.mailbox import Mailbox
from tests.bot.databases import command, delivery, job
from tests.bot.test_settings import GITHUB

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = (f"github:api.github.com/octo/site#{number}" for number in (1, 2))


async def park_two(url: str) -> None:
    async with await Mailbox.open(url) as mailbox:
        for number in (1, 2):
            await mailbox.put(delivery(job(number, command=command())))
            claimed = await mailbox.claim("test")
            assert claimed is not None
            await mailbox.park(claimed, "RuntimeError: no.")


@pytest.fixture(autouse=True)
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up a server whose database holds two pull requests that were given up."""
    asyncio.run(park_two(f"sqlite+aiosqlite:///{tmp_path}/hullcheck.db"))
    for name, value in {**GITHUB, "HULLCHECK_DATABASE_URL": f"sqlite:///{tmp_path}/hullcheck.db"}.items():
        monkeypatch.setenv(name, value)


def listed() -> list[str]:
    out = io.StringIO()
    parked(out)
    return [line.split()[0] for line in out.getvalue().splitlines()]


def test_parked_work_is_listed_with_its_reason() -> None:
    out = io.StringIO()
    parked(out)
    first = out.getvalue().splitlines()[0]
    assert first.startswith(f"{ONE}  since 20")
    assert first.endswith("  attempts: 1  RuntimeError: no.")


def test_one_is_retried_by_its_name() -> None:
    out = io.StringIO()
    retry([TWO], out)
    assert out.getvalue() == "1 pull request will be reviewed again.\n"
    assert listed() == [ONE]


def test_all_are_retried_when_none_is_named() -> None:
    out = io.StringIO()
    retry([], out)
    assert out.getvalue() == "2 pull requests will be reviewed again.\n"
    assert listed() == []


def test_a_name_that_is_not_parked_is_a_fault_and_changes_nothing() -> None:
    with pytest.raises(UsageFault, match="is not parked; `hullcheck parked` lists what is"):
        retry([ONE, "github:api.github.com/octo/site#9"], io.StringIO())
    assert listed() == [ONE, TWO]


def test_settings_that_are_missing_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HULLCHECK_GITHUB_APP_ID")
    with pytest.raises(UsageFault, match="HULLCHECK_GITHUB_APP_ID is missing"):
        parked(io.StringIO())
