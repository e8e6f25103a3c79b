"""Reviews by all rules on the double of GitHub, which refuses what GitHub does: nothing is, and buttons work."""

from __future__ import annotations

import asyncio
from datetime import date

from hypothesis import given, settings

from bot.reviewer import Desk, review
from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from tests.bot.github_bench import KEY, bench, no_fence
from tests.bot.reviewing import here
from tests.review.faulty import Change, changes

DESK = Desk(run=here, today=lambda: date(2026, 11, 20), key=KEY)


@settings(max_examples=12)
@given(changes())
def test_github_takes_every_write_and_every_suggestion_can_be_committed(change: Change) -> None:
    asyncio.run(reviewed(change))


async def reviewed(change: Change) -> None:
    before = {"Dockerfile": change.before} if change.before is not None else {"README.md": "one"}
    async with bench(before, {"Dockerfile": change.after, "README.md": "two"}) as b:
        await review(b.job, b.github, no_fence, DESK)
        assert [each for each in b.forge.requests.writes if each.status >= 400] == []
        faults = len(parsed(change.after))
        for comment in sorted(b.comments, key=lambda each: -(each.line or 0)):
            if comment.line and "```suggestion" in comment.body:
                b.pull.apply_suggestion(comment)  # from below, so that those above keep their lines
        text = (b.pull.read("Dockerfile") or b"").decode()
        assert len(parsed(text)) <= faults


def parsed(text: str) -> tuple[object, ...]:
    """Return the faults of a Dockerfile's syntax."""
    return tuple(parse(Source("Dockerfile", text)).faults)
