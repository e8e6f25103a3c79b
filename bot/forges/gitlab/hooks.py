"""Hooks of projects and groups: found, made, put right, tried, and asked how they are.

Facts: doc/api/project_webhooks.md and doc/api/group_webhooks.md of gitlabhq/gitlabhq. A hook's secrets are never shown,
so they are set anew each time. `alert_status` is `executable`, `temporarily_disabled` or `disabled`; the last two
after calls that failed, and a test that succeeds ends them.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from urllib.parse import quote, urlsplit

from bot.forges.base import Denied, Gone, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.forges.gitlab.door import Door
    from bot.secret import Secret

NAME: Final = "Hullcheck"
PATH: Final = "/webhooks/gitlab"
"""Where the server listens for GitLab, below its address."""
EVENTS: Final = {"merge_requests_events": True, "note_events": True, "push_events": False}
"""What a hook tells us of. GitLab ticks pushes by default, and we have no use for them."""

Hook = dict[str, Any]


class Place(NamedTuple):
    """A project or group that a hook belongs to.

    Attributes:
        kind: As in an address.
        id: Its number.
        path: Its full path, for people.
    """

    kind: Literal["projects", "groups"]
    id: int
    path: str

    @property
    def root(self) -> str:
        """Address of its hooks."""
        return f"/{self.kind}/{self.id}/hooks"

    def __str__(self) -> str:
        return f"{self.kind.removesuffix('s')} {self.path}"


class Wanted(NamedTuple):
    """How our hook should be.

    Attributes:
        url: Whom it calls.
        secret: What it sends in `X-Gitlab-Token`.
        signing_token: What it signs with.
    """

    url: str
    secret: Secret | None = None
    signing_token: Secret | None = None

    def settings(self) -> dict[str, Any]:
        """Return it as GitLab's API takes it."""
        secrets = {"token": self.secret, "signing_token": self.signing_token}
        revealed = {name: secret.reveal() for name, secret in secrets.items() if secret}
        return {"url": self.url, "name": NAME, "enable_ssl_verification": True, **EVENTS, **revealed}


class Tried(NamedTuple):
    """What came of a test.

    Attributes:
        event: What was sent: `merge request` or `push`; empty when there was nothing to send.
        status: What was answered, as GitLab's log has it: a number, or words when there was no answer; empty when the
            log does not say.
        body: What was answered, likewise.
        complaint: GitLab's own words about a test that failed; empty for one that did not.
    """

    event: str
    status: str = ""
    body: str = ""
    complaint: str = ""

    @property
    def by_us(self) -> bool:
        """Whether it may have been this program that answered: it says what became of a delivery."""
        if not self.body:
            return True
        try:
            return "outcome" in json.loads(self.body)
        except (ValueError, TypeError):
            return False


async def find(door: Door, name: str) -> Place | None:
    """Find a project, else a group, by its full path or number; `None` when the account sees none."""
    whole = quote(name.strip("/"), safe="")
    with suppress(Gone):
        found = await door.get(f"/projects/{whole}")
        return Place("projects", found["id"], found["path_with_namespace"])
    with suppress(Gone):
        found = await door.get(f"/groups/{whole}", {"with_projects": False})
        return Place("groups", found["id"], found["full_path"])
    return None


async def listed(door: Door, place: Place) -> list[Hook]:
    """List all hooks of a place."""
    return await door.pages(place.root)


def ours(hooks: Iterable[Hook], url: str) -> list[Hook]:
    """Return the hooks that call us, else those that bear our name: the server may have moved."""
    hooks = list(hooks)
    same = [hook for hook in hooks if str(hook["url"]).rstrip("/") == url]
    return same or [hook for hook in hooks if hook.get("name") == NAME]


def calls_us(hook: Hook, address: str) -> bool:
    """Tell whether a hook is meant for this server, whose address may not be known (empty)."""
    url = str(hook["url"]).rstrip("/")
    return url == f"{address}{PATH}" if address else urlsplit(url).path.endswith(PATH)


async def create(door: Door, place: Place, wanted: Wanted) -> Hook:
    """Make our hook."""
    made: Hook = await door.write("post", place.root, wanted.settings())
    return made


async def update(door: Door, place: Place, hook: Hook, wanted: Wanted) -> Hook:
    """Put a hook right; its secrets are set anew."""
    changed: Hook = await door.write("put", f"{place.root}/{hook['id']}", wanted.settings())
    return changed


async def again(door: Door, place: Place, hook: Hook) -> Hook:
    """Return a hook as it is now."""
    now: Hook = await door.get(f"{place.root}/{hook['id']}")
    return now


def differences(hook: Hook, wanted: Wanted) -> list[str]:
    """Say what a hook has otherwise than wanted, as far as it shows."""
    names = {"url": "the address", "enable_ssl_verification": "the verification of certificates"}
    names |= {event: event.removesuffix("_events").replace("_", " ") + " events" for event in EVENTS}
    settings = wanted.settings()
    return [words for name, words in names.items() if hook.get(name) != settings[name]]


async def try_out(door: Door, place: Place, hook: Hook) -> Tried:
    """Have GitLab call a hook: about the newest merge request, else about the newest push.

    Raises:
        Gone: This GitLab (before 16.11) has no such test.
        ForgeError: The test could not be asked for.
    """
    for event in ("merge requests", "push"):
        trigger = f"{event.replace(' ', '_')}_events"
        try:
            await door.write("post", f"{place.root}/{hook['id']}/test/{trigger}")
        except Rejected as fault:
            if "Ensure the" in str(fault):
                continue
            return await _logged(door, place, hook, Tried(event.removesuffix("s"), complaint=str(fault)))
        return await _logged(door, place, hook, Tried(event.removesuffix("s")))
    return Tried("")


async def _logged(door: Door, place: Place, hook: Hook, tried: Tried) -> Tried:
    """Add what the hook's own log says of the call (GitLab 17.3 and newer)."""
    try:
        events = await door.pages(f"{place.root}/{hook['id']}/events", {"per_page": 1}, most=1)
    except (Gone, Denied, Rejected):
        return tried
    if not events:
        return tried
    body = str(events[0].get("response_body") or "")
    return tried._replace(status=str(events[0].get("response_status") or ""), body=body)


def trouble(hook: Hook) -> str:
    """Say what keeps a hook from calling us, `""` when nothing does."""
    match hook.get("alert_status"):
        case "disabled":
            return "GitLab has disabled it for good, since its calls failed"
        case "temporarily_disabled":
            return f"GitLab has disabled it until {hook.get('disabled_until')}, since its calls failed"
    missing = [event for event, wanted in EVENTS.items() if wanted and not hook.get(event)]
    words = " and ".join(event.removesuffix("_events").replace("_", " ").removesuffix("s") for event in missing)
    return f"it is not told of {words} events" if missing else ""
