"""A position must name exactly one line of the diff of one version."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.forge.gitlab.positions import place
from tests.forge.gitlab_scene import CHANGE
from tests.forge.scene import AFTER, BEFORE

if TYPE_CHECKING:
    from tests.forge.gitlab_scene import Lab

REFUSED = '400 Bad request - Note {:line_code=>["can\'t be blank", "must be a valid line code"]}'
SHA = "7c4ae2ab5a5f04f7c8e7e4b6e6a1d14f7b2b2a1e"


@pytest.mark.parametrize(
    ("new", "old"),
    [(3, None), (None, 3), (None, 12), (2, 2), (13, 14), (29, None)],
    ids=["added", "replaced", "removed", "unchanged", "unchanged and moved", "added below"],
)
async def test_a_line_of_the_diff_takes_a_thread(lab: Lab, new: int | None, old: int | None) -> None:
    reply = await lab.discuss(new, old)
    assert (reply.status, reply.body["individual_note"]) == (201, False)
    shown = reply.body["notes"][0]
    assert (shown["type"], shown["position"]["new_line"], shown["position"]["old_line"]) == ("DiffNote", new, old)


@pytest.mark.parametrize(
    ("new", "old"),
    [(3, 3), (2, None), (None, 2), (13, 13), (20, None), (99, 100), (None, 99)],
    ids=["added with both", "unchanged new", "unchanged old", "wrong pair", "outside", "beyond", "old beyond"],
)
async def test_a_line_named_wrongly_is_refused(lab: Lab, new: int | None, old: int | None) -> None:
    reply = await lab.discuss(new, old)
    assert (reply.status, reply.body["message"]) == (400, REFUSED)
    assert lab.change.discussions == []


async def test_an_unchanged_line_between_the_hunks_can_be_unfolded(lab: Lab) -> None:
    assert (await lab.discuss(20, 21)).status == 201
    assert (await lab.discuss(20, 20)).status == 400


async def test_a_new_file_has_nothing_to_unfold(lab: Lab) -> None:
    lab.change.push({"new.txt": "one\ntwo\n"})
    paths: Any = {"old_path": "new.txt", "new_path": "new.txt"}
    assert (await lab.discuss(2, None, **paths)).status == 201
    assert (await lab.discuss(2, 2, **paths)).status == 400


@pytest.mark.parametrize("paths", [{"new_path": "README"}, {"old_path": "old"}, {"old_path": None}])
async def test_both_paths_must_be_those_of_the_diff(lab: Lab, paths: Any) -> None:
    assert (await lab.discuss(3, **paths)).status == 400


@pytest.mark.parametrize("name", ["base_sha", "start_sha", "head_sha"])
async def test_the_commits_must_be_those_of_one_version(lab: Lab, name: str) -> None:
    shas: Any = {name: SHA}
    assert (await lab.discuss(3, **shas)).status == 400


async def test_the_commits_of_two_versions_do_not_mix(lab: Lab) -> None:
    old_head = lab.change.head
    lab.change.push({"Dockerfile": AFTER + "RUN more\n"})
    assert (await lab.discuss(3)).status == 201
    lab.project.push("main", {"other": "x\n"})
    lab.change.rebase()
    assert (await lab.discuss(3, head_sha=old_head)).status == 400


async def test_the_target_branchs_tip_is_no_base(lab: Lab) -> None:
    tip = lab.project.push("main", {"other": "x\n"})
    assert (await lab.discuss(3, base_sha=tip, start_sha=tip)).status == 400


async def test_a_position_without_a_commit_is_refused_by_name(lab: Lab) -> None:
    reply = await lab.discuss(3, base_sha=None)
    assert (reply.status, reply.body["error"]) == (400, "position[base_sha] is missing")


async def test_a_position_on_a_line_without_a_line_is_incomplete(lab: Lab) -> None:
    assert '"is incomplete"' in (await lab.discuss()).body["message"]


async def test_a_file_as_a_whole_names_no_line(lab: Lab) -> None:
    reply = await lab.discuss(position_type="file")
    assert (reply.status, reply.body["notes"][0]["position"]["position_type"]) == (201, "file")
    assert (await lab.discuss(position_type="file", new_path="README", old_path="README")).status == 400


async def test_an_old_gitlab_has_no_threads_on_files(lab: Lab) -> None:
    lab.forge.version = "16.3.9"
    reply = await lab.discuss(position_type="file")
    assert reply.body["error"] == "position[position_type] does not have a valid value"


def code(old: int, new: int) -> str:
    return f"{hashlib.sha1(b'Dockerfile').hexdigest()}_{old}_{new}"


THIRD = {"line_code": code(4, 3), "type": "new", "new_line": 3}
FOURTH = {"line_code": code(4, 4), "type": "old", "new_line": 4, "old_line": 4}


async def test_a_range_is_kept_as_it_was_sent(lab: Lab) -> None:
    reply = await lab.discuss(4, 4, line_range={"start": THIRD, "end": FOURTH})
    assert (reply.status, reply.body["notes"][0]["position"]["line_range"]["start"]) == (201, THIRD)


@pytest.mark.parametrize(
    ("start", "end", "complaint"),
    [
        ({}, FOURTH, "start] names no line"),
        (THIRD | {"line_code": code(3, 3)}, FOURTH, "should be " + code(4, 3)),
        (THIRD | {"type": "old"}, FOURTH, "[type] should be new"),
        (THIRD, THIRD, "should end at it"),
        (FOURTH | {"line_code": code(5, 5), "new_line": 5, "old_line": 5}, FOURTH, "not begin behind"),
    ],
)
async def test_a_range_that_gitlab_would_show_wrongly_is_noted(lab: Lab, start: Any, end: Any, complaint: str) -> None:
    assert (await lab.discuss(4, 4, line_range={"start": start, "end": end})).status == 201
    assert complaint in lab.forge.misuses.pop()


async def test_a_thread_follows_its_line_through_a_push(lab: Lab) -> None:
    await lab.discuss(29)
    lab.change.push({"Dockerfile": "RUN first\n" + AFTER})
    position = lab.change.discussions[0].notes[0].position or {}
    assert (position["new_line"], position["head_sha"]) == (30, lab.change.head)


async def test_an_unchanged_line_keeps_both_numbers(lab: Lab) -> None:
    await lab.discuss(20, 21)
    lab.change.push({"Dockerfile": "RUN first\n" + AFTER})
    position = lab.change.discussions[0].notes[0].position or {}
    assert (position["new_line"], position["old_line"]) == (21, 21)


async def test_a_thread_on_a_changed_line_stays_with_the_old_version(lab: Lab) -> None:
    await lab.discuss(29)
    old = lab.change.head
    lab.change.push({"Dockerfile": AFTER.replace("RUN changed thirty\n", "RUN changed again\n")})
    shown = (await lab.get(f"{CHANGE}/discussions")).body[0]["notes"][0]
    assert (shown["position"]["head_sha"], shown["position"]["new_line"]) == (old, 29)


async def test_a_project_may_resolve_what_a_push_outdates(lab: Lab) -> None:
    lab.project.resolve_outdated = True
    for line in (3, 29):
        await lab.discuss(line)
    lab.change.push({"Dockerfile": AFTER.replace("RUN changed thirty\n", "RUN changed again\n")})
    assert [(thread.resolved, thread.notes[0].resolved_by) for thread in lab.change.threads] == [
        (False, None),
        (True, lab.change.author),
    ]


async def test_a_thread_on_a_file_that_is_back_to_what_it_was_stays_with_the_old_version(lab: Lab) -> None:
    await lab.discuss(29)
    old = lab.change.head
    lab.change.push({"Dockerfile": BEFORE})
    assert (lab.change.discussions[0].notes[0].position or {})["head_sha"] == old


async def test_a_removed_line_stays_removed_through_a_push_and_may_come_back(lab: Lab) -> None:
    await lab.discuss(None, 12)
    note = lab.thread.notes[0]
    lab.change.push({"Dockerfile": "RUN first\n" + AFTER})
    assert ((note.position or {})["old_line"], (note.position or {})["head_sha"]) == (12, lab.change.head)
    lab.change.push({"Dockerfile": "RUN first\n" + BEFORE})
    assert (note.position or {})["head_sha"] != lab.change.head


async def test_every_line_that_can_be_named_can_be_named_in_one_way(lab: Lab) -> None:
    numbers = [None, *range(1, 42)]
    pairs = [(old, new) for old in numbers for new in numbers if (old, new) != (None, None)]
    stand = [pair for pair in pairs if not place(lab.change, lab.position(pair[1], pair[0])).errors]
    olds, news = [old for old, _ in stand if old], [new for _, new in stand if new]
    assert (sorted(olds), sorted(news)) == (list(range(1, 41)), list(range(1, 40)))
    assert [pair for pair in stand if None in pair] == [(None, 3), (None, 29), (3, None), (12, None), (30, None)]
