"""GraphQL: threads, resolving them, blobs; strict about everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.forge.scene import Scene

THREADS = """query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    reviewThreads(first: 2, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { id isResolved isOutdated resolvedBy { login } viewerCanResolve
        comments(first: 1) { nodes { databaseId viewerDidAuthor author { login __typename } } } }
    }
  } }
}"""
RESOLVE = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }"
UNRESOLVE = "mutation($id: ID!) { unresolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }"
SHOP = {"owner": "acme", "name": "shop", "number": 1}


def kinds(answer: Any) -> list[str]:
    """Return the types of an answer's errors."""
    return [error.get("type", error["message"]) for error in answer["errors"]]


async def threads(scene: Scene, **more: Any) -> Any:
    """Ask for a page of threads."""
    answer = await scene.graphql(THREADS, **SHOP, **more)
    return answer["data"]["repository"]["pullRequest"]["reviewThreads"]


async def test_threads_say_who_resolved_them(scene: Scene) -> None:
    await scene.review({"line": 3}, {"line": 29})
    scene.pull.resolve(scene.comment, by="dev")
    first, second = (await threads(scene))["nodes"]
    assert (first["isResolved"], second["resolvedBy"]) == (False, {"login": "dev"})
    comment = first["comments"]["nodes"][0]
    assert comment["databaseId"] == scene.pull.comments[0].id
    assert comment["author"] == {"login": "hullcheck", "__typename": "Bot"}
    assert comment["viewerDidAuthor"] is True


async def test_threads_are_paged_by_cursor(scene: Scene) -> None:
    await scene.review(*({"line": line} for line in (1, 2, 3)))
    page = await threads(scene)
    assert (len(page["nodes"]), page["pageInfo"]["hasNextPage"]) == (2, True)
    rest = await threads(scene, after=page["pageInfo"]["endCursor"])
    assert (len(rest["nodes"]), rest["pageInfo"]["hasNextPage"]) == (1, False)


async def test_pending_threads_are_hidden_and_outdated_ones_say_so(scene: Scene) -> None:
    await scene.review({"line": 3})
    scene.pull.push({"Dockerfile": "RUN new\n"})
    await scene.review({"line": 1}, event=None)
    assert [node["isOutdated"] for node in (await threads(scene))["nodes"]] == [True]


async def test_resolving_needs_the_right_to_write_contents(scene: Scene) -> None:
    await scene.review({"line": 3})
    answer = await scene.graphql(RESOLVE, id=scene.comment.thread.id)
    assert (kinds(answer), answer["data"]) == (["FORBIDDEN"], {"resolveReviewThread": None})
    assert not scene.comment.resolved
    assert [node["viewerCanResolve"] for node in (await threads(scene))["nodes"]] == [False]


async def test_with_it_threads_are_resolved_and_reopened(scene: Scene) -> None:
    scene.grant.permissions["contents"] = "write"
    scene.token = (await scene.new_token()).body["token"]
    await scene.review({"line": 3})
    answers = [await scene.graphql(query, id=scene.comment.thread.id) for query in (RESOLVE, UNRESOLVE)]
    assert answers[0]["data"]["resolveReviewThread"]["thread"]["isResolved"] is True
    assert answers[1]["data"]["unresolveReviewThread"]["thread"]["isResolved"] is False
    assert not scene.comment.resolved


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ('{ repository(owner: "acme", name: "nothing") { id } }', "NOT_FOUND"),
        ('{ repository(owner: "acme", name: "shop") { pullRequest(number: 9) { id } } }', "NOT_FOUND"),
        (RESOLVE.replace("$id: ID!", '$id: ID = "none"'), "NOT_FOUND"),
        (THREADS.replace("first: 2, ", ""), "MISSING_PAGINATION_BOUNDARIES"),
        (THREADS.replace("first: 2", "first: 101"), "EXCESSIVE_PAGINATION"),
    ],
)
async def test_what_cannot_be_answered_is_an_error_of_a_type(scene: Scene, query: str, kind: str) -> None:
    variables = SHOP if "$owner" in query else {}
    assert kinds(await scene.graphql(query, **variables)) == [kind]


