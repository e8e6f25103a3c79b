"""The real client, python-gitlab, against the double."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import gitlab
import pytest

from tests.forge.gitlab import mishaps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitlab.v4.objects import ProjectMergeRequest

    from tests.forge.gitlab_scene import Lab


@pytest.fixture
def client(lab: Lab) -> Iterator[gitlab.Gitlab]:
    with gitlab.Gitlab(lab.forge.web_url, private_token=lab.token, timeout=5) as client:
        yield client


def change_of(client: gitlab.Gitlab) -> ProjectMergeRequest:
    return client.projects.get("group/sub/shop").mergerequests.get(1)


async def test_the_client_reviews_in_one_batch(lab: Lab, client: gitlab.Gitlab) -> None:
    def review() -> None:
        change = change_of(client)
        version = change.diffs.list(get_all=True)[0]
        shas = {name: getattr(version, f"{name.removesuffix('sha')}commit_sha") for name in lab.change.version.refs}
        place = shas | {"position_type": "text", "old_path": "Dockerfile", "new_path": "Dockerfile", "new_line": 3}
        change.draft_notes.create({"note": "Never."}).delete()
        change.draft_notes.create({"note": "Look.", "position": place})
        assert [draft.note for draft in change.draft_notes.list(get_all=True)] == ["Look."]
        change.draft_notes.bulk_publish()

    await asyncio.to_thread(review)
    assert [(note.position or {})["new_line"] for note in lab.change.notes] == [3]


async def test_the_client_resolves_edits_and_reacts(lab: Lab, client: gitlab.Gitlab) -> None:
    await lab.discuss(3)

    def talk() -> None:
        thread = change_of(client).discussions.list(get_all=True)[0]
        thread.resolved = True
        thread.save()
        note = change_of(client).notes.list(get_all=True)[0]
        note.body = "Fixed."
        note.save()
        note.awardemojis.create({"name": "eyes"})

    await asyncio.to_thread(talk)
    note = lab.change.notes[0]
    assert (note.body, note.discussion.resolved, [award.name for award in note.awards]) == ("Fixed.", True, ["eyes"])


async def test_the_client_lists_to_the_last_page(lab: Lab, client: gitlab.Gitlab) -> None:
    for number in range(45):
        lab.change.comment(f"{number}")
    lab.change.push({f"a/{number}": "x\n" for number in range(30)})

    def count() -> tuple[int, int, int]:
        project = client.projects.get("group/sub/shop")
        keyset = project.repository_tree(ref="change", recursive=True, pagination="keyset", per_page=20, get_all=True)
        diffs = client.http_list(f"/projects/{project.id}/merge_requests/1/diffs", get_all=True)
        return len(change_of(client).discussions.list(get_all=True)), len(keyset), len(list(diffs))

    assert await asyncio.to_thread(count) == (46, 32, 31)


async def test_the_client_reads_files_blobs_and_merge_bases(lab: Lab, client: gitlab.Gitlab) -> None:
    def read() -> tuple[bytes, bytes, object]:
        project = client.projects.get(lab.project.id)
        shown = project.files.get("Dockerfile", ref="change")
        base = project.repository_merge_base(["main", "change"])
        assert isinstance(base, dict)
        return shown.decode(), project.repository_raw_blob(shown.blob_id), base["id"]

    text, blob, base = await asyncio.to_thread(read)
    assert (text, blob, base) == (lab.change.read("Dockerfile"), text, lab.change.merge_base)


async def test_the_client_configures_and_tries_a_hook(lab: Lab, client: gitlab.Gitlab) -> None:
    lab.demote(40)

    def connect() -> str:
        hooks = client.projects.get(lab.project.id).hooks
        hook = hooks.create({"url": "http://127.0.0.1:9/", "token": "s", "merge_requests_events": True})
        with pytest.raises(gitlab.GitlabHookTestError, match="TCP"):
            hook.test("merge_requests_events")
        return str(hooks.get(hook.id).alert_status)

    assert await asyncio.to_thread(connect) == "executable"


async def test_the_client_sees_refusals_as_its_own_errors(lab: Lab, client: gitlab.Gitlab) -> None:
    lab.forge.faults.add(mishaps.conflict(method="POST"))

    def talk() -> None:
        notes = change_of(client).notes
        with pytest.raises(gitlab.GitlabCreateError, match="409"):
            notes.create({"body": "x"})
        with pytest.raises(gitlab.GitlabCreateError, match="can't be blank"):
            notes.create({"body": " "})

    await asyncio.to_thread(talk)
    assert lab.change.notes == []


async def test_the_client_knows_who_it_is(lab: Lab, client: gitlab.Gitlab) -> None:
    def ask() -> tuple[object, object, object]:
        client.auth()
        assert client.user is not None
        token = client.personal_access_tokens.get("self")
        member = client.projects.get(lab.project.id).members_all.get(client.user.id)
        return client.user.username, token.scopes, member.access_level

    assert await asyncio.to_thread(ask) == (lab.forge.bot.username, ["api"], 30)
