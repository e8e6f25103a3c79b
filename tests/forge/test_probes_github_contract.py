"""The contract: everything that goes through the double is held against GitHub's own description."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import gidgethub
import pytest
from gidgethub.aiohttp import GitHubAPI
from gidgethub.apps import get_jwt

from tests.forge.github.answer import Answer, Route
from tests.forge.github.double import ContractBroken, GitHubDouble
from tests.forge.github.routes import ROUTES
from tests.forge.openapi import description

if TYPE_CHECKING:
    from tests.forge.scene import Scene


def sentences(scene: Scene) -> str:
    """Return what broke the description, and forget it."""
    said = "; ".join(map(str, scene.forge.violations))
    scene.forge.violations.clear()
    return said


def test_every_operation_of_the_description_is_answered() -> None:
    assert {operation.id for _, operation in description().operations} == set(ROUTES)


@pytest.mark.parametrize(
    ("path", "body", "fault"),
    [
        ("/issues/1/comments", {"body": "x", "colour": "red"}, "colour"),
        ("/issues/1/comments", {}, "'body' is a required property"),
        ("/issues/1/comments", {"body": 3}, "3 is not of type 'string'"),
        ("/pulls/1/reviews", {"event": "SHOUT"}, "SHOUT"),
        (
            "/pulls/1/reviews",
            {"event": "COMMENT", "comments": [{"path": "x", "body": "x", "subject_type": "file"}]},
            "subj",
        ),
        ("/pulls/1/comments", {"body": "x", "path": "Dockerfile", "line": 3}, "commit_id"),
        ("/check-runs", {"name": "x", "head_sha": "f" * 40, "verdict": "good"}, "verdict"),
    ],
)
async def test_a_request_the_description_does_not_know_is_refused(
    scene: Scene, path: str, body: Any, fault: str
) -> None:
    assert (await scene.post(path, body)).status == 422
    assert fault in sentences(scene)
    assert (scene.pull.issue_comments, scene.pull.reviews) == ([], [])


async def test_a_body_where_none_is_expected_or_none_where_one_is(scene: Scene) -> None:
    assert (await scene.ask("POST", "/repos/acme/shop/issues/1/comments")).status == 422
    assert (await scene.ask("GET", "/repos/acme/shop/pulls/1", {"a": 1})).status == 422
    assert (await scene.ask("POST", "/repos/acme/shop/issues/1/comments", b"{")).status == 400
    assert len(scene.forge.violations) == 2
    scene.forge.violations.clear()


@pytest.mark.parametrize("query", ["perpage=5", "per_page=many"])
async def test_a_question_that_github_would_silently_ignore_is_noted(scene: Scene, query: str) -> None:
    assert (await scene.get(f"/pulls/1/files?{query}")).status == 200
    assert "query" in sentences(scene)


async def test_an_operation_that_is_not_described_is_noted(scene: Scene) -> None:
    assert (await scene.get("/pulls/1/merge")).status == 404
    assert "no such operation" in sentences(scene)


async def test_an_answer_that_does_not_fit_is_noted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROUTES, "pulls/get", Route(lambda _: Answer(200, {"number": "one"})))
    await scene.get("/pulls/1")
    assert "answered 200" in sentences(scene)


async def test_a_webhook_that_does_not_fit_is_noted(scene: Scene) -> None:
    scene.forge.outbox.emit("pull_request", "opened", {"number": "one"}, scene.repo, scene.pull.author)
    scene.forge.outbox.emit("pull_request", "exploded", {}, scene.repo, scene.pull.author)
    assert [each.what for each in scene.forge.violations] == ["webhook pull_request"] * 2
    assert "not described" in sentences(scene)


async def test_a_fault_of_the_double_itself_is_noted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> Answer:
        raise LookupError("a bug")

    monkeypatch.setitem(ROUTES, "pulls/get", Route(broken))
    assert (await scene.get("/pulls/1")).status == 500
    assert "a bug" in sentences(scene)


async def test_what_was_noted_fails_the_test_that_caused_it() -> None:
    with pytest.raises(ContractBroken, match="no such operation"):
        async with GitHubDouble.start() as forge, aiohttp.ClientSession() as session:
            await (await session.get(f"{forge.api_url}/nonsense")).read()


async def test_gidgethub_works_against_it_from_token_to_review() -> None:
    async with GitHubDouble.start() as forge, aiohttp.ClientSession() as session:
        repo = forge.create_repository("acme/shop", {"Dockerfile": "FROM a\n"})
        pull = repo.open_pull_request(files={"Dockerfile": "FROM b\n"} | {f"f{n}": "x\n" for n in range(35)})
        github = GitHubAPI(session, "probe", base_url=forge.api_url, cache={})
        jwt = get_jwt(app_id=str(forge.app.id), private_key=forge.app.private_key)
        grant = forge.grant(repo)
        assert grant is not None
        made = await github.post(f"/app/installations/{grant.id}/access_tokens", data={}, jwt=jwt)
        github.oauth_token = made["token"]
        assert len([each async for each in github.getiter("/repos/acme/shop/pulls/1/files")]) == 36
        review = {"commit_id": pull.head, "event": "COMMENT", "comments": [{"path": "f1", "line": 1, "body": "x"}]}
        await github.post("/repos/acme/shop/pulls/1/reviews", data=review)
        with pytest.raises(gidgethub.ValidationError):
            await github.post("/repos/acme/shop/pulls/1/reviews", data={"event": "COMMENT"})
    assert [each.path for each in pull.comments] == ["f1"]


async def test_an_enterprise_server_has_its_api_elsewhere() -> None:
    async with GitHubDouble.start(enterprise=True) as forge, aiohttp.ClientSession() as session:
        forge.create_repository("acme/shop", private=False)
        assert (forge.api_url[-7:], forge.graphql_url.removeprefix(forge.web_url)) == ("/api/v3", "/api/graphql")
        for url in (f"{forge.api_url}/app", forge.graphql_url):
            async with session.post(url, json={}) if url == forge.graphql_url else session.get(url) as answer:
                assert answer.status == 401


def test_the_description_is_small_and_says_where_it_is_from() -> None:
    folder = Path(__file__).parent
    assert (folder / "github_openapi.json.gz").stat().st_size < 50_000
    version = description().document["info"]["version"]
    assert f"@octokit/openapi {version}" in (folder / "README.md").read_text("utf-8")
