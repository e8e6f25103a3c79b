from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from bot.forges.base import Denied, Gone, Unavailable
from bot.reviewer import review
from tests.bot.gitlab_bench import AFTER, BEFORE, adapter, bench, no_fence
from tests.bot.reviewing import desk
from tests.forge import faults
from tests.forge.gitlab import mishaps
from tests.forge.repository import Submodule, Symlink

if TYPE_CHECKING:
    from tests.forge.repository import Content


async def test_the_commits_are_those_of_one_version() -> None:
    async with bench() as b:
        pull = (await b.gitlab.context(b.job)).pull_request
        version = b.change.version
        assert (pull.base, pull.head) == (version.base, version.head)
        assert (pull.open, pull.repository_id) == (True, b.project.id)
        assert pull.blob_url == f"{b.project.web_url}/-/blob/"


async def test_the_base_is_where_the_change_began_and_the_policy_is_read_at_the_tip() -> None:
    async with bench() as b:
        begun = b.change.version.base
        tip = b.project.push("main", {"README.md": "new\n"})
        pull = (await b.gitlab.context(b.job)).pull_request
        assert (pull.base, pull.base_tip) == (begun, tip)


async def test_a_diff_that_is_being_made_is_awaited() -> None:
    async with bench() as b:
        b.forge.preparation = 3
        assert (await b.gitlab.context(b.job)).pull_request.head == b.change.head


async def test_a_diff_that_is_never_made_is_tried_again_later() -> None:
    async with bench() as b:
        b.forge.preparation = 3600
        with pytest.raises(Unavailable, match="preparing"):
            await b.gitlab.context(b.job)


async def test_a_collapsed_diff_is_not_read_as_empty() -> None:
    async with bench() as b:
        b.forge.limits.patch_bytes = 10
        [file] = (await b.gitlab.context(b.job)).pull_request.files
        assert (file.path, file.patch) == ("Dockerfile", None)


async def test_a_comment_on_a_collapsed_file_stands_where_the_review_says() -> None:
    async with bench() as b:
        b.forge.limits.patch_bytes = 10
        done = await b.publish(b.plan(b.comment("a1")))
        [note] = b.notes
        assert done.refused == ()
        assert note.position is not None
        assert note.position["new_line"] == 3


LONG = "FROM debian:12\n" + "".join(f"ENV A{number}=1\n" for number in range(30)) + 'CMD ["serve"]\n'


@pytest.mark.parametrize(
    ("after", "start", "line", "ends"),
    [
        (AFTER, 3, 4, [(3, None), (4, None)]),
        (LONG.replace("ENV A1=1\n", "ENV B=1\nENV C=1\n"), 3, 4, [(3, None), (4, None)]),
        (LONG.replace("ENV A1=1\n", "ENV B=1\nENV C=1\n"), 4, 6, [(4, None), (6, 5)]),
        (LONG.replace("ENV A1=1\n", "ENV B=1\nENV C=1\n"), 20, 21, [(20, 19), (21, 20)]),
    ],
)
async def test_a_range_in_a_collapsed_file_is_named_as_a_range(
    after: str, start: int, line: int, ends: list[tuple[int, int | None]]
) -> None:
    async with bench({"Dockerfile": BEFORE if after == AFTER else LONG}, {"Dockerfile": after}) as b:
        b.forge.limits.patch_bytes = 10
        done = await b.publish(b.plan(b.comment("a1", line, start=start)))
        [note] = b.notes
        assert done.refused == ()
        assert note.position is not None
        named = [note.position["line_range"][end] for end in ("start", "end")]
        assert [(end["new_line"], end.get("old_line")) for end in named] == ends


async def test_a_range_in_a_new_file_that_is_collapsed_is_named_too() -> None:
    async with bench({"README": "x\n"}, {"Dockerfile": AFTER}) as b:
        b.forge.limits.patch_bytes = 10
        assert (await b.publish(b.plan(b.comment("a1", 4, start=3)))).refused == ()
        [note] = b.notes
        assert note.position is not None
        assert note.position["line_range"]["start"]["new_line"] == 3


