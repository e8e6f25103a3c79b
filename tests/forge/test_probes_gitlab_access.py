"""Who may come in, what they may do, and where things are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.forge.gitlab_scene import CHANGE
from tests.forge.repository import Symlink

if TYPE_CHECKING:
    from tests.forge.gitlab_scene import Lab

YEAR = 366 * 24 * 3600


async def test_nobody_without_a_token_is_served(lab: Lab) -> None:
    lab.token = "glpat-none"
    reply = await lab.get("")
    assert (reply.status, reply.body) == (401, {"message": "401 Unauthorized"})


async def test_a_token_may_come_as_a_bearer(lab: Lab) -> None:
    bearer = f"Bearer {lab.token}"
    lab.token = ""
    assert (await lab.get("", Authorization=bearer)).status == 200


async def test_a_token_dies_after_a_year(lab: Lab) -> None:
    lab.forge.clock.advance(YEAR)
    assert (await lab.get("")).body["error"] == "invalid_token"


async def test_a_rotated_token_is_the_same_bot(lab: Lab) -> None:
    before = (await lab.ask("GET", "/user")).body["id"]
    new = lab.forge.rotate(lab.token)
    assert (await lab.get("")).status == 401
    lab.token = new
    assert (await lab.ask("GET", "/user")).body["id"] == before


async def test_a_token_shows_its_scopes_and_its_end(lab: Lab) -> None:
    shown = (await lab.ask("GET", "/personal_access_tokens/self")).body
    assert (shown["scopes"], shown["active"], shown["user_id"]) == (["api"], True, lab.forge.bot.id)
    assert shown["expires_at"] > "2020-01-01"


async def test_a_token_for_reading_does_not_write(lab: Lab) -> None:
    lab.token = lab.forge.create_token(lab.forge.bot, "reader", ("read_api",)).value
    assert (await lab.get(CHANGE)).status == 200
    reply = await lab.post(f"{CHANGE}/notes", {"body": "x"})
    assert (reply.status, reply.body["error"]) == (403, "insufficient_scope")


async def test_what_one_may_not_see_is_not_there(lab: Lab) -> None:
    lab.demote(0)
    assert (await lab.get(CHANGE)).body == {"message": "404 Project Not Found"}
    assert (await lab.ask("GET", "/projects/999999")).body == {"message": "404 Project Not Found"}


@pytest.mark.parametrize("path", [CHANGE, "/repository/tree", f"{CHANGE}/discussions"])
async def test_a_guest_sees_the_project_and_not_its_code(lab: Lab, path: str) -> None:
    lab.demote(10)
    assert [(await lab.get("")).status, (await lab.get(path)).status] == [200, 403]


@pytest.mark.parametrize("body", [{"state": "success"}])
async def test_a_reporter_comments_and_sets_no_status(lab: Lab, body: Any) -> None:
    lab.demote(20)
    assert (await lab.discuss(3)).status == 201
    assert (await lab.post(f"/statuses/{lab.change.head}", body)).status == 403


async def test_a_developer_has_no_business_with_hooks(lab: Lab) -> None:
    assert (await lab.get("/hooks")).status == 403
    lab.demote(40)
    assert (await lab.get("/hooks")).status == 200


async def test_everybody_reads_and_comments_in_public(lab: Lab) -> None:
    lab.demote(0)
    lab.project.visibility = "public"
    assert ((await lab.get(f"{CHANGE}/diffs")).status, (await lab.discuss(3)).status) == (200, 201)


async def test_an_archived_project_is_read_only(lab: Lab) -> None:
    lab.project.archived = True
    assert [(await lab.get(CHANGE)).status, (await lab.discuss(3)).status] == [200, 403]


async def test_a_project_is_found_by_its_encoded_path(lab: Lab) -> None:
    assert (await lab.ask("GET", "/projects/group%2Fsub%2Fshop")).body["id"] == lab.project.id
    assert (await lab.ask("GET", "/projects/group/sub/shop")).status == 404
    assert "no such route" in lab.forge.misuses.pop()


async def test_a_former_path_redirects_and_takes_no_writes(lab: Lab) -> None:
    lab.project.rename("group/store")
    reply = await lab.ask("GET", f"/projects/group%2Fsub%2Fshop{CHANGE}/diffs?page=2")
    target = f"{lab.forge.api_url}/projects/{lab.project.id}{CHANGE}/diffs?page=2"
    assert (reply.status, reply.headers["Location"]) == (301, target)
    assert (await lab.ask("POST", f"/projects/group%2Fsub%2Fshop{CHANGE}/notes", {"body": "x"})).status == 405
    assert (await lab.get(CHANGE)).status == 200


async def test_a_deleted_project_is_not_found(lab: Lab) -> None:
    lab.forge.delete_project(lab.project)
    assert (await lab.get(CHANGE)).status == 404


async def test_members_are_those_of_the_groups_too(lab: Lab) -> None:
    lab.forge.group("group").members["boss"] = 50
    boss = lab.forge.user("boss")
    stranger = lab.forge.user("stranger")
    assert (await lab.get(f"/members/all/{boss.id}")).body["access_level"] == 50
    assert (await lab.get(f"/members/all/{lab.forge.bot.id}")).body["access_level"] == 30
    assert (await lab.get(f"/members/all/{stranger.id}")).status == 404


async def test_a_group_is_seen_by_its_members(lab: Lab) -> None:
    group = lab.forge.group("group/sub")
    assert (await lab.ask("GET", "/groups/group%2Fsub")).status == 404
    lab.forge.group("group").members[lab.forge.bot.username] = 50
    assert (await lab.ask("GET", "/groups/group%2Fsub")).body["id"] == group.id
    shown = await lab.ask("GET", f"/groups/{group.id}/members/all/{lab.forge.bot.id}")
    assert shown.body["access_level"] == 50


async def test_projects_are_listed_for_their_members(lab: Lab) -> None:
    other = lab.forge.create_project("group/open", visibility="public", bot_level=0)
    lab.forge.group("group").members["dev"] = 50
    assert {each["id"] for each in (await lab.ask("GET", "/projects")).body} == {lab.project.id, other.id}
    assert [each["id"] for each in (await lab.ask("GET", "/projects?membership=true")).body] == [lab.project.id]
    lab.token = lab.forge.create_token(lab.forge.user("dev"), "dev").value
    assert [each["id"] for each in (await lab.ask("GET", "/groups/group/projects")).body] == [other.id]
    assert len((await lab.ask("GET", "/groups/group/projects?include_subgroups=true")).body) == 2


async def test_an_instance_says_its_version(lab: Lab) -> None:
    assert (await lab.ask("GET", "/version")).body["version"] == "19.1.0"
    assert (await lab.ask("GET", "/metadata")).body["enterprise"] is True


@pytest.mark.parametrize(("path", "status"), [("/merge_requests/99", 404), ("/merge_requests/one", 400)])
async def test_a_merge_request_is_named_by_its_number(lab: Lab, path: str, status: int) -> None:
    assert (await lab.get(path)).status == status


async def test_what_the_double_does_not_know_is_noted(lab: Lab) -> None:
    assert (await lab.get("/no/such/thing")).body == {"error": "404 Not Found"}
    assert "no such route" in lab.forge.misuses.pop()


async def test_a_body_that_is_no_json_is_refused(lab: Lab) -> None:
    url = f"{lab.forge.api_url}/projects/{lab.project.id}{CHANGE}/notes"
    said = {"PRIVATE-TOKEN": lab.token, "Content-Type": "application/json"}
    async with lab.session.post(url, data=b"{", headers=said) as answer:
        assert answer.status == 400


async def test_a_file_of_a_branch_is_read_without_a_merge_request(lab: Lab) -> None:
    lab.project.push("main", {"to": "x\n", "link": Symlink("to")})
    assert (await lab.get("/repository/files/to/raw?ref=HEAD")).body == b"x\n"


async def test_projects_and_groups_are_listed_from_a_role_on(lab: Lab) -> None:
    lab.forge.group("group").members[lab.forge.bot.username] = 40

    async def names(path: str, level: int) -> list[str]:
        answer = await lab.ask("GET", f"{path}min_access_level={level}")
        return [each.get("path_with_namespace") or each["full_path"] for each in answer.body]

    assert [await names("/projects?membership=true&", level) for level in (40, 50)] == [["group/sub/shop"], []]
    assert [await names("/groups?", level) for level in (40, 50)] == [["group"], []]
