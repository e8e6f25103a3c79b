from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.forges.base import Denied, Gone, Unavailable, Unread
from bot.forges.blobs import blob_id
from bot.forges.github.client import path_in_url
from bot.forges.github.wire import OtherHost, Wire, graphql_url
from tests.bot.github_bench import AFTER, BEFORE, bench
from tests.forge.faults import Fault
from tests.forge.repository import Executable, Moved, Submodule, Symlink

if TYPE_CHECKING:
    from tests.forge.repository import Content


async def test_the_pull_request_is_read_with_its_merge_base_not_the_tip() -> None:
    async with bench() as b:
        begun = b.pull.merge_base
        b.project.push("main", {"README.md": "moved on"})
        seen = (await b.github.context(b.job)).pull_request
        assert (seen.head, seen.base, seen.base_tip) == (b.pull.head, begun, b.project.tip("main"))
        assert seen.base != seen.base_tip
        assert (seen.open, seen.author_id) == (True, b.pull.author.id)


async def test_files_of_the_diff_keep_their_status_and_patch() -> None:
    before = {"Dockerfile": BEFORE, "old/Dockerfile": "FROM a\nRUN b\nRUN c\nRUN d\n", "gone.txt": "x"}
    after = {
        "Dockerfile": Executable(AFTER),
        "new/Dockerfile": Moved("old/Dockerfile"),
        "gone.txt": None,
        "image.bin": b"\0\1",
    }
    async with bench(before, after) as b:
        files = {file.path: file for file in (await b.github.context(b.job)).pull_request.files}
    assert "+RUN false" in (files["Dockerfile"].patch or "")
    assert (files["new/Dockerfile"].status, files["new/Dockerfile"].previous_path) == ("renamed", "old/Dockerfile")
    assert files["gone.txt"].status == "removed"
    assert files["image.bin"].patch is None


async def test_lists_are_read_to_their_last_page() -> None:
    many = {f"{number:03}.txt": "x" for number in range(250)}
    async with bench({"Dockerfile": BEFORE}, many) as b:
        for number in range(120):
            b.pull.comment(f"chat {number}")
        context = await b.github.context(b.job)
        assert len(context.pull_request.files) == 250
        assert len(b.forge.requests.of("issues/list-comments")) == 2


async def test_a_304_need_not_repeat_where_the_other_pages_are() -> None:
    many = {f"{number:03}.txt": "x" for number in range(250)}
    async with bench({"Dockerfile": BEFORE}, many) as b:
        await b.github.context(b.job)
        b.forge.faults.add(Fault(path="/pulls/1/files", status=304, times=3))
        assert len((await b.github.context(b.job)).pull_request.files) == 250


async def test_the_listing_names_every_path_with_its_mode() -> None:
    async with bench({"Dockerfile": BEFORE, "link": Symlink("Dockerfile"), "bin/run": Executable("#!")}) as b:
        listing = (await b.github.context(b.job)).listing
    assert listing == {"Dockerfile": 0o100644, "link": 0o120000, "bin/run": 0o100755}


async def test_a_listing_that_is_cut_short_is_none() -> None:
    async with bench() as b:
        b.project.truncated = True
        context = await b.github.context(b.job)
        assert context.listing is None
        assert (await b.github.read(b.job, b.pull.head, ["Dockerfile"])).files == {"Dockerfile": AFTER.encode()}


async def test_stale_hints_are_seen_through() -> None:
    async with bench() as b:
        stale = b.job
        b.project.push("main", {"README.md": "moved on"})
        b.pull.push({"Dockerfile": "FROM scratch\n"})
        seen = await b.github.context(stale)
        assert (seen.pull_request.head, seen.pull_request.base_tip) == (b.pull.head, b.project.tip("main"))
        assert (await b.github.read(stale, seen.pull_request.head, ["Dockerfile"])).files[
            "Dockerfile"
        ] == b"FROM scratch\n"


async def test_hints_that_were_never_there_are_seen_through() -> None:
    async with bench() as b:
        context = await b.github.context(replace(b.job, head="0" * 40, base="1" * 40))
        assert context.pull_request.head == b.pull.head


async def test_a_fork_is_read_through_the_repository_it_came_from() -> None:
    async with bench(fork=True) as b:
        head = (await b.github.context(b.job)).pull_request.head
        assert (await b.github.read(b.job, head, ["Dockerfile"])).files["Dockerfile"] == AFTER.encode()


async def test_links_submodules_binaries_and_giants_are_named_not_read() -> None:
    after: dict[str, Content] = {
        "Dockerfile": Symlink("real"),
        "sub/Dockerfile": Submodule(),
        "bin/Dockerfile": b"FROM x\0",
        "big/Dockerfile": b"#" * (512 * 1024 + 1),
        "fine/Dockerfile": b"#" * (512 * 1024),
    }
    async with bench({"real": BEFORE}, after) as b:
        await b.github.context(b.job)
        tree = await b.github.read(b.job, b.pull.head, [*after, "absent/Dockerfile"])
    assert list(tree.files) == ["fine/Dockerfile"]
    assert tree.unread == (
        Unread("Dockerfile", "a symbolic link"),
        Unread("big/Dockerfile", "larger than 512 KiB"),
        Unread("bin/Dockerfile", "binary"),
        Unread("sub/Dockerfile", "a submodule"),
    )


