"""What a change deletes was there before it: the files of the merge base are told from the diff."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot.forges.base import ChangedFile, Context, Conversation
from bot.judgement import Case, judge
from rules.policy import DEFAULT
from tests.review.build import GITHUB, GITHUB_CAN, changed_file, pull_request

DELETED, RENAMED = ChangedFile("setup.py", "removed"), ChangedFile("src/app.py", "renamed", "app.py")
ADDED = ChangedFile("new.py", "added")


def context(*files: ChangedFile, cut: bool = False) -> Context:
    pull = replace(pull_request(*files), cut=cut)
    there = {"Dockerfile": 0o100644, "run.sh": 0o100755}
    return Context(pull, Conversation(()), there | {file.path: 0o100644 for file in files if file.status != "removed"})


def test_what_the_diff_adds_deletes_and_renames_is_undone() -> None:
    before = context(DELETED, RENAMED, ADDED).listing_before
    assert before == {"Dockerfile": 0o100644, "run.sh": 0o100755, "setup.py": 0o100644, "app.py": 0o100644}


def test_nothing_is_concluded_from_a_diff_that_is_cut_short() -> None:
    assert context(DELETED, cut=True).listing_before is None


def posted(before: str, after: str, *others: ChangedFile) -> str:
    dockerfile = changed_file(before, after)
    case = Case(
        context=context(dockerfile, *others),
        before={"Dockerfile": before.encode()},
        after={"Dockerfile": after.encode()},
        unread=(),
        policy=DEFAULT,
        policy_faults=(),
        policy_changes=(),
        today=date(2026, 11, 22),
        terms=GITHUB,
        capabilities=GITHUB_CAN,
        manual="",
        key=b"a key for tests",
    )
    plan = judge(case).plan
    return "\n".join([plan.summary or "", plan.check.title, *(one.body for one in plan.comments)])


def test_a_file_that_goes_together_with_its_copy_is_no_repaired_finding() -> None:
    after = 'FROM python:3.13-slim\nWORKDIR /srv\nCOPY run.sh ./\nUSER 1000\nCMD ["./run.sh"]\n'
    before = after.replace("run.sh ./\n", "setup.py run.sh ./\n")
    assert "fixed" not in posted(before, after, DELETED)


def test_a_file_whose_copy_stays_is_said_to_be_deleted_by_this_change() -> None:
    before = 'FROM python:3.13-slim\nWORKDIR /srv\nCOPY setup.py run.sh ./\nUSER 1000\nCMD ["./run.sh"]\n'
    text = posted(before, before.replace("USER 1000", "USER 1001"), DELETED)
    assert "`setup.py` is deleted or renamed by this change" in text
