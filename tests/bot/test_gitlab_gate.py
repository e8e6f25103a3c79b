"""The verdict where GitLab can hold a merge by it: off by default, set once, and never in a review's way."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from bot.forges.base import Check
from tests.bot.gitlab_bench import bench

if TYPE_CHECKING:
    from tests.bot.gitlab_bench import Bench

FAILURE = Check("failure", "1 error", "One error.")
NEUTRAL = Check("neutral", "1 warning", "One warning.")


def states(b: Bench) -> list[tuple[str, str]]:
    return [(each.name, each.state) for each in b.project.statuses]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_nothing_is_set_unless_it_is_wanted() -> None:
    async with bench() as b:
        check = b.project.add_status_check("hullcheck")
        await b.publish(b.plan())
        assert (b.project.statuses, check.answers) == ([], {})


async def test_a_commit_status_is_set_once_where_it_is_wanted() -> None:
    async with bench(gates=("commit",)) as b:
        await b.publish(b.plan())
        again = await b.publish(b.plan())
        assert (states(b), again.writes) == ([("hullcheck", "success")], 0)


async def test_a_verdict_that_changes_changes_the_status() -> None:
    async with bench(gates=("commit",)) as b:
        await b.publish(b.plan(check=FAILURE))
        assert states(b) == [("hullcheck", "failed")]
        await b.publish(b.plan(check=NEUTRAL))
        assert states(b) == [("hullcheck", "success")]


async def test_a_fork_is_reviewed_without_a_status(caplog: pytest.LogCaptureFixture) -> None:
    async with bench(fork=True, gates=("commit",)) as b:
        done = await b.publish(b.plan(b.comment("a1")))
        assert (done.posted, b.project.statuses, warnings(caplog)) == (1, [], [])


async def test_a_role_that_may_not_set_a_status_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async with bench(gates=("commit",)) as b:
        b.project.members[b.forge.bot.username] = 20
        for _ in range(2):
            assert (await b.publish(b.plan(b.comment("a1")))).refused == ()
        [told] = warnings(caplog)
        assert told.startswith(f"project {b.project.id} takes no commit status: GitLab: 403")


@pytest.mark.parametrize(("check", "answer"), [(FAILURE, "failed"), (NEUTRAL, "passed")])
async def test_an_external_status_check_called_like_us_is_answered(check: Check, answer: str) -> None:
    async with bench(gates=("external",)) as b:
        ours, other = b.project.add_status_check("Hullcheck"), b.project.add_status_check("ServiceNow")
        await b.publish(b.plan(check=check))
        assert (await b.publish(b.plan(check=check))).writes == 0
        assert (ours.answers, other.answers) == ({(b.change.iid, b.change.head): answer}, {})
        assert b.project.statuses == []


async def test_a_new_head_is_answered_anew() -> None:
    async with bench(gates=("external",)) as b:
        ours = b.project.add_status_check("hullcheck")
        await b.publish(b.plan(check=FAILURE))
        b.change.push({"more": "x\n"})
        await b.publish(b.plan())
        assert list(ours.answers.values()) == ["failed", "passed"]


async def test_a_missing_licence_is_said_once_and_the_review_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async with bench(gates=("external", "commit")) as b:
        b.forge.licensed = False
        assert (await b.publish(b.plan(b.comment("a1")))).posted == 1
        await b.publish(b.plan(b.comment("a1")))
        assert states(b) == [("hullcheck", "success")]
        assert warnings(caplog) == ["external status checks need GitLab Ultimate; reviews go on without them"]


async def test_a_project_without_a_check_called_like_us_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    async with bench(gates=("external",)) as b:
        b.project.add_status_check("ServiceNow")
        await b.publish(b.plan())
        await b.publish(b.plan())
        assert warnings(caplog) == [f"project {b.project.id} has no external status check called hullcheck"]


async def test_a_review_that_failed_for_good_holds_nothing_up() -> None:
    async with bench(gates=("commit", "external")) as b:
        ours = b.project.add_status_check("hullcheck")
        await b.gitlab.fail(b.job, "The files could not be read.")
        assert (states(b), list(ours.answers.values())) == ([("hullcheck", "success")], ["passed"])
