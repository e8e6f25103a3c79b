"""The front door: who asks, and what they may see and do."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.forge.gitlab.answer import Answer, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.gitlab.answer import Route
    from tests.forge.gitlab.double import GitLabDouble
    from tests.forge.gitlab.model import Token
    from tests.forge.gitlab.project import Project

READING = {"GET", "HEAD"}


def identify(forge: GitLabDouble, headers: Mapping[str, str]) -> Token:
    """Say whose token asks."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    given = headers.get("PRIVATE-TOKEN") or (value if scheme.lower() == "bearer" else "")
    token = forge.tokens.get(given)
    if token is None:
        raise Refused(401, "401 Unauthorized")
    if token.revoked:
        raise invalid_token("Token was revoked. You have to re-authorize from the user.")
    if token.expires is not None and token.expires <= forge.clock.now():
        raise invalid_token("Token is expired. You can either do re-authorization or token refresh.")
    return token


def invalid_token(description: str) -> Refused:
    """Refuse a token that was once good."""
    return Refused.by(Answer(401, {"error": "invalid_token", "error_description": description}))


def check_scope(token: Token, method: str) -> None:
    """Refuse a token that was not made for this."""
    if "api" in token.scopes or (method in READING and "read_api" in token.scopes):
        return
    body = {
        "error": "insufficient_scope",
        "error_description": "The request requires higher privileges than provided by the access token.",
        "scope": "api read_api" if method in READING else "api",
    }
    raise Refused.by(Answer(403, body))


def project(forge: GitLabDouble, token: Token, named: str, method: str, rest: str) -> Project:
    """Find the project that a path names by number or full path; what somebody may not see is not there.

    Raises:
        Refused: It is not there for them, or it is elsewhere by now.
    """
    name = unquote(named)
    found = forge.projects.get(int(name)) if name.isdecimal() else forge.find(name)
    moved = None if found else forge.find_former(name)
    if not (found or moved) or not (found or moved).reach(token.user):  # type: ignore[union-attr]  # one is there
        raise Refused.missing("Project")
    if moved is not None:
        if method != "GET":
            raise Refused(405, "Non GET methods are not allowed for moved projects")
        url = f"{forge.api_url}/projects/{moved.id}{rest}"
        raise Refused.by(
            Answer(301, {"message": f"This resource has been moved permanently to {url}"}, {"Location": url})
        )
    assert found is not None
    return found


def enter(found: Project, token: Token, method: str, route: Route) -> None:
    """Let somebody in, or refuse because of their role."""
    if found.reach(token.user) < route.level:
        raise Refused.forbidden()
    if found.archived and method not in READING:
        raise Refused.forbidden()