async def test_a_line_that_a_collapsed_file_does_not_have_stands_beside_it() -> None:
    async with bench() as b:
        b.forge.limits.patch_bytes = 10
        wrong = b.comment("ff", 999)
        assert (await b.publish(b.plan(wrong, b.comment("a1")))).refused == (wrong,)
        assert len(b.notes) == 2


async def test_a_diff_that_gitlab_cuts_is_said_to_be_cut() -> None:
    async with bench(None, {f"{number}/Dockerfile": "FROM a\n" for number in range(6)}) as b:
        b.forge.limits.diff_files = 4
        b.change.push({"more": "x\n"})
        pull = (await b.gitlab.context(b.job)).pull_request
        assert (pull.cut, len(pull.files)) == (True, 4)


async def test_a_tree_of_several_pages_is_listed_whole() -> None:
    async with bench({f"{number}.txt": "x\n" for number in range(230)}, {"Dockerfile": AFTER}) as b:
        listing = (await b.gitlab.context(b.job)).listing
        assert listing is not None
        assert len(listing) == 231


async def test_of_a_tree_too_large_the_folders_around_the_change_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.forges.gitlab.objects.MOST_PATHS", 100)
    many: dict[str, Content] = {f"data/{number}.txt": "x\n" for number in range(230)}
    near: dict[str, Content] = {
        "apps/web/Dockerfile": BEFORE,
        "apps/web/package.json": "{}\n",
        "apps/web/docker/start.sh": "exec true\n",
        "apps/web/link": Symlink("package.json"),
        ".github/workflows/build.yml": "jobs: {}\n",
        ".dockerignore": "data\n",
    }
    async with bench({**many, **near}, {"apps/web/Dockerfile": AFTER}) as b:
        context = await b.gitlab.context(b.job)
        assert context.listing is None
        assert context.nearby is not None
        assert sorted(context.nearby) == sorted(near)
        tree = await b.gitlab.read(b.job, context.pull_request.head, ["apps/web/link", "apps/web/package.json"])
        assert [file.reason for file in tree.unread] == ["a symbolic link"]

        before = len(b.forge.requests)
        b.change.push({"apps/web/Dockerfile": AFTER + "USER 1\n"})
        again = (await b.gitlab.context(b.job)).nearby
        listed = [each for each in b.forge.requests[before:] if each.path.endswith("/repository/tree")]
        assert again is not None
        assert (sorted(again), any("recursive" in each.query for each in listed)) == (sorted(near), False)
        assert len(listed) == 5


async def test_a_review_of_a_tree_too_large_reads_what_lies_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.forges.gitlab.objects.MOST_PATHS", 100)
    many: dict[str, Content] = {f"data/{number}.txt": "x\n" for number in range(130)}
    async with bench({**many, "web/Dockerfile": BEFORE, "web/go.mod": "go 1.23\n"}, {"web/Dockerfile": AFTER}) as b:
        await review(b.job, b.gitlab, no_fence, desk())
        asked = {
            unquote(each.path.rpartition("/")[2]) for each in b.forge.requests if "/repository/files/" in each.path
        }
        assert "web/go.mod" in asked
        assert "web/requirements.txt" not in asked


async def test_a_fork_that_we_may_not_see_is_read_in_the_target_project() -> None:
    async with bench(fork=True) as b:
        context = await b.gitlab.context(b.job)
        tree = await b.gitlab.read(b.job, context.pull_request.head, ["Dockerfile"])
        assert tree.files == {"Dockerfile": AFTER.encode()}


async def test_a_renamed_project_is_found_by_its_number() -> None:
    async with bench() as b:
        b.project.rename("group/another/name")
        assert (await b.gitlab.context(b.job)).pull_request.blob_url.startswith(b.project.web_url)


