"""The App itself: tokens, installations, its deliveries, its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.forge.clock import stamp
from tests.forge.github import door, render_basics
from tests.forge.github.answer import Answer, Call, Refused, Route

if TYPE_CHECKING:
    from tests.forge.github.model import Installation
    from tests.forge.github.webhooks import Delivery

MOST_REPOSITORIES = 500


def get_app(call: Call) -> Answer:
    """Show the App."""
    return Answer(200, render_basics.app(call.forge))


def list_installations(call: Call) -> Answer:
    """List the installations."""
    grants = [each for each in call.forge.installations.values() if not each.deleted]
    return Answer(200, [render_basics.installation(call.forge, each) for each in grants], page="")


def found(call: Call) -> Installation:
    """Find the installation named in the path."""
    grant = call.forge.installations.get(call.number(call.path["installation_id"]))
    if grant is None or grant.deleted:
        raise Refused(404, "Not Found")
    return grant


def get_installation(call: Call) -> Answer:
    """Show an installation."""
    return Answer(200, render_basics.installation(call.forge, found(call)))


def get_repository_installation(call: Call) -> Answer:
    """Show the installation that covers a repository."""
    project = call.forge.find(f"{call.path['owner']}/{call.path['repo']}")
    grant = call.forge.grant(project) if project else None
    if grant is None:
        raise Refused(404, "Not Found")
    return Answer(200, render_basics.installation(call.forge, grant))


def create_token(call: Call) -> Answer:
    """Make an installation token, narrowed to repositories and permissions when asked."""
    grant, body = found(call), call.body or {}
    if grant.suspended:
        raise Refused(403, "This installation has been suspended")
    ids = body.get("repository_ids")
    if "repositories" in body:
        named = {project.name: project.id for project in call.forge.covered(grant)}
        ids = [named.get(name, 0) for name in body["repositories"]]
    if ids is not None and len(ids) > MOST_REPOSITORIES:
        raise Refused(422, "The number of repositories exceeds 500.")
    token = door.grant_token(call.forge, grant, ids, body.get("permissions"))
    written: dict[str, Any] = {
        "token": token.value,
        "expires_at": stamp(token.expires),
        "permissions": dict(token.permissions),
        "repository_selection": "selected" if ids is not None or grant.repositories is not None else "all",
    }
    if ids is not None:
        covered = [project for project in call.forge.covered(grant) if project.id in ids]
        written["repositories"] = [render_basics.repository(call.forge, project) for project in covered]
    return Answer(201, written)


def list_repositories(call: Call) -> Answer:
    """List the repositories that a token reaches."""
    assert call.token is not None
    reach = call.token.repositories
    covered = [p for p in call.forge.covered(call.installation) if reach is None or p.id in reach]
    written = [render_basics.repository(call.forge, project) for project in covered]
    return Answer(200, {"total_count": len(written), "repositories": written}, page="repositories")


def list_deliveries(call: Call) -> Answer:
    """List what was delivered, newest first, by cursor."""
    sent = [each for each in reversed(call.forge.deliveries) if each.status is not None]
    wanted = call.query.get("status")
    if wanted:
        sent = [each for each in sent if (wanted == "success") == (200 <= (each.status or 0) < 300)]
    size = min(int(call.query.get("per_page", "30")), 100)
    cursor = call.query.get("cursor", "")
    start = next((i for i, each in enumerate(sent) if f"v1_{each.id}" == cursor), 0) if cursor else 0
    shown, rest = sent[start : start + size], sent[start + size :]
    headers = {}
    if rest:
        chosen = "".join(f"&{name}={value}" for name, value in call.query.items() if name != "cursor")
        url = f"{call.forge.api_url}/app/hook/deliveries?cursor=v1_{rest[0].id}{chosen}"
        headers["Link"] = f'<{url}>; rel="next"'
    return Answer(200, [delivery(each) for each in shown], headers)


def delivery(each: Delivery) -> dict[str, Any]:
    """Write one line of the App's log of deliveries."""
    good = 200 <= (each.status or 0) < 300
    return {
        "id": each.id,
        "guid": each.guid,
        "delivered_at": stamp(each.at),
        "redelivery": each.redelivery,
        "duration": round(each.duration, 2),
        "status": "OK" if good else f"Invalid HTTP Response: {each.status}" if each.status else "timed out",
        "status_code": each.status or 0,
        "event": each.event,
        "action": each.action,
        "installation_id": each.installation_id,
        "repository_id": each.repository_id,
        "throttled_at": None,
    }


def redeliver(call: Call) -> Answer:
    """Send a delivery again, with the same GUID, soon."""
    number = call.number(call.path["delivery_id"])
    again = next((each for each in call.forge.deliveries if each.id == number), None)
    if again is None:
        raise Refused(404, "Not Found")
    call.forge.outbox.send(call.forge.outbox.again(again))
    return Answer(202, {})


def rate_limit(call: Call) -> Answer:
    """Show the primary limit; asking costs nothing."""
    headers = call.forge.meter(call.installation).headers(call.forge.clock.seconds())
    short = {name: int(headers[f"X-RateLimit-{name.title()}"]) for name in ("limit", "remaining", "reset", "used")}
    resources = dict.fromkeys(("core", "search", "graphql"), short)
    return Answer(200, {"resources": resources, "rate": short})


ROUTES = {
    "apps/get-authenticated": Route(get_app, "app"),
    "apps/list-installations": Route(list_installations, "app"),
    "apps/get-installation": Route(get_installation, "app"),
    "apps/get-repo-installation": Route(get_repository_installation, "app"),
    "apps/create-installation-access-token": Route(create_token, "app"),
    "apps/list-webhook-deliveries": Route(list_deliveries, "app"),
    "apps/redeliver-webhook-delivery": Route(redeliver, "app"),
    "apps/list-repos-accessible-to-installation": Route(list_repositories),
    "rate-limit/get": Route(rate_limit),
}