async def test_a_link_at_the_merge_base_is_not_followed() -> None:
    before: dict[str, Content] = {"Dockerfile": Symlink("real"), "real": BEFORE, "compose.yaml": "services: {}\n"}
    async with bench(before, {"Dockerfile": AFTER}) as b:
        await b.github.context(b.job)
        tree = await b.github.read(b.job, b.pull.merge_base, ["Dockerfile", "compose.yaml", "absent"])
    assert (list(tree.files), tree.unread) == (["compose.yaml"], (Unread("Dockerfile", "a symbolic link"),))


async def test_paths_with_marks_of_addresses_are_read() -> None:
    odd = "a b/{x}#?%20/Dockerfile"
    async with bench({odd: BEFORE}, {odd: AFTER}) as b:
        assert (await b.github.read(b.job, b.pull.merge_base, [odd])).files == {odd: BEFORE.encode()}
    assert path_in_url("é {") == "%C3%A9%20%7B"


async def test_a_text_that_is_not_what_its_id_says_is_not_reviewed() -> None:
    async with bench() as b:
        await b.github.context(b.job)
        forged = b'{"sha": "x", "size": 4, "encoding": "base64", "content": "RlJPTQ=="}'
        b.forge.faults.add(Fault(path="/git/blobs/", status=200, body=forged))
        tree = await b.github.read(b.job, b.pull.head, ["Dockerfile"])
    assert tree.unread == (Unread("Dockerfile", "its content does not match its object id"),)


async def test_objects_are_asked_for_once() -> None:
    async with bench() as b:
        for _ in range(2):
            await b.github.context(b.job)
            await b.github.read(b.job, b.pull.head, ["Dockerfile"])
        assert [len(b.forge.requests.of(f"git/get-{kind}")) for kind in ("tree", "blob")] == [1, 1]
        lists = b.forge.requests.of("pulls/list-files")
        assert [each.status for each in lists] == [200, 304]


async def test_tokens_are_narrow_shared_and_renewed_before_they_die() -> None:
    async with bench() as b:
        await b.github.context(b.job)
        await b.github.context(b.job)
        b.forge.clock.advance(3600 - 200)
        await b.github.context(b.job)
        asked = b.forge.requests.of("apps/create-installation-access-token")
    permissions = {"checks": "write", "contents": "read", "pull_requests": "write"}
    assert [each.body for each in asked] == [{"repository_ids": [b.project.id], "permissions": permissions}] * 2


async def test_a_revoked_token_is_replaced_at_the_next_attempt() -> None:
    async with bench() as b:
        await b.github.context(b.job)
        b.forge.expire_tokens()
        with pytest.raises(Denied):
            await b.github.context(b.job)
        assert (await b.github.context(b.job)).pull_request.open


async def test_a_suspended_installation_is_denied_and_a_deleted_one_gone() -> None:
    async with bench() as b:
        grant = b.forge.grant(b.project)
        assert grant is not None
        job = b.job
        b.forge.suspend(grant)
        with pytest.raises(Denied):
            await b.github.context(job)
        b.forge.unsuspend(grant)
        b.forge.delete_installation(grant)
        with pytest.raises(Gone):
            await b.github.context(job)


async def test_a_repository_that_was_taken_out_of_the_installation_is_gone() -> None:
    async with bench() as b:
        job = b.job
        b.forge.uninstall(b.project)
        with pytest.raises(Gone):
            await b.github.context(job)


async def test_a_missing_permission_is_named() -> None:
    async with bench() as b:
        grant = b.forge.grant(b.project)
        assert grant is not None
        del grant.permissions["checks"]
        with pytest.raises(Denied, match="checks: write"):
            await b.github.context(b.job)


async def test_limits_hold_back_for_as_long_as_they_say() -> None:
    async with bench() as b:
        grant = b.forge.grant(b.project)
        assert grant is not None
        b.forge.meter(grant).exhaust(b.forge.clock.seconds())
        with pytest.raises(Unavailable) as caught:
            await b.github.context(b.job)
        assert caught.value.retry_after == pytest.approx(3600, abs=5)


async def test_a_renamed_repository_is_not_followed() -> None:
    async with bench() as b:
        job = b.job
        b.project.rename("site")
        with pytest.raises(Gone):
            await b.github.context(job)


async def test_nothing_outside_the_configured_api_is_asked() -> None:
    async with bench() as b:
        wire = Wire(b.session, b.github._memory, b.forge.api_url)
        with pytest.raises(OtherHost):
            await wire.getitem("http://169.254.169.254/latest/meta-data")
        with pytest.raises(OtherHost):
            await wire.getitem(f"{b.forge.api_url}.example.com/user")


def test_graphql_is_spoken_beside_rest() -> None:
    assert graphql_url("https://api.github.com") == "https://api.github.com/graphql"
    assert graphql_url("https://git.example.org/api/v3/") == "https://git.example.org/api/graphql"


def test_object_ids_are_those_of_git() -> None:
    assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


async def test_a_commit_that_is_not_everywhere_yet_is_worth_another_attempt() -> None:
    async with bench() as b:
        job = replace(b.job, head="")
        b.forge.faults.add(Fault(path="/git/trees/", status=404, body=b'{"message": "Not Found"}'))
        with pytest.raises(Unavailable):
            await b.github.context(job)
        assert (await b.github.context(job)).listing
