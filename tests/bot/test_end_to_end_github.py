from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.bot.reviewing import LOST, OTHER_RULES, PINNED, UNPINNED
from tests.bot.serving import Server, serving, until
from tests.forge.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.forge.github.pulls import PullRequest

REVIEWS = r"/pulls/1/reviews$"


def opened(server: Server, after: str) -> PullRequest:
    """Open a pull request; the double delivers it, signed."""
    policy = "rules:\n" + "".join(f"  {rule}: off\n" for rule in OTHER_RULES)
    project = server.forge.create_repository("acme/web", {"Dockerfile": PINNED, ".hullcheck.yaml": policy})
    return project.open_pull_request(files={"Dockerfile": after})


async def reviewed(pull: PullRequest) -> None:
    """Return once the newest head has its check: it is written last."""
    await until(lambda: any(run.head == pull.head and run.conclusion for run in pull.project.check_runs))


async def done(server: Server, times: int) -> None:
    """Return once the server has ended so many pieces of work."""
    await until(lambda: sum('"message": "done"' in line for line in server.log) >= times)


async def test_a_signed_delivery_becomes_one_review_and_its_life_goes_on(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        pull = opened(server, LOST)
        await reviewed(pull)
        [review] = [each for each in pull.reviews if each.body]
        assert (review.state, review.commit) == ("COMMENTED", pull.head)
        [comment] = pull.visible_comments()
        assert "```suggestion" in comment.body

        await done(server, 1)
        written = len(server.forge.requests.writes)
        [delivery] = [each for each in server.forge.deliveries if each.event == "pull_request"]
        assert await server.forge.deliver(delivery) == 202
        pull.comment("/hullcheck is fine")
        await server.forge.settled()

        pull.apply_suggestion(comment)
        await reviewed(pull)
        assert comment.body.startswith(f"**Fixed in {pull.head[:8]}.**")
        assert len(pull.visible_comments()) == 1
        await done(server, 2)
        repaired = server.forge.requests.writes[written:]
        assert {each.method for each in repaired} == {"POST", "PATCH"}
        assert len([each for each in repaired if each.operation == "pulls/create-review"]) == 0


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_publishing_it_says_everything_once_after_the_restart(tmp_path: Path, when: str) -> None:
    async with serving(tmp_path) as server:
        forge, gate = server.forge, asyncio.Event()
        never = Fault("POST", REVIEWS, when=when, gate=gate, status=502)  # type: ignore[arg-type]  # parametrized
        forge.faults.add(never)
        pull = opened(server, UNPINNED)
        await until(lambda: never.hits)
        await server.kill()
        assert len(pull.reviews) == (when == "after")
        gate.set()
        await server.start()
        await reviewed(pull)
        assert len(pull.reviews) == len(pull.visible_comments()) == 1


async def test_a_lost_answer_is_made_good_by_another_attempt(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        server.forge.faults.add(Fault("POST", REVIEWS, when="after", status=502))
        pull = opened(server, UNPINNED)
        await reviewed(pull)
        assert len(pull.reviews) == len(pull.visible_comments()) == 1


async def test_a_burst_of_pushes_ends_in_one_review_of_the_newest_head(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        pull = opened(server, PINNED + "EXPOSE 1\n")
        for port in range(2, 6):
            pull.push({"Dockerfile": f"{UNPINNED}EXPOSE {port}\n"})
        await reviewed(pull)
        assert [review.commit for review in pull.reviews] == [pull.head]
        assert len(pull.visible_comments()) == 1


async def test_commands_are_obeyed_end_to_end(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        pull = opened(server, UNPINNED)
        await reviewed(pull)
        [comment] = pull.visible_comments()
        pull.reply(comment, "/hullcheck ignore we follow latest on purpose")
        await until(lambda: len(comment.thread.comments) == 3)
        help_wanted = pull.comment("/hullcheck help")
        await until(lambda: help_wanted.reactions and pull.issue_comments[-1] is not help_wanted)
        pull.push({"Dockerfile": UNPINNED + "EXPOSE 80\n"})
        await reviewed(pull)
        assert len(comment.thread.comments) == 3
        assert "we follow latest on purpose" in (pull.project.check_runs[-1].summary or "")


async def test_it_stops_in_good_order(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        assert await server.stop() == 0
        assert server.forge.app.webhook_secret not in "".join(server.log)
