"""Diffs come from git, and comments follow their lines or are outdated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.forge.repository import Executable, Moved, Submodule, Symlink
from tests.forge.scene import AFTER, BEFORE

if TYPE_CHECKING:
    from tests.forge.scene import Scene


async def files(scene: Scene) -> dict[str, Any]:
    """List the first hundred files, by name."""
    return {each["filename"]: each for each in (await scene.get("/pulls/1/files?per_page=100")).body}


async def test_a_patch_is_gits_own(scene: Scene) -> None:
    patch = (await files(scene))["Dockerfile"]["patch"]
    headers = ["@@ -1,6 +1,6 @@", "@@ -9,7 +9,6 @@ RUN step 8", "@@ -27,7 +26,7 @@ RUN step 26"]
    assert [line for line in patch.split("\n") if line.startswith("@@")] == headers


async def test_a_rename_names_the_former_path(scene: Scene) -> None:
    scene.pull.push({"app/Dockerfile": Moved("Dockerfile", AFTER)})
    entry = (await files(scene))["app/Dockerfile"]
    assert (entry["status"], entry["previous_filename"]) == ("renamed", "Dockerfile")


async def test_a_binary_file_an_empty_one_and_a_bare_rename_have_no_patch(scene: Scene) -> None:
    scene.repo.push("other", {"old": "1\n2\n"})
    pull = scene.repo.open_pull_request(
        files={"moved": Moved("old"), "bin": b"\0\1", "empty": ""}, branch="c", base="other"
    )
    listed = (await scene.get(f"/pulls/{pull.number}/files")).body
    assert [each["filename"] for each in listed if "patch" in each] == []


async def test_a_file_deleted_is_removed(scene: Scene) -> None:
    scene.pull.push({"Dockerfile": None})
    assert (await files(scene))["Dockerfile"]["status"] == "removed"


async def test_a_patch_over_the_limits_is_missing_and_the_file_is_listed(scene: Scene) -> None:
    scene.forge.limits.patch_lines = 50
    scene.pull.push({"many": "x\n" * 51, "few": "x\n" * 50})
    entries = await files(scene)
    assert ["patch" in entries[name] for name in ("many", "few")] == [False, True]


async def test_patches_end_where_the_whole_diff_is_too_large(scene: Scene) -> None:
    scene.forge.limits.diff_lines = 20
    scene.pull.push({"Containerfile": "x\n" * 10, "other": "x\n" * 10, "third": "x\n"})
    assert [name for name, entry in (await files(scene)).items() if "patch" in entry] == ["Containerfile", "Dockerfile"]


async def test_a_raw_diff_over_the_limits_is_not_acceptable(scene: Scene) -> None:
    assert (await scene.get("/pulls/1", Accept="application/vnd.github.diff")).status == 200
    scene.forge.limits.diff_lines = 4
    assert (await scene.get("/pulls/1", Accept="application/vnd.github.diff")).status == 406


async def test_the_diff_begins_at_the_merge_base_and_not_at_the_base_branch(scene: Scene) -> None:
    before = scene.pull.merge_base
    tip = scene.repo.push("main", {"later": "on main\n"})
    assert list(await files(scene)) == ["Dockerfile"]
    assert (await scene.get("/pulls/1")).body["base"]["sha"] == tip
    reply = await scene.get(f"/compare/{tip}...{scene.pull.head}")
    assert reply.body["merge_base_commit"]["sha"] == before
    assert reply.body["status"] == "diverged"


async def test_a_comparison_lists_its_files_on_the_first_page_only(scene: Scene) -> None:
    scene.forge.limits.compare_files = 2
    scene.pull.push({f"f{number}": "x\n" for number in range(5)})
    pages = [(await scene.get(f"/compare/main...change?per_page=1&page={page}")).body for page in (1, 2)]
    assert [(len(page["files"]), len(page["commits"])) for page in pages] == [(2, 1), (0, 1)]


async def test_a_comparison_of_what_is_not_there_is_not_found(scene: Scene) -> None:
    assert (await scene.get(f"/compare/main...{'f' * 40}")).status == 404
    assert (await scene.get("/compare/main..change")).status == 404
    scene.repo.git.commit("refs/heads/orphan", {"x": "1"})
    assert (await scene.get("/compare/main...orphan")).status == 404


async def test_a_forks_head_is_readable_by_id(scene: Scene) -> None:
    pull = scene.repo.open_pull_request(files={"x": "fork\n"}, branch="idea", author="guest", fork=True)
    body = (await scene.get(f"/pulls/{pull.number}")).body
    assert body["head"]["repo"]["full_name"] == "guest/shop"
    assert (await scene.get(f"/contents/x?ref={pull.head}")).status == 200
    assert (await scene.ask("GET", "/repos/guest/shop")).status == 404
    pull.delete_fork()
    assert (await scene.get(f"/pulls/{pull.number}")).body["head"]["repo"] is None


async def test_a_deleted_branch_leaves_the_head_readable(scene: Scene) -> None:
    scene.pull.delete_branch()
    assert (await scene.get("/git/ref/heads/change")).status == 404
    assert (await scene.get(f"/contents/Dockerfile?ref={scene.pull.head}")).status == 200
    assert list(await files(scene)) == ["Dockerfile"]


async def test_trees_show_modes_links_and_submodules(scene: Scene) -> None:
    scene.pull.push({"run": Executable("x"), "link": Symlink("Dockerfile"), "lib": Submodule()})
    tree = (await scene.get(f"/git/trees/{scene.pull.head}?recursive=1")).body["tree"]
    found = {each["path"]: (each["mode"], each["type"]) for each in tree}
    assert found["run"] == ("100755", "blob")
    assert found["link"] == ("120000", "blob")
    assert found["lib"] == ("160000", "commit")


async def test_a_tree_is_flat_unless_asked_otherwise_and_cut_when_too_long(scene: Scene) -> None:
    scene.pull.push({"a/b/c": "deep", "z": "last"})
    path = f"/git/trees/{scene.pull.head}"
    names = [[each["path"] for each in (await scene.get(path + query)).body["tree"]] for query in ("", "?recursive=1")]
    assert names == [["Dockerfile", "a", "z"], ["Dockerfile", "a", "a/b", "a/b/c", "z"]]
    scene.repo.truncated = True
    cut = (await scene.get(path)).body
    assert (cut["truncated"], len(cut["tree"])) == (True, 1)


async def test_contents_follow_links_without_saying_so(scene: Scene) -> None:
    scene.pull.push({"link": Symlink("Dockerfile"), "out": Symlink("../etc/passwd"), "lib": Submodule()})
    replies = {name: (await scene.get(f"/contents/{name}?ref=change")).body for name in ("link", "out", "lib")}
    assert [replies[name]["type"] for name in ("link", "out", "lib")] == ["file", "symlink", "submodule"]
    assert replies["out"]["target"] == "../etc/passwd"
    raw = await scene.get("/contents/link?ref=change", Accept="application/vnd.github.raw+json")
    assert raw.body == AFTER.encode()


async def test_contents_over_a_megabyte_are_empty_but_whole_in_raw_form(scene: Scene) -> None:
    scene.forge.limits.contents = 10
    written = (await scene.get("/contents/Dockerfile")).body
    assert (written["encoding"], written["content"]) == ("none", "")
    assert (await scene.get("/contents/Dockerfile", Accept="application/vnd.github.raw")).body == BEFORE.encode()


async def test_a_folder_is_listed_and_what_is_missing_is_not_found(scene: Scene) -> None:
    scene.pull.push({"a/b": "1", "a/c/d": "2"})
    listed = (await scene.get("/contents/a?ref=change")).body
    assert [(each["path"], each["type"]) for each in listed] == [("a/b", "file"), ("a/c", "dir")]
    assert (await scene.get("/contents/nothing")).status == 404
    assert (await scene.get("/contents/Dockerfile?ref=nowhere")).status == 404


async def test_a_blob_is_read_by_its_whole_id(scene: Scene) -> None:
    entry = scene.repo.git.entry(scene.pull.head, "Dockerfile")
    assert entry is not None
    assert (await scene.get(f"/git/blobs/{entry.oid}", Accept="application/vnd.github.raw")).body == AFTER.encode()
    assert (await scene.get(f"/git/blobs/{entry.oid}")).body["size"] == len(AFTER)
    assert (await scene.get(f"/git/blobs/{entry.oid[:10]}")).status == 422
    assert (await scene.get(f"/git/blobs/{'f' * 40}")).status == 404


@pytest.mark.parametrize(
    ("pushed", "line"),
    [
        ("# first\n" + AFTER, 30),
        (AFTER.replace("RUN step 13\n", ""), 28),
        (AFTER.replace("RUN step 40", "RUN other 40"), 29),
        (AFTER.replace("RUN changed thirty", "RUN again 30"), None),
        (AFTER.replace("RUN changed thirty\n", ""), None),
        (BEFORE, None),
        (None, None),
    ],
)
async def test_a_comment_follows_its_line_and_is_outdated_with_it(
    scene: Scene, pushed: str | None, line: int | None
) -> None:
    await scene.review({"line": 29})
    written = scene.pull.head
    scene.pull.push({"Dockerfile": pushed, "other": "one\n"})
    comment = (await scene.get("/pulls/1/comments")).body[0]
    assert (comment["line"], comment["original_line"]) == (line, 29)
    assert (comment["position"] is None) == (line is None)
    assert comment["original_commit_id"] == written
    assert comment["commit_id"] == (written if line is None else scene.pull.head)


async def test_a_context_line_that_leaves_the_diff_outdates_its_comment(scene: Scene) -> None:
    await scene.review({"line": 5})
    scene.pull.push({"Dockerfile": AFTER.replace("RUN changed three", "RUN step 3")})
    assert scene.comment.outdated


async def test_a_range_is_outdated_with_its_first_line(scene: Scene) -> None:
    await scene.review({"start_line": 2, "line": 4})
    scene.pull.push({"Dockerfile": AFTER.replace("RUN step 2\n", "RUN other 2\n")})
    assert (scene.comment.start_line, scene.comment.line, scene.comment.original_start_line) == (None, None, 2)


async def test_a_rename_outdates_comments(scene: Scene) -> None:
    await scene.review({"line": 3})
    scene.pull.push({"app/Dockerfile": Moved("Dockerfile")})
    assert scene.comment.outdated


async def test_a_comment_on_a_deleted_line_stays_while_the_line_stays_deleted(scene: Scene) -> None:
    await scene.review({"line": 12, "side": "LEFT"})
    scene.pull.push({"Dockerfile": "# first\n" + AFTER})
    assert scene.comment.line == 12
    scene.pull.push({"Dockerfile": AFTER.replace("RUN step 11\n", "RUN step 11\nRUN step 12\n")})
    assert scene.comment.outdated


async def test_an_outdated_comment_comes_back_with_its_line(scene: Scene) -> None:
    await scene.review({"line": 3})
    scene.pull.push({"Dockerfile": BEFORE})
    scene.pull.push({"Dockerfile": AFTER})
    assert scene.comment.line == 3


async def test_a_rebase_moves_comments_along(scene: Scene) -> None:
    await scene.review({"line": 3})
    scene.repo.push("main", {"Dockerfile": "# from main\n" + BEFORE})
    scene.pull.rebase()
    assert (scene.comment.line, scene.pull.merge_base) == (4, scene.repo.tip("main"))


async def test_merging_the_base_branch_adds_nothing_to_the_diff(scene: Scene) -> None:
    scene.repo.push("main", {"later": "on main\n"})
    scene.pull.merge_base_branch()
    assert list(await files(scene)) == ["Dockerfile"]


async def test_a_force_push_shows_old_reviews_as_if_about_the_new_head(scene: Scene) -> None:
    await scene.review({"line": 3})
    old = scene.pull.head
    scene.pull.push({"other": "one\n"})
    assert (await scene.get("/pulls/1/reviews")).body[0]["commit_id"] == old
    new = scene.pull.force_push({"Dockerfile": AFTER})
    assert (await scene.get("/pulls/1/reviews")).body[0]["commit_id"] == new


async def test_the_button_commits_a_suggestion(scene: Scene) -> None:
    await scene.review({"start_line": 2, "line": 3, "body": "Better:\n```suggestion\nRUN both\n```\n"})
    scene.pull.apply_suggestion(scene.comment)
    assert scene.pull.read("Dockerfile") == AFTER.replace("RUN step 2\nRUN changed three\n", "RUN both\n").encode()
    assert scene.comment.outdated


async def test_collaborators_have_permissions_and_others_have_none(scene: Scene) -> None:
    scene.repo.collaborators |= {"carer": "maintain", "sorter": "triage"}
    scene.forge.user("guest")
    asked = {name: await scene.get(f"/collaborators/{name}/permission") for name in ("dev", "carer", "sorter", "guest")}
    said = [(reply.body["permission"], reply.body["role_name"]) for reply in asked.values()]
    assert said == [("write", "write"), ("write", "maintain"), ("read", "triage"), ("none", "none")]
    assert (await scene.get("/collaborators/nobody/permission")).status == 404


async def test_pull_requests_are_listed_by_state_branch_and_age(scene: Scene) -> None:
    scene.repo.push("next", {"x": "1"})
    scene.repo.open_pull_request(files={"x": "2"}, branch="second", base="next").close()
    scene.repo.open_pull_request(files={"x": "3"}, branch="third")
    queries = ("", "state=closed", "state=all&direction=asc", "head=acme:third", "state=all&base=next")
    listed = [[each["number"] for each in (await scene.get(f"/pulls?{query}")).body] for query in queries]
    assert listed == [[3, 1], [2], [1, 2, 3], [3], [2]]
