from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.bot.reviewing import LOST, OTHER_RULES, PINNED, UNPINNED
from tests.bot.serving import until
from tests.bot.serving_gitlab import serving_both
from tests.bot.test_end_to_end_github import opened, reviewed
from tests.forge import faults
from tests.forge.gitlab import mishaps

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.serving_gitlab import Both
    from tests.forge.faults import Fault
    from tests.forge.github.pulls import PullRequest
    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import Note

PUBLISH = r"/draft_notes/bulk_publish$"


def proposed(both: Both, after: str) -> MergeRequest:
    """Open a merge request; the double delivers it with its secret."""
    policy = "rules:\n" + "".join(f"  {rule}: off\n" for rule in OTHER_RULES)
    project = both.gitlab.create_project("group/sub/web", {"Dockerfile": PINNED, ".hullcheck.yaml": policy})
    return project.open_merge_request(files={"Dockerfile": after})


def notes(change: MergeRequest) -> list[Note]:
    """What we said."""
    bot = change.project.forge.bot
    return [note for note in change.notes if note.author is bot and not note.system]


async def done(both: Both, times: int) -> None:
    """Return once the server has ended so many pieces of work."""
    await until(lambda: sum('"message": "done"' in line for line in both.server.log) >= times)


async def test_a_delivery_becomes_one_review_and_its_life_goes_on(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, LOST)
        await done(both, 1)
        [note] = [each for each in notes(change) if each.position]
        assert "```suggestion:-" in note.body
        assert "pull request" not in "".join(each.body for each in notes(change))

        said = len(notes(change))
        [delivery] = [each for each in both.gitlab.deliveries if each.kind == "merge_request"]
        assert await both.gitlab.deliver(delivery) == 202

        change.apply_suggestion(note)
        await done(both, 2)
        assert note.body.startswith(f"**Fixed in {change.head[:8]}.**")
        assert len(notes(change)) == said
        assert both.gitlab.quick_actions == []


async def test_what_is_repaired_by_a_push_is_edited_and_resolved(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, UNPINNED)
        await done(both, 1)
        [note] = [each for each in notes(change) if each.position]
        change.push({"Dockerfile": PINNED + "EXPOSE 1\n"})
        await done(both, 2)
        assert note.body.startswith(f"**Fixed in {change.head[:8]}.**")
        assert note.resolved_by is both.gitlab.bot


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_publishing_it_says_everything_once_after_the_restart(tmp_path: Path, when: str) -> None:
    async with serving_both(tmp_path) as both:
        gate = asyncio.Event()
        never = faults.held(gate, method="POST", path=PUBLISH, when=when)  # type: ignore[arg-type]  # parametrized
        both.gitlab.faults.add(never)
        change = proposed(both, UNPINNED)
        await until(lambda: never.hits)
        await both.server.kill()
        gate.set()
        await both.server.start()
        await done(both, 1)
        assert len([each for each in notes(change) if each.position]) == 1
        assert change.drafts == []


async def test_commands_are_obeyed_end_to_end(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, UNPINNED)
        change.project.members["dev"] = 30
        await done(both, 1)
        [note] = [each for each in notes(change) if each.position]
        asked = change.reply(note, "/hullcheck ignore we follow latest on purpose")
        await done(both, 2)
        assert [award.name for award in asked.awards] == ["eyes"]
        assert "Put aside" in note.discussion.notes[-1].body
        stranger = change.comment("/hullcheck review", author="stranger")
        await until(lambda: stranger.awards)
        assert [award.name for award in stranger.awards] == ["confused"]
        change.push({"Dockerfile": UNPINNED + "EXPOSE 80\n"})
        await done(both, 4)
        assert len([each for each in notes(change) if each.position and each is each.discussion.notes[0]]) == 1


async def test_a_database_that_is_away_costs_neither_the_hook_nor_the_review(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        with closing(sqlite3.connect(both.server.folder / "hullcheck.db")) as database:
            database.execute("ALTER TABLE deliveries RENAME TO gone")
            change = proposed(both, UNPINNED)
            for number in range(5):
                change.push({"Dockerfile": UNPINNED, f"more{number}": "x\n"})
            await both.gitlab.settled()
            assert [each.status for each in both.gitlab.deliveries] == [202] * 6
            assert both.gitlab.hooks.all[0].failures == 0
            database.execute("ALTER TABLE gone RENAME TO deliveries")
        await done(both, 1)
        assert [each for each in notes(change) if each.position]


async def test_what_was_kept_outlives_a_kill(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        with closing(sqlite3.connect(both.server.folder / "hullcheck.db")) as database:
            database.execute("ALTER TABLE deliveries RENAME TO gone")
            change = proposed(both, UNPINNED)
            await both.gitlab.settled()
            assert [each.status for each in both.gitlab.deliveries] == [202]
            await both.server.kill()
            database.execute("ALTER TABLE gone RENAME TO deliveries")
        await both.server.start()
        await done(both, 1)
        assert [each for each in notes(change) if each.position]


async def test_what_we_do_does_not_call_our_own_hook_again(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        proposed(both, UNPINNED)
        await done(both, 1)
        await both.gitlab.settled()
        assert [each.kind for each in both.gitlab.deliveries] == ["merge_request"]
        assert both.gitlab.hooks.blocked


async def seconds_of_a_github_review(pull: PullRequest, number: int) -> float:
    """Push to a pull request on GitHub and return how long its review takes."""
    began = time.perf_counter()
    pull.push({"Dockerfile": UNPINNED, "number": f"{number}\n"})
    await reviewed(pull)
    return time.perf_counter() - began


async def slowest_answer(both: Both, path: str, times: int) -> float:
    """Ask the server again and again and return the longest time it took to answer."""
    longest = 0.0
    async with aiohttp.ClientSession() as session:
        for _ in range(times):
            began = time.perf_counter()
            async with session.get(f"{both.server.url}{path}") as answer:
                assert answer.status == 200
            longest = max(longest, time.perf_counter() - began)
            await asyncio.sleep(0.05)
    return longest


@pytest.mark.parametrize("fault", [faults.slow(4.0, times=None), mishaps.throttled(60, times=None)])
async def test_a_slow_gitlab_delays_neither_github_nor_health(tmp_path: Path, fault: Fault) -> None:
    async with serving_both(tmp_path) as both:
        pull = opened(both.server, PINNED + "EXPOSE 80\n")
        await done(both, 1)
        usual = await seconds_of_a_github_review(pull, 1)
        both.gitlab.faults.add(fault)
        changes = [proposed(both, UNPINNED) for _ in range(6)]
        await until(lambda: fault.hits)
        health, meanwhile = await asyncio.gather(
            slowest_answer(both, "/healthz", 20), seconds_of_a_github_review(pull, 2)
        )
        # Far less than one answer of GitLab takes, and far more than a busy machine needs.
        assert health < 2.0
        assert meanwhile < usual + 3.0
        # A review at GitLab needs more answers than could arrive in the meantime.
        assert not any(notes(change) for change in changes)
        both.gitlab.faults.clear()
        print(f"usual {usual:.2f} s, meanwhile {meanwhile:.2f} s, /healthz at most {health * 1000:.0f} ms")
