"""The git part, which every forge's face shares."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.forge.clock import Clock
from tests.forge.git import GitError
from tests.forge.repository import Executable, GitRepository, Moved, Submodule, Symlink

if TYPE_CHECKING:
    from pathlib import Path

    from tests.forge.repository import Content

MAIN, SIDE = "refs/heads/main", "refs/heads/side"
ODD = 'a "quoted" folder/naïve file\twith\\tabs'


@pytest.fixture
def git(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "repository.git", Clock(datetime(2026, 11, 21, tzinfo=UTC)))


def test_commits_are_the_same_whenever_they_are_made(git: GitRepository, tmp_path: Path) -> None:
    again = GitRepository(tmp_path / "again.git", git.clock)
    assert git.commit(MAIN, {"a": "1\n"}) == again.commit(MAIN, {"a": "1\n"})


def test_every_kind_of_entry_keeps_its_mode(git: GitRepository) -> None:
    made: dict[str, Content] = {
        "file": "x",
        "run": Executable("x"),
        "link": Symlink("file"),
        "lib": Submodule(),
        "a/b": b"\0\xff",
    }
    listed = {each.path: each for each in git.listing(git.commit(MAIN, made))}
    modes = [listed[name].mode for name in ("file", "run", "link", "lib", "a", "a/b")]
    assert modes == ["100644", "100755", "120000", "160000", "040000", "100644"]
    assert git.blob(listed["link"].oid) == b"file"
    assert git.blob(listed["a/b"].oid) == b"\0\xff"
    assert listed["lib"].size == 0


def test_odd_names_survive(git: GitRepository) -> None:
    first = git.commit(MAIN, {ODD: "1\n"})
    second = git.commit(MAIN, {ODD: "2\n"})
    assert git.entry(second, ODD) is not None
    assert [(each.path, each.additions) for each in git.diff(first, second)] == [(ODD, 1)]


def test_what_is_not_there_is_none(git: GitRepository) -> None:
    commit = git.commit(MAIN, {"a/b": "1"})
    assert (git.entry(commit, "b"), git.entry(commit, "x/y"), git.tip(SIDE)) == (None, None, None)
    with pytest.raises(GitError):
        git.resolve("nothing")


def test_a_rename_with_a_change_is_one_entry(git: GitRepository) -> None:
    text = "".join(f"{number}\n" for number in range(20))
    first = git.commit(MAIN, {"old": text})
    diff = git.diff(first, git.commit(MAIN, {"new": Moved("old", text + "more\n")}))
    assert [(each.status, each.old_path, each.path, each.additions) for each in diff] == [("R", "old", "new", 1)]


def test_a_file_that_becomes_a_link_is_one_entry_and_the_next_keeps_its_own_patch(git: GitRepository) -> None:
    first = git.commit(MAIN, {"a": "text\n", "b": "1\n"})
    diff = git.diff(first, git.commit(MAIN, {"a": Symlink("b"), "b": "2\n"}))
    assert [(each.path, each.status, each.new_mode) for each in diff] == [("a", "T", "120000"), ("b", "M", "100644")]
    assert diff[1].patch == "@@ -1 +1 @@\n-1\n+2"


def test_binary_files_have_no_patch_and_bytes_that_are_no_text_are_replaced(git: GitRepository) -> None:
    first = git.commit(MAIN, {"bin": b"\0", "latin": b"caf\xe9\n"})
    binary, latin = git.diff(first, git.commit(MAIN, {"bin": b"\0\1", "latin": b"th\xe9\n"}))
    assert (binary.binary, binary.patch, latin.binary) == (True, "", False)
    assert latin.patch == "@@ -1 +1 @@\n-caf\ufffd\n+th\ufffd"


def test_content_that_looks_like_a_diff_does_not_split_one(git: GitRepository) -> None:
    first = git.commit(MAIN, {"a": "1\n", "b": "1\n"})
    fake = "diff --git a/x b/x\n@@ -1 +1 @@\n--- a/x\n+++ b/x\nBinary files differ\n"
    one, two = git.diff(first, git.commit(MAIN, {"a": fake, "b": "2\n"}))
    assert (one.additions, one.deletions, one.binary, two.patch) == (5, 1, False, "@@ -1 +1 @@\n-1\n+2")


def test_carriage_returns_and_a_missing_last_newline_are_kept(git: GitRepository) -> None:
    first = git.commit(MAIN, {"a": "1\r\n2\r\n"})
    (diff,) = git.diff(first, git.commit(MAIN, {"a": "1\r\n3"}))
    assert diff.patch == "@@ -1,2 +1,2 @@\n 1\r\n-2\r\n+3\n\\ No newline at end of file"
    assert [line.text for line in diff.hunks[0].lines] == ["1\r", "2\r", "3"]


def test_branches_diverge_merge_and_are_rebased(git: GitRepository) -> None:
    root = git.commit(MAIN, {"a": "1\n", "b": "1\n"})
    side = git.commit(SIDE, {"a": "2\n"}, parent=root)
    main = git.commit(MAIN, {"b": "2\n"})
    assert (git.merge_base(main, side), git.ancestor(root, side), git.ancestor(main, side)) == (root, True, False)
    git.point("refs/heads/merged", side)
    assert git.show(git.merge("refs/heads/merged", main, "Merge")).parents == (side, main)
    rebased = git.rebase(SIDE, root, main)
    assert [(each.parents, each.message) for each in git.commits(main, rebased)] == [((main,), "Change files")]
    assert [each.path for each in git.diff(main, rebased)] == ["a"]


def test_a_forced_commit_replaces_the_branch(git: GitRepository) -> None:
    root = git.commit(MAIN, {"a": "1\n"})
    old = git.commit(SIDE, {"a": "2\n"}, parent=root)
    new = git.commit(SIDE, {"a": "3\n"}, parent=root)
    assert (git.tip(SIDE), git.ancestor(old, new)) == (new, False)
    git.delete(SIDE)
    assert git.tip(SIDE) is None
    assert git.show(old).parents == (root,)


def test_the_machines_own_git_configuration_changes_nothing(
    git: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("[diff]\n\tnoprefix = true\n\tcontext = 0\n[user]\n\tname = someone\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    first = git.commit(MAIN, {"a": "1\n2\n3\n"})
    (diff,) = git.diff(first, git.commit(MAIN, {"a": "1\n2\n4\n"}))
    assert diff.patch.startswith("@@ -1,3 +1,3 @@\n 1\n 2\n")
