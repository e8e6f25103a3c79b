from __future__ import annotations

from dataclasses import replace

from bot.forges.base import Annotation, Check
from tests.bot.github_bench import bench, many_annotations


async def test_the_check_is_completed_for_the_head_and_named_after_the_pull_request() -> None:
    async with bench() as b:
        await b.publish(b.plan(check=Check("failure", "1 new finding", "All of it.")))
        [run] = b.project.check_runs
        assert (run.name, run.head, run.status, run.conclusion) == ("hullcheck", b.pull.head, "completed", "failure")
        assert (run.title, run.summary, run.external_id) == ("1 new finding", "All of it.", str(b.job.key))


async def test_annotations_come_in_fifties() -> None:
    async with bench() as b:
        await b.publish(b.plan(check=Check("neutral", "many", "s", many_annotations(120))))
        [run] = b.project.check_runs
        assert len(run.annotations) == 120
        sizes = [len(each.body["output"]["annotations"]) for each in b.forge.requests.writes]
        assert sizes == [50, 50, 20]


async def test_annotations_that_an_attempt_left_out_are_added() -> None:
    async with bench() as b:
        check = Check("neutral", "many", "s", many_annotations(80))
        await b.publish(b.plan(check=replace(check, annotations=check.annotations[:50])))
        await b.publish(b.plan(check=check))
        [run] = b.project.check_runs
        assert [each["start_line"] for each in run.annotations] == list(range(1, 81))


async def test_another_verdict_on_the_same_head_updates_the_run() -> None:
    async with bench() as b:
        await b.publish(b.plan())
        await b.publish(b.plan(check=Check("neutral", "1 new finding", "s")))
        [run] = b.project.check_runs
        assert run.conclusion == "neutral"


async def test_annotations_that_hold_no_longer_are_followed_by_a_new_run() -> None:
    async with bench() as b:
        await b.publish(b.plan(check=Check("neutral", "t", "s", (Annotation("a", 1, 1, "notice", "t", "old"),))))
        await b.publish(b.plan(check=Check("neutral", "t", "s", (Annotation("a", 1, 1, "notice", "t", "new"),))))
        assert [run.annotations[0]["message"] for run in b.project.check_runs] == ["old", "new"]


async def test_two_pull_requests_with_one_head_have_a_check_each() -> None:
    async with bench() as b:
        await b.publish(b.plan())
        other = b.project.open_pull_request(files={"README.md": "x"}, branch="other")
        other.head_moved(b.pull.head, other.author)
        await b.github.fail(replace(b.job, key=b.job.key._replace(number=other.number)), "It could not be reviewed.")
        assert [run.conclusion for run in b.project.check_runs] == ["success", "neutral"]


async def test_giving_up_completes_the_check_with_a_plain_sentence() -> None:
    async with bench() as b:
        await b.github.fail(replace(b.job, head="", base=""), "It could not be reviewed.")
        [run] = b.project.check_runs
        assert (run.head, run.conclusion, run.summary) == (b.pull.head, "neutral", "It could not be reviewed.")


async def test_refused_texts_that_the_check_has_no_room_for_are_counted() -> None:
    async with bench() as b:
        homeless = [replace(b.comment(name, path="nowhere"), body=f"{name} " + "x" * 3_000) for name in ("a1", "b2")]
        await b.publish(b.plan(*homeless, check=Check("neutral", "2 new findings", "s" * 60_000)))
        [run] = b.project.check_runs
        assert "a1 xxx" in (run.summary or "")
        assert (run.summary or "").endswith("x\n\n1 more text found no room here.")
