"""The life of one pull request: what each push makes the bot write, and that nothing is ever said twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bot.github_bench import Bench, bench
from tests.bot.reviewing import LOST, PINNED, UNPINNED, reviewed
from tests.forge.repository import Moved

if TYPE_CHECKING:
    from collections.abc import Callable

BOTH = LOST.replace(":12.5-slim AS base", " AS base")
MOVED = "docker/Dockerfile"
CHECK, SUMMARY = "checks/create", "issues/update-comment"
REVIEW, EDIT, ANSWER = "pulls/create-review", "pulls/update-review-comment", "pulls/create-review-comment"

Step = tuple["Callable[[Bench], object]", list[str]]


def pushed(text: str, path: str = "Dockerfile") -> Callable[[Bench], object]:
    return lambda b: b.pull.push({path: text})


def renamed(b: Bench) -> None:
    b.pull.push({MOVED: Moved("Dockerfile"), "Dockerfile": None})


def rebased(b: Bench) -> None:
    b.project.push("main", {"LICENSE": "MIT"})
    b.pull.rebase()


def dismissed(b: Bench) -> None:
    lost = b.comments[-1]
    b.pull.resolve(lost, by="dana")
    b.pull.push({"README.md": "more"})


LIFE: list[Step] = [
    (lambda b: None, [REVIEW, "issues/create-comment", CHECK]),
    (lambda b: b.pull.push({"README.md": "words"}), [SUMMARY, CHECK]),
    (rebased, [SUMMARY, CHECK]),
    (pushed(f"# shifted\n\n{UNPINNED}"), [SUMMARY, CHECK]),
    (pushed(UNPINNED.replace("FROM debian AS base", "FROM   debian  AS   base")), [SUMMARY, CHECK]),
    (pushed(PINNED + "EXPOSE 80\n"), [EDIT, SUMMARY, CHECK]),
    (pushed(UNPINNED), [EDIT, ANSWER, SUMMARY, CHECK]),
    (pushed(BOTH), [REVIEW, SUMMARY, CHECK]),
    (dismissed, [SUMMARY, CHECK]),
    (lambda b: b.pull.force_push({"Dockerfile": BOTH}), [SUMMARY, CHECK]),
    (renamed, [SUMMARY, CHECK]),
    (pushed(LOST, MOVED), [EDIT, SUMMARY, CHECK]),
    (pushed(PINNED + "EXPOSE 81\n", MOVED), [EDIT, SUMMARY, CHECK]),
    (lambda b: None, []),
]


async def test_twelve_pushes_write_what_they_must_and_nothing_is_said_twice() -> None:
    async with bench({"Dockerfile": PINNED, "README.md": ""}, {"Dockerfile": UNPINNED}) as b:
        for number, (happens, expected) in enumerate(LIFE):
            before = len(b.forge.requests.writes)
            happens(b)
            await reviewed(b)
            assert [each.operation for each in b.forge.requests.writes[before:]] == expected, f"step {number}"
        tops = [each for each in b.comments if each.in_reply_to is None]
        assert len(tops) == 2
        assert len(b.pull.issue_comments) == 1
        assert len({each.body for each in b.comments}) == len(b.comments)
