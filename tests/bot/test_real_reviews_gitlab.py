"""Reviews by all rules on the double of GitLab: nothing is refused, misplaced or misused, and buttons work."""

from __future__ import annotations

import asyncio
from datetime import date

from hypothesis import example, given, settings

from bot.reviewer import Desk, review
from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from tests.bot.gitlab_bench import KEY, bench, no_fence
from tests.bot.reviewing import here
from tests.review.faulty import Change, changes

DESK = Desk(run=here, today=lambda: date(2026, 11, 20), key=KEY)


@settings(max_examples=8)
@given(changes())
@example(Change(None, "FROM python:3.12-slim\nRUN apt-get update\nRUN apt-get install curl\nCMD python app.py\n"))
def test_gitlab_takes_every_write_and_every_suggestion_can_be_committed(change: Change) -> None:
    asyncio.run(reviewed(change))


async def reviewed(change: Change) -> None:
    before = {"Dockerfile": change.before} if change.before is not None else {"README.md": "one"}
    async with bench(before, {"Dockerfile": change.after, "README.md": "two"}) as b:
        await review(b.job, b.gitlab, no_fence, DESK)
        assert [each for each in b.forge.requests.writes if each.status >= 400] == []
        assert b.forge.misuses == []
        faults = len(parse(Source("Dockerfile", change.after)).faults)
        placed = [note for note in b.notes if note.position and note.position.get("new_line") and note.suggestions]
        for note in sorted(placed, key=lambda each: -each.position["new_line"] if each.position else 0):
            b.change.apply_suggestion(note)  # from below, so that those above keep their lines
        text = (b.change.read("Dockerfile") or b"").decode()
        assert len(parse(Source("Dockerfile", text)).faults) <= faults
