"""Hooks of projects and groups."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.forge.gitlab import payloads, render_hooks
from tests.forge.gitlab.answer import Answer, Call, Refused, Route
from tests.forge.gitlab.model import MAINTAINER, OWNER
from tests.forge.gitlab.project_routes import the_group

if TYPE_CHECKING:
    from tests.forge.gitlab.webhooks import Delivery, Hook

SETTINGS = (
    "token signing_token name description enable_ssl_verification push_events merge_requests_events note_events".split()
)
IGNORED = (
    "issues_events confidential_issues_events confidential_note_events tag_push_events job_events pipeline_events "
    "wiki_page_events deployment_events releases_events subgroup_events emoji_events resource_access_token_events"
).split()
SIGNED = (19, 0)
"""Older versions ignore a signing token without a word."""
TAKES = (
    "token:str signing_token:str name:str description:str enable_ssl_verification:bool push_events:bool "
    "merge_requests_events:bool note_events:bool push_events_branch_filter:str branch_filter_strategy:str "
    "custom_webhook_template:str custom_headers:list " + " ".join(f"{name}:bool" for name in IGNORED)
)


def reachable(call: Call) -> list[Hook]:
    """Return the hooks that the path names: of a project or of a group that the asker may administer."""
    if call.target is not None:
        return call.project.hooks
    group = the_group(call)
    if not call.forge.licensed:
        raise Refused.missing()
    if call.forge.group_level(group.path, call.user) < OWNER:
        raise Refused.forbidden()
    return [hook for hook in call.forge.hooks.all if hook.group == group.path]


def the_hook(call: Call) -> Hook:
    """Find the hook named in the path."""
    found = next((hook for hook in reachable(call) if hook.id == call.number("hook_id")), None)
    if found is None:
        raise Refused.missing()
    return found


def list_hooks(call: Call) -> Answer:
    """List hooks."""
    return Answer(200, [render_hooks.hook(call.forge, hook) for hook in reachable(call)], paged=True)


def get_hook(call: Call) -> Answer:
    """Show a hook."""
    return Answer(200, render_hooks.hook(call.forge, the_hook(call)))


def create_hook(call: Call) -> Answer:
    """Configure a hook."""
    reachable(call)
    check(call)
    owner = {"group": the_group(call).path} if call.target is None else {"project_id": call.project.id}
    hook = call.forge.hooks.add(call.params["url"], **owner)
    apply(call, hook)
    return Answer(201, render_hooks.hook(call.forge, hook))


def update_hook(call: Call) -> Answer:
    """Change a hook; that does not end its rest."""
    hook = the_hook(call)
    check(call)
    hook.url = call.params["url"]
    apply(call, hook)
    return Answer(200, render_hooks.hook(call.forge, hook))


def delete_hook(call: Call) -> Answer:
    """Delete a hook."""
    call.forge.hooks.all.remove(the_hook(call))
    return Answer(204)


def check(call: Call) -> None:
    """Refuse addresses that are none, and signing tokens that are not `whsec_` and 32 bytes."""
    parts = urlsplit(call.params["url"])
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused(422, "Invalid url given")
    signing = call.params.get("signing_token")
    if signing and not signing.startswith("whsec_"):
        raise Refused(422, "Invalid signing token given")


def apply(call: Call, hook: Hook) -> None:
    """Take the settings over that were sent."""
    for name in SETTINGS:
        if name in call.params and not (name == "signing_token" and call.forge.older_than(*SIGNED)):
            setattr(hook, name, call.params[name])
    if "custom_headers" in call.params:
        hook.custom_headers = {each["key"]: each["value"] for each in call.params["custom_headers"]}


def try_hook(call: Call) -> Answer:
    """Deliver the newest there is as if it had just come, and wait for what the receiver says."""
    hook, trigger = the_hook(call), call.path["trigger"]
    found = [
        each
        for project in call.forge.projects.values()
        if hook.covers(project)
        for each in project.merge_requests.values()
    ]
    if trigger == "merge_requests_events" and found:
        kind, payload = "merge_request", payloads.merge_request(found[-1], None, call.user)
    elif trigger == "note_events" and found and found[-1].notes:
        kind, payload = "note", payloads.note(found[-1], found[-1].notes[-1], "create", call.user)
    elif trigger == "push_events" and (project := next(filter(hook.covers, call.forge.projects.values()), None)):
        kind, payload = "push", payloads.push(project, call.user)
    else:
        missing = "notes" if trigger == "note_events" else trigger.removesuffix("_events").replace("_", " ")
        raise Refused(422, f"Ensure the project has {missing}.")
    return Answer(201, later=partial(delivered, call, call.forge.hooks.make(hook, kind, payload)))


def list_events(call: Call) -> Answer:
    """List what was delivered, newest first."""
    hook = the_hook(call)
    found = [each for each in call.forge.deliveries if each.hook is hook and each.status is not None]
    return Answer(200, [render_hooks.delivery(each) for each in reversed(found)], paged=True)


def resend(call: Call) -> Answer:
    """Deliver something again, with the same key."""
    hook = the_hook(call)
    found = (each for each in call.forge.deliveries if each.hook is hook and each.id == call.number("event_id"))
    delivery = next(found, None)
    if delivery is None:
        raise Refused.missing()
    return Answer(201, later=partial(delivered, call, call.forge.hooks.again(delivery)))


async def delivered(call: Call, delivery: Delivery) -> Answer:
    """Send a delivery, whether or not its hook rests, and say what came of it."""
    status = await call.forge.hooks.deliver(delivery)
    if 200 <= status < 300:
        return Answer(201, {"message": "201 Created"})
    return Answer(422, {"message": "" if status else "Failed to open TCP connection"})


def routes(root: str, level: int) -> dict[str, Route]:
    """Return the routes below a project or a group."""
    one = f"{root}/:hook_id"
    return {
        f"GET {root}": Route(list_hooks, "", level),
        f"POST {root}": Route(create_hook, f"url:str! {TAKES}", level),
        f"GET {one}": Route(get_hook, "", level),
        f"PUT {one}": Route(update_hook, f"url:str! {TAKES}", level),
        f"DELETE {one}": Route(delete_hook, "", level),
        f"POST {one}/test/:trigger": Route(try_hook, "", level, counted="tests"),
        f"GET {one}/events": Route(list_events, "status:str", level),
        f"POST {one}/events/:event_id/resend": Route(resend, "", level),
    }


ROUTES = routes("/projects/:id/hooks", MAINTAINER) | routes("/groups/:id/hooks", OWNER)
