"""The instance, who asks, the project and its members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.forge.gitlab import render
from tests.forge.gitlab.answer import Answer, Call, Refused, Route

if TYPE_CHECKING:
    from tests.forge.gitlab.model import Group


def version(call: Call) -> Answer:
    """Say which GitLab this is."""
    return Answer(200, {"version": call.forge.version, "revision": "0123456789a"})


def metadata(call: Call) -> Answer:
    """Say which GitLab this is, at more length."""
    return Answer(
        200,
        {
            "version": call.forge.version,
            "revision": "0123456789a",
            "kas": {"enabled": False, "externalUrl": None, "version": None},
            "enterprise": call.forge.licensed,
        },
    )


def whoami(call: Call) -> Answer:
    """Show who asks."""
    return Answer(200, render.user(call.forge, call.user) | {"bot": call.user.bot, "email": "", "is_admin": False})


def own_token(call: Call) -> Answer:
    """Show the token that asks: its scopes and when it dies."""
    return Answer(200, render.token(call.token))


def get_project(call: Call) -> Answer:
    """Show a project."""
    return Answer(200, render.project(call.project, call.user))


def list_projects(call: Call) -> Answer:
    """List the projects that the asker may see, or is a member of; those of a group when the path names one."""
    group = the_group(call).path if "id" in call.path else ""
    found = [
        each
        for each in call.forge.projects.values()
        if (each.level(call.user) if call.params.get("membership") else each.reach(call.user))
        and each.level(call.user) >= call.params.get("min_access_level", 0)
        and (not group or group in (each.groups if call.params.get("include_subgroups") else each.groups[:1]))
    ]
    return Answer(200, [render.project(each, call.user) for each in found], paged=True, keyset="id")


def get_user(call: Call) -> Answer:
    """Show somebody."""
    found = next((each for each in call.forge.people.values() if each.id == call.number("user_id")), None)
    if found is None:
        raise Refused.missing("User")
    return Answer(200, render.user(call.forge, found) | {"bot": found.bot})


def get_member(call: Call) -> Answer:
    """Show somebody's access level, whether by the project or by a group."""
    found = next((each for each in call.forge.people.values() if each.id == call.number("user_id")), None)
    level = call.project.level(found) if found else 0
    if found is None or not level:
        raise Refused.missing()
    return Answer(200, render.user(call.forge, found) | {"access_level": level, "membership_state": "active"})


def list_members(call: Call) -> Answer:
    """List everybody who has an access level."""
    people = ((each, call.project.level(each)) for each in call.forge.people.values())
    found = [render.user(call.forge, each) | {"access_level": level} for each, level in people if level]
    return Answer(200, found, paged=True)


def the_group(call: Call) -> Group:
    """Find the group named in the path by number or full path; only its members see it."""
    named = call.path["id"]
    found = next((each for each in call.forge.groups.values() if named in {str(each.id), each.path}), None)
    if found is None or not call.forge.group_level(found.path, call.user):
        raise Refused.missing("Group")
    return found


def list_groups(call: Call) -> Answer:
    """List the groups that the asker is a member of, from an access level on."""
    least = call.params.get("min_access_level", 1)
    found = [each for each in call.forge.groups.values() if call.forge.group_level(each.path, call.user) >= least]
    return Answer(200, [render.group(call.forge, each) for each in found], paged=True)


def get_group(call: Call) -> Answer:
    """Show a group."""
    return Answer(200, render.group(call.forge, the_group(call)))


def get_group_member(call: Call) -> Answer:
    """Show somebody's access level in a group."""
    group = the_group(call)
    found = next((each for each in call.forge.people.values() if each.id == call.number("user_id")), None)
    level = call.forge.group_level(group.path, found) if found else 0
    if found is None or not level:
        raise Refused.missing()
    return Answer(200, render.user(call.forge, found) | {"access_level": level, "membership_state": "active"})


ROUTES = {
    "GET /projects": Route(list_projects, "membership:bool simple:bool archived:bool min_access_level:int"),
    "GET /groups": Route(list_groups, "min_access_level:int"),
    "GET /groups/:id/projects": Route(list_projects, "include_subgroups:bool simple:bool archived:bool"),
    "GET /groups/:id": Route(get_group, "with_projects:bool with_custom_attributes:bool"),
    "GET /groups/:id/members/all/:user_id": Route(get_group_member),
    "GET /version": Route(version),
    "GET /metadata": Route(metadata),
    "GET /user": Route(whoami),
    "GET /users/:user_id": Route(get_user),
    "GET /personal_access_tokens/self": Route(own_token),
    "GET /projects/:id": Route(get_project, "statistics:bool license:bool with_custom_attributes:bool"),
    "GET /projects/:id/members/all": Route(list_members, "query:str"),
    "GET /projects/:id/members/all/:user_id": Route(get_member),
}
