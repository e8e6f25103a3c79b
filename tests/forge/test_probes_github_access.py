"""Who may see and do what: JSON web tokens, installation tokens, permissions, suspensions, renames; tags and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from tests.forge.scene import Scene


async def test_the_app_asks_with_a_json_web_token(scene: Scene) -> None:
    assert (await scene.ask("GET", "/app", token=scene.signed())).body["slug"] == "hullcheck"
    assert (await scene.ask("GET", "/app", token=scene.signed(issuer=scene.forge.app.client_id))).status == 200


@pytest.mark.parametrize(
    "claims", [{"issued": 60}, {"ends": -1}, {"ends": 700}, {"issued": -200, "ends": 500}, {"issuer": 1}]
)
async def test_a_json_web_token_out_of_its_ten_minutes_or_of_another_app_is_refused(scene: Scene, claims: Any) -> None:
    assert (await scene.new_token(signed=scene.signed(**claims))).status == 401


async def test_a_json_web_token_signed_with_another_key_is_refused(scene: Scene) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert (await scene.new_token(signed=scene.signed(key=key.decode()))).status == 401


async def test_the_two_kinds_of_token_do_not_stand_in_for_one_another(scene: Scene) -> None:
    assert (await scene.ask("GET", "/app")).status == 401
    assert (await scene.get("/pulls/1", Authorization=f"bearer {scene.signed()}")).status == 401


@pytest.mark.parametrize("header", ["", "token ", "token ghs_made_up", "basic abc"])
async def test_without_a_good_token_there_is_nothing(scene: Scene, header: str) -> None:
    assert (await scene.get("/pulls/1", Authorization=header)).status == 401


async def test_a_token_dies_after_an_hour(scene: Scene) -> None:
    scene.forge.clock.advance(3599)
    assert (await scene.get("/pulls/1")).status == 200
    scene.forge.clock.advance(1)
    assert (await scene.get("/pulls/1")).status == 401


async def test_tokens_can_be_revoked_at_once(scene: Scene) -> None:
    scene.forge.expire_tokens()
    assert (await scene.get("/pulls/1")).status == 401


async def test_a_token_is_not_forty_characters_long(scene: Scene) -> None:
    assert scene.token.startswith("ghs_")
    assert len(scene.token) != 40


async def test_a_token_for_one_repository_does_not_see_the_others(scene: Scene) -> None:
    other = scene.forge.create_repository("acme/other")
    narrow = (await scene.new_token({"repository_ids": [scene.repo.id]})).body
    assert [each["full_name"] for each in narrow["repositories"]] == ["acme/shop"]
    assert (await scene.ask("GET", "/repos/acme/other", token=narrow["token"])).status == 404
    assert (await scene.get("", Authorization=f"token {narrow['token']}")).status == 200
    assert (await scene.ask("GET", f"/repos/{other.full_name}")).status == 200


async def test_a_token_for_reading_does_not_write(scene: Scene) -> None:
    token = (await scene.new_token({"permissions": {"pull_requests": "read"}})).body["token"]
    assert (await scene.get("/pulls/1", Authorization=f"token {token}")).status == 200
    assert (await scene.get("/contents/Dockerfile", Authorization=f"token {token}")).status == 403
    scene.token = token
    assert (await scene.review({"line": 3})).status == 403
    assert scene.pull.reviews == []


@pytest.mark.parametrize(
    "body",
    [
        {"repository_ids": [999_999]},
        {"repositories": ["nothing"]},
        {"permissions": {"contents": "write"}},
        {"permissions": {"administration": "read"}},
        {"repository_ids": list(range(501))},
    ],
)
async def test_a_token_is_never_wider_than_the_installation(scene: Scene, body: Any) -> None:
    assert (await scene.new_token(body)).status == 422


async def test_what_the_installation_may_not_do_is_forbidden(scene: Scene) -> None:
    del scene.grant.permissions["checks"]
    scene.token = (await scene.new_token()).body["token"]
    reply = await scene.post("/check-runs", {"name": "hullcheck", "head_sha": scene.pull.head})
    assert (reply.status, reply.body["message"]) == (403, "Resource not accessible by integration")


async def test_what_a_token_may_not_see_is_not_found(scene: Scene) -> None:
    scene.forge.create_repository("other/secret", installed=False)
    assert (await scene.ask("GET", "/repos/other/secret")).status == 404
    assert (await scene.ask("GET", "/repos/other/nothing")).status == 404


async def test_what_is_public_can_be_read_and_not_written(scene: Scene) -> None:
    public = scene.forge.create_repository("other/open", installed=False, private=False)
    public.open_pull_request(files={"x": "1"})
    assert (await scene.ask("GET", "/repos/other/open/pulls/1")).status == 200
    reply = await scene.ask("POST", "/repos/other/open/issues/1/comments", {"body": "Hello."})
    assert reply.status == 403


async def test_a_suspended_installation_is_shut_out(scene: Scene) -> None:
    scene.forge.suspend(scene.grant)
    assert (await scene.new_token()).status == 403
    assert (await scene.get("/pulls/1")).status == 403
    scene.forge.unsuspend(scene.grant)
    assert (await scene.get("/pulls/1")).status == 200


async def test_a_deleted_installation_is_gone(scene: Scene) -> None:
    path = f"/app/installations/{scene.grant.id}"
    scene.forge.delete_installation(scene.grant)
    assert (await scene.ask("GET", path, token=scene.signed())).status == 404
    assert (await scene.get("/pulls/1")).status == 401


async def test_a_repository_taken_out_of_the_installation_is_not_found(scene: Scene) -> None:
    scene.forge.uninstall(scene.repo)
    assert (await scene.get("/pulls/1")).status == 404
    assert (await scene.ask("GET", "/repos/acme/shop/installation", token=scene.signed())).status == 404


async def test_an_archived_repository_is_read_only(scene: Scene) -> None:
    scene.repo.archived = True
    assert (await scene.get("/pulls/1")).status == 200
    assert (await scene.review({"line": 3})).status == 403


async def test_a_former_name_redirects(scene: Scene) -> None:
    scene.repo.rename("store")
    asked = await scene.get("/pulls/1/files?per_page=5")
    assert (asked.status, (await scene.post("/issues/1/comments", {"body": "x"})).status) == (301, 307)
    path = asked.headers["Location"].removeprefix(scene.forge.api_url)
    assert path == f"/repositories/{scene.repo.id}/pulls/1/files?per_page=5"
    assert (await scene.ask("GET", path)).status == 200


async def test_nobody_without_a_name_or_with_a_wrong_version_is_served(scene: Scene) -> None:
    assert (await scene.get("", User_Agent="")).status == 403
    assert (await scene.get("", X_GitHub_Api_Version="1999-01-01")).status == 400
    assert (await scene.get("", X_GitHub_Api_Version="2022-11-28")).status == 200


async def test_what_has_not_changed_is_answered_304_and_costs_nothing(scene: Scene) -> None:
    first = await scene.get("/pulls/1")
    used = scene.forge.meter(scene.grant).used
    again = await scene.get("/pulls/1", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body, scene.forge.meter(scene.grant).used) == (304, b"", used)
    scene.pull.edit_title("Another")
    assert (await scene.get("/pulls/1", If_None_Match=first.headers["ETag"])).status == 200


async def test_every_list_comes_in_pages_of_thirty(scene: Scene) -> None:
    await scene.say()
    for number in range(31):
        scene.pull.push({f"f{number}": "x\n"})
        scene.pull.comment("Hello.")
        scene.pull.reply(scene.comment, "More.")
        scene.repo.open_pull_request(files={"x": "1"}, branch=f"b{number}")
    lists = ("pulls/1/comments", "pulls/1/reviews", "issues/1/comments", "pulls/1/files", "pulls/1/commits", "pulls")
    for path in (*lists, "compare/main...change"):
        first = await scene.get(f"/{path}")
        following = first.headers["Link"].split('>; rel="next"')[0].removeprefix(f"<{scene.forge.api_url}")
        pages = [first.body, (await scene.ask("GET", following)).body]
        counts = [len(page["commits"] if path.startswith("compare") else page) for page in pages]
        assert counts == [30, 1 if path == "issues/1/comments" else 2], path


async def test_a_page_has_a_hundred_items_at_most(scene: Scene) -> None:
    scene.pull.push({f"f{number:03}": "x\n" for number in range(120)})
    assert len((await scene.get("/pulls/1/files?per_page=500")).body) == 100
    assert len((await scene.get("/pulls/1/files?per_page=100&page=2")).body) == 21
    assert (await scene.get("/pulls/1/files?per_page=100&page=3")).body == []


async def test_a_token_lists_the_repositories_it_reaches(scene: Scene) -> None:
    scene.forge.create_repository("acme/other")
    scene.forge.create_repository("elsewhere/thing")
    listed = (await scene.ask("GET", "/installation/repositories")).body
    assert [each["full_name"] for each in listed["repositories"]] == ["acme/shop", "acme/other"]
    grants = (await scene.ask("GET", "/app/installations", token=scene.signed())).body
    assert [each["account"]["login"] for each in grants] == ["acme", "elsewhere"]
