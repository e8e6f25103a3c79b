"""Hooks of every kind, heard by the running server; and what of all they tell becomes a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.reviewing import PINNED, UNPINNED
from tests.bot.serving import until
from tests.bot.serving_gitlab import serving_both
from tests.bot.test_end_to_end_gitlab import done, notes, proposed
from tests.forge.gitlab.double import SIGNING_TOKEN

if TYPE_CHECKING:
    from pathlib import Path

HEARD = {"merge_requests_events": True, "note_events": True}


@pytest.mark.parametrize("kind", ["project", "group", "system"])
async def test_hooks_of_projects_groups_and_the_instance_are_heard(tmp_path: Path, kind: str) -> None:
    async with serving_both(tmp_path) as both:
        url = both.gitlab.webhook_url
        if kind != "project":
            both.gitlab.webhook_url = ""
        if kind == "group":
            both.gitlab.add_group_hook("group", url, token=both.gitlab.hook_token, **HEARD)
        if kind == "system":
            both.gitlab.add_system_hook(url, token=both.gitlab.hook_token)
        change = proposed(both, UNPINNED)
        await done(both, 1)
        assert [note for note in notes(change) if note.position]
        assert [each.status for each in both.gitlab.deliveries if each.kind == "merge_request"] == [202]


async def test_signed_calls_need_no_secret(tmp_path: Path) -> None:
    async with serving_both(tmp_path, GITLAB_WEBHOOK_SECRET=None, GITLAB_SIGNING_TOKEN=SIGNING_TOKEN) as both:
        both.gitlab.webhook_url = ""
        both.gitlab.add_group_hook("group", f"{both.server.url}/webhooks/gitlab", signing_token=SIGNING_TOKEN, **HEARD)
        change = proposed(both, UNPINNED)
        await done(both, 1)
        assert [note for note in notes(change) if note.position]
        [first, *_] = both.gitlab.deliveries
        assert ("X-Gitlab-Token" in first.headers, first.status) == (False, 202)


async def test_drafts_targets_and_reopenings_are_heard_and_labels_are_not(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, UNPINNED)
        await done(both, 1)
        change.convert_to_draft()
        change.mark_ready()
        await done(both, 2)
        change.project.push("release", {"Dockerfile": PINNED})
        change.retarget("release")
        await done(both, 3)
        change.close()
        change.reopen()
        await done(both, 4)
        change.label("docker")
        change.edit_title("Another title")
        await both.gitlab.settled()
        outcomes = [line for line in both.server.log if '"message": "delivery ignored"' in line]
        assert len(outcomes) >= 2
        assert sum('"message": "done"' in line for line in both.server.log) == 4


async def test_a_burst_of_pushes_ends_in_one_review_of_the_newest_head(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, UNPINNED)
        for number in range(6):
            change.push({"Dockerfile": UNPINNED, "number": f"{number}\n"})
        await both.gitlab.settled()
        await until(lambda: [note for note in notes(change) if note.position])
        assert {note.position["head_sha"] for note in notes(change) if note.position} == {change.head}
        assert sum('"message": "done"' in line for line in both.server.log) <= 2


async def test_the_commit_status_is_a_setting(tmp_path: Path) -> None:
    async with serving_both(tmp_path, GITLAB_STATUS="both") as both:
        change = proposed(both, UNPINNED)
        check = change.project.add_status_check("hullcheck")
        await done(both, 1)
        assert [(each.name, each.state) for each in change.project.statuses] == [("hullcheck", "success")]
        assert list(check.answers.values()) == ["passed"]


async def test_the_notes_of_the_bot_are_no_commands(tmp_path: Path) -> None:
    async with serving_both(tmp_path) as both:
        change = proposed(both, UNPINNED)
        await done(both, 1)
        change.comment("/hullcheck review", author=both.gitlab.bot.username)
        change.comment("/hullcheck reviewed, and fine", author="dev")
        await both.gitlab.settled()
        assert sum('"message": "done"' in line for line in both.server.log) == 1
