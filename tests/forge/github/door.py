"""The front door: who asks, what they may see and do, and how much of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import jwt

from tests.forge.clock import machine_seconds
from tests.forge.github.answer import DOCS, Answer, Refused
from tests.forge.github.model import Token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.github.answer import Route
    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.model import Installation
    from tests.forge.log import Exchange

LEVELS = {"read": 1, "write": 2, "admin": 3}
API_VERSIONS = {"2022-11-28", "2026-03-10"}
LIFE = timedelta(hours=1)
JWT_LIFE = 600


def polite(headers: Mapping[str, str]) -> None:
    """Refuse requests that do not say who asks, or name a version of the API that there is not."""
    if not headers.get("User-Agent"):
        raise Refused(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent")
    version = headers.get("X-GitHub-Api-Version")
    if version is not None and version not in API_VERSIONS:
        raise Refused(400, f"API version {version} is not supported.")


def identify(forge: GitHubDouble, headers: Mapping[str, str], *, as_app: bool) -> Token | None:
    """Say which token asks; `None` stands for the App itself."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in {"token", "bearer"} or not value:
        raise Refused(401, "Requires authentication")
    if as_app:
        check_app_token(forge, value)
        return None
    token = forge.tokens.get(value)
    if token is None or token.expires <= forge.clock.now() or token.installation.deleted:
        raise Refused(401, "Bad credentials")
    if token.installation.suspended:
        raise Refused(403, "This installation has been suspended")
    return token


def check_app_token(forge: GitHubDouble, value: str) -> None:
    """Check the App's JSON web token by the machine's clock, for the bot's library signs by that."""
    try:
        claims = jwt.decode(
            value,
            forge.app.public_key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_iss": False, "verify_sub": False},
        )
    except jwt.InvalidTokenError as error:
        raise Refused(401, "A JSON web token could not be decoded") from error
    now = machine_seconds()
    issued, ends = claims.get("iat"), claims.get("exp")
    if str(claims.get("iss")) not in {str(forge.app.id), forge.app.client_id}:
        raise Refused(401, "'Issuer' claim ('iss') must be the App's ID or client ID")
    if not isinstance(issued, int) or issued > now + 5:
        raise Refused(401, "'Issued at' claim ('iat') must be an Integer representing the time of the assertion")
    if not isinstance(ends, int) or ends <= now:
        raise Refused(401, "'Expiration time' claim ('exp') must be a numeric value in the future")
    if ends > now + JWT_LIFE or ends - issued > JWT_LIFE:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")


def grant_token(
    forge: GitHubDouble, installation: Installation, repositories: list[int] | None, permissions: dict[str, str] | None
) -> Token:
    """Make a token, narrowed as asked and never wider than the installation."""
    covered = {project.id for project in forge.covered(installation)}
    if repositories is not None and not covered.issuperset(repositories):
        raise Refused(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    for name, level in (permissions or {}).items():
        if LEVELS.get(level, 9) > LEVELS.get(installation.permissions.get(name, ""), 0):
            raise Refused(422, "The permissions requested are not granted to this installation.")
    number = forge.new_id()
    # The new form of these tokens; whoever counts on 40 characters is wrong.
    value = f"ghs_{forge.app.id}_eyJhbGciOiJFUzI1NiJ9.{number:032x}.{number * 7919:043x}"
    token = Token(
        value,
        installation,
        (permissions or installation.permissions) | {"metadata": "read"},
        None if repositories is None else frozenset(repositories),
        forge.clock.now() + LIFE,
    )
    forge.tokens[value] = token
    return token


def enter(forge: GitHubDouble, token: Token, full_name: str, route: Route) -> None:
    """Let a token through to a repository, or refuse: 404 hides what it may not see, 403 says what it may not do."""
    project = forge.find(full_name)
    if project is None:
        raise Refused(404, "Not Found")
    mine = forge.grant(project) is token.installation
    seen = mine and (token.repositories is None or project.id in token.repositories)
    if not seen and (project.private or route.writes):
        raise Refused(*((404, "Not Found") if project.private else (403, "Resource not accessible by integration")))
    if project.archived and route.writes:
        raise Refused(403, "Repository was archived so is read-only.")
    if seen and not allowed(token, route.needs):
        raise Refused(403, "Resource not accessible by integration")


def allowed(token: Token, needs: str) -> bool:
    """Say whether a token holds one of the permissions needed, such as `issues:write|pull_requests:write`."""
    wanted = (need.split(":") for need in needs.split("|"))
    return any(LEVELS.get(token.permissions.get(name, ""), 0) >= LEVELS[level] for name, level in wanted)


def redirected(forge: GitHubDouble, full_name: str, exchange: Exchange) -> Answer | None:
    """Send somebody who uses a repository's old name to its id: 301 for questions, 307 for everything else."""
    project = forge.find_former(full_name)
    if project is None:
        return None
    rest = exchange.path.removeprefix(f"/repos/{full_name}")
    url = f"{forge.api_url}/repositories/{project.id}{rest}" + (f"?{exchange.query}" if exchange.query else "")
    status, word = (301, "Moved Permanently") if exchange.method == "GET" else (307, "Temporary Redirect")
    return Answer(status, {"message": word, "url": url, "documentation_url": DOCS}, {"Location": url})
