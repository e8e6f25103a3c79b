"""Merge requests, versions, diffs, trees and files: all of it from git."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.forge.gitlab_scene import CHANGE
from tests.forge.repository import Executable, Moved, Submodule, Symlink

if TYPE_CHECKING:
    from tests.forge.gitlab_scene import Lab

DIFFS = f"{CHANGE}/diffs"
FILES = "/repository/files"


async def test_the_refs_are_null_until_the_diff_is_made(lab: Lab) -> None:
    lab.forge.preparation = 5
    shown = (await lab.get(CHANGE)).body
    assert (shown["diff_refs"], shown["sha"], shown["detailed_merge_status"]) == (None, None, "preparing")
    assert [(await lab.get(f"{CHANGE}/{name}")).body for name in ("versions", "diffs", "commits")] == [[], [], []]
    lab.forge.clock.advance(5)
    assert (await lab.get(CHANGE)).body["diff_refs"] == lab.change.version.refs


async def test_no_line_takes_a_thread_until_the_diff_is_made(lab: Lab) -> None:
    lab.forge.preparation = 5
    assert (await lab.discuss(3)).status == 400
    lab.forge.clock.advance(5)
    assert (await lab.discuss(3)).status == 201


async def test_a_merge_request_names_its_projects_and_its_draft(lab: Lab) -> None:
    lab.change.convert_to_draft()
    shown = (await lab.get(CHANGE)).body
    assert (shown["source_project_id"], shown["target_project_id"]) == (lab.project.id, lab.project.id)
    assert (shown["draft"], shown["title"]) == (True, "Draft: Change files")
    lab.change.mark_ready()
    assert (await lab.get(CHANGE)).body["draft"] is False


async def test_the_base_is_the_merge_base_and_the_start_the_target_branch(lab: Lab) -> None:
    before = lab.project.tip("main")
    tip = lab.project.push("main", {"other": "x\n"})
    lab.change.push({"more": "y\n"})
    assert (lab.change.version.base, lab.change.version.start) == (before, tip)
    assert [each["new_path"] for each in (await lab.get(DIFFS)).body] == ["Dockerfile", "more"]


async def test_each_push_makes_a_version_and_the_newest_comes_first(lab: Lab) -> None:
    lab.change.push({"more": "y\n"})
    shown = (await lab.get(f"{CHANGE}/versions")).body
    assert [each["head_commit_sha"] for each in shown] == [each.head for each in lab.change.versions[::-1]]
    one = (await lab.get(f"{CHANGE}/versions/{shown[1]['id']}")).body
    assert [each["new_path"] for each in one["diffs"]] == ["Dockerfile"]


async def test_a_push_to_the_target_branch_makes_no_version_and_another_target_does(lab: Lab) -> None:
    lab.project.push("main", {"other": "x\n"})
    assert len(lab.change.versions) == 1
    lab.project.push("release", {"third": "x\n"})
    lab.change.retarget("release")
    assert (len(lab.change.versions), lab.change.version.start) == (2, lab.project.tip("release"))


async def test_a_rebase_and_a_forced_push_move_the_head(lab: Lab) -> None:
    tip = lab.project.push("main", {"other": "x\n"})
    assert (lab.change.rebase(), lab.change.version.base) == (lab.change.head, tip)
    assert (lab.change.force_push({"Dockerfile": "RUN one\n"}), len(lab.change.versions)) == (lab.change.head, 3)


async def test_a_diff_is_gits_without_headers(lab: Lab) -> None:
    shown = (await lab.get(DIFFS)).body[0]
    assert shown["diff"].startswith("@@ -1,6 +1,6 @@\n RUN step 1\n")
    assert shown["diff"].endswith(" RUN step 33\n")
    assert (shown["a_mode"], shown["new_file"], shown["collapsed"]) == ("100644", False, False)


async def test_renames_deletions_and_binaries_are_told_apart(lab: Lab) -> None:
    lab.project.push("main", {"old": "text\n" * 9, "gone": "never again\n"})
    lab.change.rebase()
    lab.change.push({"new": Moved("old"), "gone": None, "image": b"\0\1", "run": Executable("x\n")})
    shown = {each["new_path"]: each for each in (await lab.get(DIFFS)).body}
    assert (shown["new"]["renamed_file"], shown["new"]["old_path"], shown["new"]["diff"]) == (True, "old", "")
    assert (shown["gone"]["deleted_file"], shown["gone"]["b_mode"]) == (True, "0")
    assert shown["image"]["diff"] == "Binary files a/image and b/image differ\n"
    assert (shown["run"]["new_file"], shown["run"]["b_mode"]) == (True, "100755")


async def test_a_diff_over_a_tenth_of_the_limit_is_collapsed_to_nothing(lab: Lab) -> None:
    lab.change.push({"long": "x" * 79 + "\n" + "y\n" * 15_000})
    shown = {each["new_path"]: each for each in (await lab.get(DIFFS)).body}["long"]
    assert (shown["diff"], shown["collapsed"], shown["too_large"]) == ("", True, False)


async def test_a_diff_over_the_limit_is_too_large(lab: Lab) -> None:
    lab.forge.limits.patch_bytes = 100
    shown = (await lab.get(DIFFS)).body[0]
    assert (shown["diff"], shown["collapsed"], shown["too_large"]) == ("", False, True)


async def test_a_diff_of_too_many_files_is_cut_short_and_says_overflow(lab: Lab) -> None:
    lab.forge.limits.diff_files = 3
    lab.change.push({f"file-{number}": "x\n" for number in range(5)})
    assert len((await lab.get(DIFFS)).body) == 3
    version = (await lab.get(f"{CHANGE}/versions")).body[0]
    assert (version["state"], version["real_size"]) == ("overflow", "6+")


async def test_pages_have_twenty_items_and_link_to_the_next(lab: Lab) -> None:
    lab.change.push({f"file-{number:02}": "x\n" for number in range(24)})
    reply = await lab.get(DIFFS)
    assert (len(reply.body), reply.headers["X-Total"], reply.headers["X-Next-Page"]) == (20, "25", "2")
    assert f'{DIFFS}?page=2&per_page=20>; rel="next"' in reply.headers["Link"]
    assert len((await lab.get(f"{DIFFS}?page=2")).body) == 5


async def test_a_page_has_a_hundred_items_at_most(lab: Lab) -> None:
    lab.change.push({f"file-{number:03}": "x\n" for number in range(120)})
    assert len((await lab.get(f"{DIFFS}?per_page=500")).body) == 100


async def test_a_tree_is_paged_by_the_last_entry_seen(lab: Lab) -> None:
    lab.change.push({f"a/file-{number}": "x\n" for number in range(4)} | {"link": Symlink("a"), "sub": Submodule()})
    asked = f"/repository/tree?ref={lab.change.head}&recursive=true&pagination=keyset&per_page=5"
    first = await lab.get(asked)
    assert ("X-Page" in first.headers, 'rel="next"' in first.headers["Link"]) == (False, True)
    rest = (await lab.get(f"{asked}&page_token={first.body[-1]['path'].replace('/', '%2F')}")).body
    kinds = {each["path"]: (each["type"], each["mode"]) for each in first.body + rest}
    assert len(kinds) == 8
    assert (kinds["a"][0], kinds["link"], kinds["sub"]) == ("tree", ("blob", "120000"), ("commit", "160000"))


async def test_a_tree_below_a_folder_names_whole_paths(lab: Lab) -> None:
    lab.change.push({"a/b/c": "x\n"})
    assert [each["path"] for each in (await lab.get("/repository/tree?ref=change&path=a")).body] == ["a/b"]
    assert (await lab.get("/repository/tree?ref=change&path=no")).status == 404


async def test_a_file_comes_encoded_and_its_path_goes_encoded(lab: Lab) -> None:
    lab.change.push({"a/b c": "text\n"})
    shown = (await lab.get(f"{FILES}/a%2Fb%20c?ref={lab.change.head}")).body
    assert (base64.b64decode(shown["content"]), shown["size"], shown["file_path"]) == (b"text\n", 5, "a/b c")
    assert (await lab.get(f"{FILES}/a%2Fb%20c/raw?ref=change")).body == b"text\n"
    head = await lab.ask("HEAD", f"/projects/{lab.project.id}{FILES}/a%2Fb%20c?ref=change")
    assert head.headers["X-Gitlab-Blob-Id"] == shown["blob_id"]


@pytest.mark.parametrize("path", ["no?ref=change", "a?ref=change", "Dockerfile?ref=no", "sub?ref=change"])
async def test_what_is_no_file_is_not_found(lab: Lab, path: str) -> None:
    lab.change.push({"a/b": "x\n", "sub": Submodule()})
    assert (await lab.get(f"{FILES}/{path}")).status == 404


async def test_a_file_needs_a_ref(lab: Lab) -> None:
    assert (await lab.get(f"{FILES}/Dockerfile")).body == {"error": "ref is missing"}


async def test_a_link_is_read_as_its_target_without_saying_so(lab: Lab) -> None:
    lab.change.push({"link": Symlink("/etc/passwd")})
    assert (await lab.get(f"{FILES}/link/raw?ref=change")).body == b"/etc/passwd"


async def test_a_blob_is_read_by_its_id(lab: Lab) -> None:
    number = (await lab.get("/repository/tree?ref=change")).body[0]["id"]
    shown = (await lab.get(f"/repository/blobs/{number}")).body
    assert base64.b64decode(shown["content"]) == (await lab.get(f"/repository/blobs/{number}/raw")).body
    assert (await lab.get(f"/repository/blobs/{'0' * 40}")).status == 404


async def test_a_branch_shows_its_tip(lab: Lab) -> None:
    tip = lab.project.push("release/1", {"other": "x\n"})
    assert (await lab.get("/repository/branches/release%2F1")).body["commit"]["id"] == tip
    assert (await lab.get("/repository/branches/none")).status == 404
    assert [each["id"] for each in (await lab.get("/repository/commits?ref_name=release/1&per_page=1")).body] == [tip]


async def test_branches_are_compared_from_where_they_parted(lab: Lab) -> None:
    base = lab.project.tip("main")
    lab.project.push("main", {"other": "x\n"})
    found = await lab.get("/repository/merge_base?refs[]=main&refs[]=change")
    assert found.body["id"] == base
    shown = (await lab.get("/repository/compare?from=main&to=change")).body
    assert [each["new_path"] for each in shown["diffs"]] == ["Dockerfile"]
    straight = (await lab.get("/repository/compare?from=main&to=change&straight=true")).body
    assert [each["new_path"] for each in straight["diffs"]] == ["Dockerfile", "other"]


async def test_a_forks_head_is_read_by_id_in_the_target_and_its_project_is_hidden(lab: Lab) -> None:
    theirs = lab.project.open_merge_request(files={"fork": "x\n"}, branch="theirs", author="guest", fork=True)
    shown = (await lab.get("/merge_requests/2")).body
    assert shown["source_project_id"] == (theirs.source and theirs.source.id) != lab.project.id
    assert (await lab.get(f"{FILES}/fork/raw?ref={theirs.head}")).body == b"x\n"
    assert (await lab.ask("GET", f"/projects/{shown['source_project_id']}")).status == 404


async def test_a_deleted_fork_leaves_null_behind(lab: Lab) -> None:
    theirs = lab.project.open_merge_request(files={"fork": "x\n"}, branch="theirs", author="guest", fork=True)
    theirs.delete_fork()
    assert (await lab.get("/merge_requests/2")).body["source_project_id"] is None
    assert (await lab.get("/merge_requests/2/diffs")).body[0]["new_path"] == "fork"


async def test_states_are_told_and_listed(lab: Lab) -> None:
    lab.change.close()
    assert (await lab.get(CHANGE)).body["state"] == "closed"
    lab.change.reopen()
    lab.change.merge()
    assert [each["iid"] for each in (await lab.get("/merge_requests?state=merged")).body] == [1]
    assert (await lab.get("/merge_requests?state=opened")).body == []