@pytest.mark.parametrize(
    "query",
    [
        '{ repository(owner: "acme", name: "shop") { nonsense } }',
        '{ repository(owner: "acme") { id } }',
        'mutation { resolveReviewThread(input: {thread: "x"}) { thread { id } } }',
        "query {",
    ],
)
async def test_a_query_outside_the_schema_fails_the_test_that_sent_it(scene: Scene, query: str) -> None:
    assert "errors" in await scene.graphql(query)
    assert len(scene.forge.violations) == 1
    scene.forge.violations.clear()


async def test_a_variable_that_is_not_declared_fails_the_test_that_sent_it(scene: Scene) -> None:
    await scene.graphql("{ viewer { login } }", surplus=1)
    assert "surplus" in str(scene.forge.violations)
    scene.forge.violations.clear()


async def test_a_token_without_the_right_reads_nothing(scene: Scene) -> None:
    scene.token = (await scene.new_token({"permissions": {"checks": "write"}})).body["token"]
    assert kinds(await scene.graphql(THREADS, **SHOP)) == ["FORBIDDEN"]


async def test_blobs_are_read_by_commit_and_path(scene: Scene) -> None:
    scene.pull.push({"bin": b"\0"})
    query = """query($text: String!, $bin: String!, $none: String!) { repository(owner: "acme", name: "shop") {
      text: object(expression: $text) { ... on Blob { byteSize isTruncated text } }
      bin: object(expression: $bin) { ... on Blob { isBinary text } }
      none: object(expression: $none) { oid }
    } }"""
    names = {
        name: f"{scene.pull.head}:{path}" for name, path in (("text", "Dockerfile"), ("bin", "bin"), ("none", "x"))
    }
    found = (await scene.graphql(query, **names))["data"]["repository"]
    assert found["text"]["text"] == (scene.pull.read("Dockerfile") or b"").decode()
    assert found["bin"] == {"isBinary": True, "text": None}
    assert found["none"] is None


async def test_a_pull_request_and_its_conversation_are_read(scene: Scene) -> None:
    scene.pull.comment("Hello.")
    await scene.review({"line": 3}, body="Look.")
    query = """query($number: Int!) { viewer { login } repository(owner: "acme", name: "shop") {
      pullRequest(number: $number) { state headRefOid isCrossRepository changedFiles
        files(first: 9) { nodes { path changeType } }
        comments(last: 1) { nodes { body author { login } } }
        reviews(first: 9) { nodes { body state commit { oid } } } } } }"""
    answer = (await scene.graphql(query, number=1))["data"]
    pull = answer["repository"]["pullRequest"]
    assert (answer["viewer"]["login"], pull["headRefOid"]) == ("hullcheck[bot]", scene.pull.head)
    assert pull["files"]["nodes"] == [{"path": "Dockerfile", "changeType": "MODIFIED"}]
    assert [node["body"] for node in pull["comments"]["nodes"] + pull["reviews"]["nodes"]] == ["Hello.", "Look."]


async def test_mutations_count_as_writes_and_queries_do_not(scene: Scene) -> None:
    await scene.graphql("{ viewer { login } rateLimit { remaining } }")
    await scene.graphql(RESOLVE, id="none")
    assert [each.operation for each in scene.forge.requests.writes] == ["graphql/mutation"]
    scene.forge.limits.content_per_minute = 1
    refused = await scene.ask("POST", "/graphql", {"query": RESOLVE, "variables": {"id": "none"}})
    assert (refused.status, refused.headers["Retry-After"]) == (403, "60")


async def test_what_is_no_query_is_refused(scene: Scene) -> None:
    assert (await scene.ask("POST", "/graphql", b"{")).status == 400
    assert (await scene.ask("POST", "/graphql", {"variables": {}})).status == 400
    assert (await scene.ask("POST", "/graphql", {"query": "{ viewer { login } }"}, token="x")).status == 401
