"""The command `hullcheck`: what it prints, and the exit code that scripts rely on."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.bot.command_line import CLEAN, UNPINNED, as_json, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.command_line import Put


# check


def test_a_clean_file_exits_with_0(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("Dockerfile", CLEAN)
    assert run(capsys, "check", ".") == (0, "No findings.\n", "")


def test_a_finding_exits_with_1_and_shows_its_line(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("api/Dockerfile", UNPINNED)
    code, out, _ = run(capsys, "check", ".")
    assert code == 1
    assert out.startswith("api/Dockerfile:1: warning base-image-unpinned: `python:latest` moves")
    assert "     1 | FROM python:latest\n" in out
    assert out.endswith("1 finding (1 warning).\n")


@pytest.mark.parametrize(("threshold", "code"), [("info", 1), ("warning", 1), ("error", 0), ("never", 0)])
def test_the_threshold_decides_the_exit_code(
    put: Put, capsys: pytest.CaptureFixture[str], threshold: str, code: int
) -> None:
    put("Dockerfile", UNPINNED)
    assert run(capsys, "check", ".", "--fail-on", threshold)[0] == code


def test_a_file_is_reviewed_whatever_its_name(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("build/image.txt", UNPINNED)
    assert run(capsys, "check", "build/image.txt")[1].startswith("build/image.txt:1: ")


def test_a_named_file_is_reviewed_alone(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("Dockerfile", UNPINNED)
    put("other/Dockerfile", UNPINNED)
    assert "other/" not in run(capsys, "check", "Dockerfile")[1]


def test_a_folder_of_a_repository_knows_the_whole_repository(
    put: Put, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(".git/HEAD", "ref: refs/heads/main\n")
    put("Dockerfile", UNPINNED)
    put("api/Dockerfile", UNPINNED)
    monkeypatch.chdir(tmp_path / "api")
    out = run(capsys, "check", ".")[1]
    assert out.startswith("Dockerfile:1: ")
    assert out.count("base-image-unpinned") == 1


def test_an_unpacked_archive_is_a_repository_of_its_own(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("docker/Dockerfile", f"{CLEAN}COPY api/main.py /main.py\n")
    put("api/main.py", "")
    assert "copy-source-vanished" not in run(capsys, "check", "docker/Dockerfile")[1]


def test_folders_of_two_repositories_are_reported_together(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        put(f"{name}/.git/HEAD", "ref: refs/heads/main\n")
        put(f"{name}/Dockerfile", UNPINNED)
    report = as_json(capsys, "check", "one", "two")
    assert [finding["path"] for finding in report["findings"]] == ["one/Dockerfile", "two/Dockerfile"]


def test_installed_dependencies_are_not_searched(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("Dockerfile", CLEAN)
    put("node_modules/thing/Dockerfile", UNPINNED)
    assert run(capsys, "check", ".")[0] == 0


def test_a_link_is_named_and_not_followed(put: Put, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    put("elsewhere.txt", UNPINNED)
    (tmp_path / "Dockerfile").symlink_to("elsewhere.txt")
    assert run(capsys, "check", ".") == (0, "Dockerfile: not reviewed: a symbolic link\nNo findings.\n", "")


def test_a_link_that_is_named_is_followed(put: Put, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    put("images/api.txt", UNPINNED)
    put("links/readme.txt", "")
    (tmp_path / "links/Dockerfile").symlink_to("../images/api.txt")
    assert run(capsys, "check", "links/Dockerfile")[1].startswith("images/api.txt:1: ")


def test_a_huge_file_is_named_and_not_reviewed(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("Dockerfile", "#" * (512 * 1024 + 1))
    assert "not reviewed: larger than 512 KiB" in run(capsys, "check", ".")[1]


def test_a_terminal_is_not_given_escape_sequences_of_a_file(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("Dockerfile", UNPINNED.replace("latest", "latest AS \x1b[2Jgone"))
    out = run(capsys, "check", ".")[1]
    assert "\x1b" not in out
    assert "\\x1B[2Jgone" in out


def test_a_log_is_not_given_commands_of_a_file(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("::set-output name=x::Dockerfile", UNPINNED)
    assert not [line for line in run(capsys, "check", ".")[1].splitlines() if line.lstrip().startswith("::")]


def test_an_output_that_cannot_spell_a_word_gets_an_escape(put: Put) -> None:
    put("Dockerfile.für", UNPINNED)
    check = [sys.executable, "-m", "bot.cli", "check", "."]
    done = subprocess.run(check, env={"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.startswith(b"Dockerfile.f\\xfcr:1: ")


# review


def test_a_change_is_answered_for_and_the_rest_is_counted(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("before/Dockerfile", UNPINNED)
    put("after/Dockerfile", UNPINNED.replace("USER 10001\n", "USER root\n"))
    code, out, _ = run(capsys, "review", "--before", "before", "--after", "after")
    assert code == 1
    assert out.startswith("Dockerfile:4: ")
    assert out.endswith(", 1 older one not shown.\n")


def test_a_repair_is_counted(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("before/Dockerfile", UNPINNED)
    put("after/Dockerfile", CLEAN)
    outcome = run(capsys, "review", "--before", "before", "--after", "after")
    assert outcome == (0, "No findings, 1 fixed by this change.\n", "")


# The policy


def test_the_policy_of_the_tree_is_in_force(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("Dockerfile", UNPINNED)
    put(".hullcheck.yaml", "rules:\n  base-image-unpinned: off\n")
    assert run(capsys, "check", ".") == (0, "No findings.\n", "")


def test_a_fault_of_the_trees_policy_is_told_and_the_review_goes_on(
    put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    put("Dockerfile", UNPINNED)
    put(".hullcheck.yaml", "rulez: {}\n")
    code, out, _ = run(capsys, "check", ".")
    assert code == 1
    assert ".hullcheck.yaml:1:1: unknown key `rulez`; did you mean `rules`?\n" in out


def test_a_policy_may_come_from_elsewhere(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("Dockerfile", UNPINNED)
    put("team/policy.yaml", "rules:\n  base-image-unpinned: error\n")
    assert ": error base-image-unpinned: " in run(capsys, "check", "Dockerfile", "--policy", "team/policy.yaml")[1]


def test_the_policy_before_the_change_is_in_force(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put("before/Dockerfile", CLEAN)
    put("after/Dockerfile", UNPINNED)
    put("after/.hullcheck.yaml", "rules:\n  base-image-unpinned: off\n")
    assert run(capsys, "review", "--before", "before", "--after", "after")[0] == 1


# Faults of the input


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check", "missing"], "missing: there is no such file or folder. Name a Dockerfile or a folder"),
        (["check", "empty"], "empty: no Dockerfile to be reviewed lies there. Name one, whatever it is called."),
        (["check", ".", "--enable", "entrypoint-last"], "Did you mean entrypoint-lost?"),
        (["check", ".", "--today", "tomorrow"], "'tomorrow' is not a day such as 2026-11-21"),
        (["check", ".", "--format", "yaml"], "invalid choice: 'yaml'"),
        (["review", "--before", "Dockerfile", "--after", "."], "Dockerfile: this is not a folder."),
        (["review", "--before", "missing", "--after", "."], "missing: this is not a folder."),
        (["explain", "no-such-rule-at-all"], "`hullcheck rules` lists them all."),
        (["check", ".", "--policy", "missing.yaml"], "missing.yaml: No such file or directory. Name a policy"),
        (["check", ".", "--policy", "bad.yaml"], "bad.yaml:1:1: unknown key `rulez`"),
        (["explain"], "the following arguments are required: rule"),
        ([], "the following arguments are required: command"),
    ],
)
def test_a_wrong_input_exits_with_2_and_a_sentence(
    put: Put, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    put("Dockerfile", CLEAN).parent.joinpath("empty").mkdir()
    put("bad.yaml", "rulez: {}\n")
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("hullcheck: ")
    assert sentence in err


# The manual


def test_rules_lists_every_rule_with_its_severity(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rules")
    assert code == 0
    assert "  entrypoint-lost" in out
    assert "runtime\n" in out


def test_explain_understands_another_linters_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain", "dl3006")
    assert code == 0
    assert out.startswith("# base-image-unpinned\n")
    assert "## When to silence it" in out


def test_an_empty_folder_is_a_submodule_that_was_not_fetched(
    put: Put, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    put("Dockerfile", CLEAN.replace("CMD", "COPY vendored/start.sh /\nCMD", 1))
    put("README.md", "")
    assert "vendored/start.sh` is not in the repository" in run(capsys, "check", ".")[1]
    (tmp_path / "vendored").mkdir()
    assert "is not in the repository" not in run(capsys, "check", ".")[1]
