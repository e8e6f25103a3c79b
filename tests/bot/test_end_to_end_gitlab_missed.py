"""The server is away, GitLab goes on, the server comes back: what no call told of is found, once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.bot.reviewing import PINNED, UNPINNED
from tests.bot.serving import until
from tests.bot.serving_gitlab import serving_both
from tests.bot.test_end_to_end_gitlab import done, notes, proposed, slowest_answer
from tests.forge import faults

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.serving_gitlab import Both

LISTS = r"/projects/\d+/merge_requests$"


async def back(both: Both) -> None:
    """Start the server again, at another port, to which the hooks go from then on."""
    await both.gitlab.settled()
    await both.server.start()
    both.gitlab.webhook_url = f"{both.server.url}/webhooks/gitlab"


def looks(both: Both) -> int:
    """Count the projects that were looked at."""
    return sum(each.path.endswith("/merge_requests") and not each.writes for each in both.gitlab.requests)


def pieces(both: Both) -> int:
    """Count the pieces of work that were done."""
    return sum('"message": "done"' in line for line in both.server.log)


@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_what_is_pushed_while_the_server_is_away_is_reviewed_once_when_it_is_back(
    tmp_path: Path, end: str
) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, PINNED + "EXPOSE 1\n")
        await done(both, 1)
        assert notes(change) == []
        await getattr(both.server, end)()
        change.push({"Dockerfile": UNPINNED})
        opened = change.project.open_merge_request(files={"Dockerfile": UNPINNED}, branch="other", draft=True)
        await back(both)
        await done(both, 3)
        assert [each.status for each in both.gitlab.deliveries].count(0) == 2
        assert [note.position["head_sha"] for note in notes(change) if note.position] == [change.head]
        assert [note.position["head_sha"] for note in notes(opened) if note.position] == [opened.head]

        await both.server.stop()
        before = looks(both)
        await back(both)
        await until(lambda: looks(both) > before)
        change.label("docker")
        await both.gitlab.settled()
        assert pieces(both) == 3


async def test_what_the_hook_told_of_is_not_reviewed_again_after_a_restart(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, UNPINNED)
        await done(both, 1)
        said = len(notes(change))
        await both.server.kill()
        before = looks(both)
        await back(both)
        await until(lambda: looks(both) > before)
        change.push({"Dockerfile": UNPINNED + "EXPOSE 1\n"})
        await done(both, 2)
        assert (pieces(both), len(notes(change))) == (2, said)
        assert not any("found what no call told of" in line for line in both.server.log)


async def test_a_new_target_branch_set_while_the_server_is_away_is_reviewed_when_it_is_back(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, UNPINNED)
        await done(both, 1)
        [note] = [each for each in notes(change) if each.position]
        # What was found is in the release branch already, so that it is no longer a matter of this change.
        change.project.git.point(change.project.ref("release"), change.head)
        change.push({"other": "x\n"})
        await done(both, 2)
        said = note.body
        await both.server.kill()
        change.retarget("release")
        await back(both)
        await done(both, 3)
        assert note.body != said
        assert pieces(both) == 3


async def test_a_command_given_while_the_server_is_away_is_obeyed_once_when_it_is_back(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, UNPINNED)
        await done(both, 1)
        [note] = [each for each in notes(change) if each.position]
        heard = change.comment("/hullcheck review")
        await done(both, 2)
        await both.server.kill()
        asked = change.reply(note, "/hullcheck ignore we follow latest on purpose")
        await back(both)
        await done(both, 3)
        assert [award.name for award in asked.awards] == ["eyes"]
        assert [award.name for award in heard.awards] == ["eyes"]
        assert "Put aside" in note.discussion.notes[-1].body
        assert pieces(both) == 3


async def test_a_project_without_our_hook_is_not_reviewed_after_a_restart(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        known = proposed(both, UNPINNED)
        await done(both, 1)
        await both.server.stop()
        both.gitlab.webhook_url = ""
        other = both.gitlab.create_project("group/other", {"Dockerfile": PINNED})
        unwanted = other.open_merge_request(files={"Dockerfile": UNPINNED})
        known.push({"Dockerfile": UNPINNED + "EXPOSE 1\n"})
        await both.server.start()
        await done(both, 2)
        assert notes(unwanted) == []
        assert not any(f"/projects/{other.id}/" in each.path for each in both.gitlab.requests)


async def test_a_gitlab_that_is_slow_at_the_start_delays_neither_the_start_nor_health(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, PINNED + "EXPOSE 1\n")
        await done(both, 1)
        await both.server.kill()
        change.push({"Dockerfile": UNPINNED})
        gate = asyncio.Event()
        held = faults.held(gate, method="GET", path=LISTS)
        both.gitlab.faults.add(held)
        await back(both)
        await until(lambda: held.hits)
        assert await slowest_answer(both, "/healthz", 10) < 0.5
        assert await slowest_answer(both, "/readyz", 1) < 5
        assert notes(change) == []
        gate.set()
        await done(both, 2)
        assert [note for note in notes(change) if note.position]
