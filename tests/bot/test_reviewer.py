from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.forges.base import Gone
from bot.handling import Handling
from bot.mailbox import Claimed
from bot.processes import Processes, TookTooLong, WorkFailed
from bot.reviewer import review
from tests.bot.github_bench import Bench, bench, no_fence
from tests.bot.reviewing import LOST, PINNED, UNPINNED, desk, reviewed
from tests.forge.faults import Fault
from tests.forge.log import Log
from tests.forge.repository import Moved, Symlink

if TYPE_CHECKING:
    from tests.forge.repository import Content


def summaries(b: Bench) -> list[str]:
    return [each.body for each in b.pull.issue_comments]


async def test_a_change_that_loses_its_start_command_gets_a_comment_with_a_suggestion() -> None:
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": LOST}) as b:
        outcome = await reviewed(b)
        [comment] = b.comments
        assert "```suggestion" in comment.body
        b.pull.apply_suggestion(comment)
        fixed = (b.pull.read("Dockerfile") or b"").decode()
        assert fixed.endswith('ENTRYPOINT ["/run"]\nCMD ["serve"]\n')
        assert (outcome.head, outcome.posted) == (comment.review.commit, 1)


async def test_a_clean_change_gets_a_green_check_and_not_a_word() -> None:
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": PINNED + "EXPOSE 8080\n"}) as b:
        outcome = await reviewed(b)
        assert (outcome.conclusion, b.comments, b.pull.reviews, summaries(b)) == ("success", [], [], [])
        assert [run.conclusion for run in b.project.check_runs] == ["success"]


async def test_a_change_without_dockerfiles_gets_its_green_check_too() -> None:
    async with bench({"README.md": "a"}, {"README.md": "b"}) as b:
        await reviewed(b)
        assert [run.conclusion for run in b.project.check_runs] == ["success"]


async def test_reviewing_again_changes_nothing() -> None:
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": UNPINNED}) as b:
        await reviewed(b)
        written = len(b.forge.requests.writes)
        b.github = b.another()
        await reviewed(b)
        assert len(b.forge.requests.writes) == written


async def test_what_a_push_repairs_is_edited_to_say_so() -> None:
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": UNPINNED}) as b:
        await reviewed(b)
        b.pull.push({"Dockerfile": PINNED + "EXPOSE 80\n"})
        await reviewed(b)
        [comment] = b.comments
        assert comment.body.startswith(f"**Fixed in {b.pull.head[:8]}.**")
        assert [run.conclusion for run in b.project.check_runs] == ["neutral", "success"]


async def test_what_was_there_before_is_not_said() -> None:
    async with bench({"Dockerfile": UNPINNED}, {"Dockerfile": UNPINNED + "EXPOSE 80\n"}) as b:
        await reviewed(b)
        assert b.comments == []


async def test_a_fault_of_the_base_branch_is_not_blamed_on_the_change() -> None:
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": PINNED + "EXPOSE 80\n"}) as b:
        b.project.push("main", {"Dockerfile": UNPINNED})
        await reviewed(b)
        assert b.comments == []


async def test_a_renamed_dockerfile_is_compared_with_what_it_was() -> None:
    after: dict[str, Content] = {"docker/Dockerfile": Moved("Dockerfile")}
    async with bench({"Dockerfile": UNPINNED}, after) as b:
        await reviewed(b)
        assert b.comments == []


async def test_a_dockerfile_that_is_a_link_is_named_as_not_reviewed() -> None:
    after: dict[str, Content] = {"Dockerfile": Symlink("other/Dockerfile"), "web/Dockerfile": UNPINNED}
    async with bench({"other/Dockerfile": PINNED}, after) as b:
        await reviewed(b)
        assert "`Dockerfile`: a symbolic link" in summaries(b)[0]
        assert [comment.path for comment in b.comments] == ["web/Dockerfile"]


async def test_a_file_whose_old_text_cannot_be_read_does_not_pass_for_new() -> None:
    async with bench({"Dockerfile": b"FROM debian\n\0"}, {"Dockerfile": UNPINNED}) as b:
        await reviewed(b)
        assert b.comments == []
        assert "binary before this change" in summaries(b)[0]


async def test_a_missing_patch_is_computed_from_the_two_texts() -> None:
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": UNPINNED}) as b:
        b.forge.limits.patch_bytes = 1
        await reviewed(b)
        assert [comment.line for comment in b.comments] == [1]


async def test_the_policy_comes_from_the_base_branch_and_not_from_the_change() -> None:
    off = "rules:\n  base-image-unpinned: off\n"
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": UNPINNED, ".hullcheck.yaml": off}) as b:
        await reviewed(b)
        assert len(b.comments) == 1
    async with bench({"Dockerfile": PINNED, ".hullcheck.yaml": off}, {"Dockerfile": UNPINNED}) as b:
        await reviewed(b)
        assert b.comments == []