@pytest.mark.parametrize("listed", [True, False])
async def test_links_submodules_and_binaries_are_named_and_not_read(*, listed: bool) -> None:
    after: dict[str, Content] = {
        "link": Symlink("Dockerfile"),
        "module": Submodule("a" * 40),
        "picture": b"\0\1",
        "odd name/%2e#?.txt": "x\n",
    }
    async with bench(None, after) as b:
        if listed:
            await b.gitlab.context(b.job)
        tree = await b.gitlab.read(b.job, b.change.head, [*after, "missing"])
        assert tree.files == {"odd name/%2e#?.txt": b"x\n"}
        unread = {(file.path, file.reason) for file in tree.unread}
        assert {("link", "a symbolic link"), ("picture", "binary")} <= unread


async def test_a_large_file_is_not_read() -> None:
    async with bench(None, {"Dockerfile": "#" * (512 * 1024 + 1)}) as b:
        [unread] = (await b.gitlab.read(b.job, b.change.head, ["Dockerfile"])).unread
        assert unread.reason == "larger than 512 KiB"


async def test_a_limit_is_handed_on_at_once_with_its_seconds() -> None:
    async with bench() as b:
        b.forge.faults.add(mishaps.throttled(60, path="/merge_requests/1$"))
        with pytest.raises(Unavailable) as caught:
            await b.gitlab.context(b.job)
        assert caught.value.retry_after == 60


async def test_a_limit_without_a_time_is_a_minute() -> None:
    async with bench() as b:
        b.forge.faults.add(mishaps.throttled(None, path="/merge_requests/1$"))
        with pytest.raises(Unavailable) as caught:
            await b.gitlab.context(b.job)
        assert caught.value.retry_after == 60


async def test_a_read_is_repeated_after_a_passing_fault() -> None:
    async with bench() as b:
        b.forge.faults.add(mishaps.bad_gateway(path="/discussions$"))
        assert (await b.gitlab.context(b.job)).conversation.threads == ()


async def test_a_write_is_never_repeated_by_the_client() -> None:
    async with bench() as b:
        fault = mishaps.bad_gateway(method="POST", path="/draft_notes$", times=None)
        b.forge.faults.add(fault)
        with pytest.raises(Unavailable):
            await b.publish(b.plan(b.comment("a1")))
        assert fault.hits == 1


async def test_a_dead_token_is_for_a_person_to_renew() -> None:
    async with bench() as b:
        await b.gitlab.check()
        b.forge.rotate(b.forge.token)
        with pytest.raises(Denied):
            await b.gitlab.check()
        with pytest.raises(Denied):
            await b.gitlab.context(b.job)


async def test_a_project_that_is_gone_is_gone() -> None:
    async with bench() as b:
        b.forge.delete_project(b.project)
        with pytest.raises(Gone):
            await b.gitlab.context(b.job)


async def test_an_answer_that_never_comes_is_not_awaited() -> None:
    async with bench() as b, adapter(b.forge, seconds=0.1) as impatient:
        b.forge.faults.add(faults.slow(5, method="POST", path="/draft_notes$"))
        with pytest.raises(Unavailable, match="cannot be reached"):
            await impatient.publish(b.job, b.plan(b.comment("a1")), no_fence)


async def test_an_older_gitlab_has_no_discussions_on_files() -> None:
    async with bench() as b:
        b.forge.version = "16.3.0"
        await b.gitlab.context(b.job)
        assert not b.gitlab.capabilities.file_comments
        done = await b.publish(b.plan(b.comment("f0", None)))
        assert (len(done.refused), len(b.notes)) == (1, 1)


async def test_a_discussion_follows_its_line() -> None:
    async with bench() as b:
        await b.publish(b.plan(b.comment("a1")))
        b.change.push({"Dockerfile": "# new\n" + AFTER})
        [thread] = (await b.gitlab.context(b.job)).conversation.threads
        assert thread.line == 4
