"""A whole review and the life that follows, word for word the same on both forges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.forges.base import Gone
from tests.bot.reviewing import LOST, PINNED, UNPINNED
from tests.bot.sides import on
from tests.forge.faults import Fault
from tests.forge.repository import Moved

if TYPE_CHECKING:
    from tests.bot.sides import Side

pytestmark = pytest.mark.parametrize("forge", ["github", "gitlab"])
CHANGED: dict[str, Any] = {"before": {"Dockerfile": PINNED}, "after": {"Dockerfile": UNPINNED}}


async def test_a_lost_start_command_is_suggested_committed_and_called_fixed(forge: str) -> None:
    async with on(forge, before={"Dockerfile": PINNED}, after={"Dockerfile": LOST}) as s:
        assert (await s.review()).posted == 1
        [comment] = s.inline
        assert "```suggestion" in comment.body
        s.change.apply_suggestion(comment)
        assert s.change.read("Dockerfile").endswith(b'ENTRYPOINT ["/run"]\nCMD ["serve"]\n')
        await s.review()
        assert comment.body.startswith(f"**Fixed in {s.change.head[:8]}.**")


async def test_a_clean_change_gets_a_verdict_and_not_a_word(forge: str) -> None:
    async with on(forge, before={"Dockerfile": PINNED}, after={"Dockerfile": PINNED + "EXPOSE 80\n"}) as s:
        assert (await s.review()).conclusion == "success"
        assert (s.bodies, s.verdict) == ([], "success")


async def test_the_verdict_fails_at_the_threshold_of_the_policy(forge: str) -> None:
    policy = {"Dockerfile": PINNED, ".hullcheck.yaml": "fail-on: info\n"}
    async with on(forge, before=policy, after={"Dockerfile": UNPINNED}) as s:
        await s.review()
        assert s.verdict == "failure"


async def test_a_second_review_of_the_same_head_writes_nothing(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        await s.review()
        written = len(s.bench.forge.requests.writes)
        await s.review()
        assert len(s.bench.forge.requests.writes) == written


async def test_what_a_push_repairs_is_marked_as_fixed_in_its_comment(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        await s.review()
        s.change.push({"Dockerfile": PINNED + "EXPOSE 80\n"})
        await s.review()
        [comment] = s.inline
        assert comment.body.startswith(f"**Fixed in {s.change.head[:8]}.**")
        assert len(s.summaries) == 1


async def test_what_comes_back_is_said_in_the_same_thread(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        await s.review()
        for text in (PINNED + "EXPOSE 80\n", UNPINNED):
            s.change.push({"Dockerfile": text})
            await s.review()
        [comment] = s.inline
        assert ", and back as of " in comment.body
        assert any(body.startswith(f"Back as of {s.change.head[:8]}: ") for body in s.bodies)


async def test_a_shifted_line_is_not_said_again(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        await s.review()
        s.change.push({"Dockerfile": f"# shifted\n\n{UNPINNED}"})
        assert (await s.review()).posted == 0
        assert len(s.inline) == 1


async def test_a_rebase_is_not_said_again(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        await s.review()
        s.bench.project.push("main", {"LICENSE": "MIT\n"})
        s.change.rebase()
        assert (await s.review()).posted == 0


async def test_an_edit_that_repairs_nothing_is_no_repair(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        await s.review()
        [comment] = s.inline
        s.change.push({"Dockerfile": UNPINNED.replace("FROM debian", "FROM --platform=linux/arm64 debian")})
        await s.review()
        await s.review()
        assert s.inline == [comment]
        assert "Fixed in" not in comment.body


async def test_what_was_there_before_is_not_said(forge: str) -> None:
    async with on(forge, before={"Dockerfile": UNPINNED}, after={"Dockerfile": UNPINNED + "EXPOSE 80\n"}) as s:
        await s.review()
        assert s.inline == []


async def test_a_renamed_dockerfile_is_compared_with_what_it_was(forge: str) -> None:
    async with on(forge, before={"Dockerfile": UNPINNED}, after={"docker/Dockerfile": Moved("Dockerfile")}) as s:
        await s.review()
        assert s.inline == []


async def test_a_missing_diff_is_computed_from_the_texts(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        s.bench.forge.limits.patch_bytes = 1
        assert (await s.review()).posted == 1


async def test_the_policy_is_that_of_the_base_branch(forge: str) -> None:
    off = "rules:\n  base-image-unpinned: off\n"
    async with on(forge, before={"Dockerfile": PINNED}, after={"Dockerfile": UNPINNED, ".hullcheck.yaml": off}) as s:
        assert (await s.review()).posted == 1


async def test_a_push_in_the_middle_leaves_the_word_to_its_own_review(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        path = "/git/blobs/" if s.on_github else "/repository/files/Dockerfile"
        s.bench.forge.faults.add(Fault("GET", path, then=lambda: s.change.push({"Dockerfile": LOST})))
        with pytest.raises(Gone):
            await s.review()
        assert s.bodies == []


async def test_a_closed_change_is_left_alone(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        s.change.close()
        with pytest.raises(Gone):
            await s.review()
        assert s.bodies == []


async def test_a_fork_is_reviewed_like_any_other(forge: str) -> None:
    async with on(forge, **CHANGED, fork=True) as s:
        assert (await s.review()).posted == 1


async def test_every_word_is_the_forges_own(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        await s.review()
        s.give("dana", "write")
        await s.order("help", "/hullcheck help", "dana")
        words, others = ("pull request", "merge request")[:: 1 if s.on_github else -1]
        whole = "\n".join(s.bodies)
        assert words in whole
        assert others not in whole


async def ignored(s: Side) -> Any:
    """Review, have the finding ignored by who may, and return what they said."""
    await s.review()
    s.give("dana", "write")
    said, wants_review = await s.order("ignore", "/hullcheck ignore it is on purpose", "dana", s.inline[0])
    assert wants_review
    return said


async def test_an_ignored_finding_is_put_aside_with_who_and_why(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        said = await ignored(s)
        assert s.reactions(said) == ["eyes"]
        s.change.push({"Dockerfile": UNPINNED + "EXPOSE 80\n"})
        assert (await s.review()).posted == 0
        assert "dana" in s.summaries[0]
        assert "it is on purpose" in s.summaries[0]


async def test_what_somebody_else_said_cannot_be_put_aside(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        await s.review()
        s.give("dana", "write")
        [comment] = s.inline
        comment.author = s.bench.forge.user("mallory")
        _, wants_review = await s.order("ignore", "/hullcheck ignore it is on purpose", "dana", comment)
        assert not wants_review
        assert not any("Put aside" in body for body in s.bodies)


async def test_a_command_is_answered_once(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        s.give("dana", "write")
        for _ in range(2):
            said, wants_review = await s.order("help", "/hullcheck help", "dana")
            assert (s.reactions(said), wants_review) == (["eyes"], False)
        assert len([body for body in s.bodies if "hullcheck ignore" in body]) == 2


async def test_who_may_not_command_is_told_by_a_face(forge: str) -> None:
    async with on(forge, **CHANGED, fork=True) as s:
        s.give("reader", "read")
        said, wants_review = await s.order("review", "/hullcheck review", "reader")
        assert (s.reactions(said), wants_review, s.bodies) == (["confused"], False, [])


async def test_the_author_may_ask_for_a_review(forge: str) -> None:
    async with on(forge, **CHANGED, fork=True) as s:
        _, wants_review = await s.order("review", "/hullcheck review", "dev")
        assert wants_review


async def test_what_a_person_resolved_stays_resolved(forge: str) -> None:
    async with on(forge, **CHANGED) as s:
        await s.review()
        s.change.resolve(s.inline[0], by="dana")
        s.change.push({"README.md": "more\n"})
        await s.review()
        [comment] = s.inline
        resolved = comment.thread.resolved_by if s.on_github else comment.resolved_by
        assert resolved is s.bench.forge.user("dana")