async def test_a_change_of_the_policy_is_told_and_not_obeyed() -> None:
    policy = "rules: {entrypoint-lost: off}\n"
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": PINNED + "EXPOSE 1\n", ".hullcheck.yaml": policy}) as b:
        await reviewed(b)
        assert "this review goes by that of the base branch" in summaries(b)[0]
        assert "- Switched off: `entrypoint-lost`." in summaries(b)[0]


async def test_a_faulty_policy_is_named_and_the_review_goes_on() -> None:
    async with bench({"Dockerfile": PINNED, ".hullcheck.yaml": "rulez: {}\n"}, {"Dockerfile": UNPINNED}) as b:
        await reviewed(b)
        assert len(b.comments) == 1
        assert "rulez" in summaries(b)[0]


async def test_the_check_fails_at_the_threshold_of_the_policy() -> None:
    async with bench({"Dockerfile": PINNED, ".hullcheck.yaml": "fail-on: info\n"}, {"Dockerfile": UNPINNED}) as b:
        assert (await reviewed(b)).conclusion == "failure"


async def test_a_push_in_the_middle_leaves_the_word_to_its_own_review() -> None:
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": UNPINNED}) as b:
        job = b.job
        b.forge.faults.add(Fault("GET", "/git/blobs/", then=lambda: b.pull.push({"Dockerfile": LOST})))
        with pytest.raises(Gone):
            await review(job, b.github, no_fence, desk())
        assert b.forge.requests.writes == []
        await reviewed(b)
        assert {comment.review.commit for comment in b.comments} == {b.pull.head}


async def test_a_closed_pull_request_is_left_alone() -> None:
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": UNPINNED}) as b:
        b.pull.close()
        with pytest.raises(Gone):
            await reviewed(b)


async def test_a_judgement_that_takes_too_long_completes_the_check_all_the_same() -> None:
    async def slow(_function: object, _given: object, /) -> Any:
        raise TookTooLong("it was ended after 30 seconds")

    async with bench({"Dockerfile": PINNED}, {"Dockerfile": UNPINNED}) as b:
        outcome = await reviewed(b, slow)
        [run] = b.project.check_runs
        assert (outcome.conclusion, run.conclusion) == ("neutral", "neutral")
        assert "ended after 30 seconds" in (run.summary or "")


async def test_a_fault_of_ours_is_told_as_words_and_not_as_markdown() -> None:
    async def broken(_function: object, _given: object, /) -> Any:
        raise WorkFailed("ValueError: @acme/everyone [here](https://example.org)\n/merge")

    async with bench({"Dockerfile": PINNED}, {"Dockerfile": UNPINNED}) as b:
        await reviewed(b, broken)
        parked, claimed = "ValueError: @acme/everyone", Claimed(b.job, True, (), 1, "us", 8)  # noqa: FBT003 - a record
        await Handling({("github", b.job.key.instance): b.github}, desk()).give_up(claimed, parked)
        for run in b.project.check_runs:
            assert "@acme" not in (run.summary or "")
            assert "](" not in (run.summary or "")


async def test_judgements_cross_into_another_process() -> None:
    async with Processes(1, limit=60) as processes, bench({"Dockerfile": PINNED}, {"Dockerfile": LOST}) as b:
        assert (await reviewed(b, processes.run)).posted == 1


async def test_a_fork_is_reviewed_like_any_other() -> None:
    async with bench({"Dockerfile": PINNED}, {"Dockerfile": UNPINNED}, fork=True) as b:
        assert (await reviewed(b)).posted == 1


@pytest.mark.parametrize(("dockerfiles", "requests"), [(1, 26), (5, 34), (50, 124)])
async def test_a_review_takes_three_rounds_of_requests_before_it_speaks(dockerfiles: int, requests: int) -> None:
    before = {f"{number}/Dockerfile": f"{PINNED}EXPOSE {number}\n" for number in range(dockerfiles)}
    after = {path: f"{UNPINNED}EXPOSE 1{path[0]}\n" for path in before}
    async with bench(before, after) as b:
        await b.github._enter(b.job)  # the token lives an hour
        b.github._memory.places = asyncio.Semaphore(1000)  # else fifty files would come in waves
        b.forge.requests.clear()
        b.forge.latency = 0.2
        await reviewed(b)
        spoken = b.forge.requests.writes[0].started
        assert Log(each for each in b.forge.requests if each.started < spoken).rounds() == 3
        assert len(b.forge.requests) <= requests


async def test_a_script_that_the_dockerfile_starts_is_read_whatever_its_name() -> None:
    start = 'COPY image/serve-shop /usr/bin/serve-shop\nENTRYPOINT ["/usr/bin/serve-shop"]\n'
    script = "#!/bin/sh\nset -e\nnode /app/server.js\n"
    policy = "rules: {entrypoint-script-no-exec: on}\n"
    files = {"image/serve-shop": script, "Dockerfile": PINNED, ".hullcheck.yaml": policy}
    async with bench(files, {**files, "Dockerfile": PINNED + start}) as b:
        assert (await reviewed(b)).counts == {"entrypoint-script-no-exec": 1}
