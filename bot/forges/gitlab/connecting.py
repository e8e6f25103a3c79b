"""`hullcheck gitlab connect`: the token is checked, our hook made or put right, and tried.

Each step yields the sentence that a person reads. What stands in the way ends it with a sentence that names the remedy.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.forges.base import Denied, ForgeError, Gone, Rejected, Unavailable
from bot.forges.gitlab import hooks
from bot.forges.gitlab.roles import DEVELOPER, MAY_SET_HOOKS, named
from bot.forges.gitlab.versions import OLDEST, older_than
from rules.quoting import capitalized

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.forges.gitlab.door import Door
    from bot.forges.gitlab.hooks import Hook, Place, Tried, Wanted

SOON: Final = timedelta(days=14)
"""Before a token expires, when somebody should know."""


class CannotConnect(Exception):  # noqa: N818 - says what happened, as `except` reads it
    """Something stands in the way; the text is a plain sentence or two with the remedy."""


class Account(NamedTuple):
    """Whom a token belongs to.

    Attributes:
        id: Number.
        username: For people.
        expires: When the token dies; `None` when GitLab does not say.
    """

    id: int
    username: str
    expires: date | None


async def connect(door: Door, name: str, wanted: Wanted, setter: Door | None = None) -> AsyncIterator[str]:
    """Connect a project, or a group with all that is below it.

    Args:
        door: Of the server's own token.
        name: Full path or number.
        wanted: How the hook should be.
        setter: Of a token that may set hooks, when the server's may not.

    Raises:
        CannotConnect: See there.
    """
    account = await account_of(door)
    yield f"Token: scope api, account @{account.username}{_until(account)}."
    await _refuse_old(door)
    place = await _place(door, name, account)
    role = await _role(door, place, account)
    yield f"{capitalized(str(place))}: the account has the role {named(role)}."
    _refuse_low(role, place, account)
    owner = setter or door
    holder = await account_of(setter) if setter else account
    standing = hooks.ours(await _listed(owner, place, holder), wanted.url)
    hook, sentence = await _set(owner, place, standing, wanted)
    yield sentence
    for line in _remarks(hook, standing[1:], wanted):
        yield line
    async for line in _tried(owner, place, hook):
        yield line


async def account_of(door: Door) -> Account:
    """Return whose token a door has, once it is known to be good for everything.

    Raises:
        CannotConnect: It is refused, lacks the scope, or GitLab does not answer.
    """
    try:
        token = await _own_token(door)
        if "api" not in token.get("scopes", ["api"]):
            raise CannotConnect(_scope(f"the scope {', '.join(token['scopes'])}"))
        user = await door.get("/user")
    except Denied as fault:
        raise CannotConnect(_refused(door, fault)) from fault
    except ForgeError as fault:
        raise CannotConnect(
            f"{door.url} does not answer as GitLab does ({fault}). Check the address, and that this machine reaches it."
        ) from fault
    expires = token.get("expires_at")
    return Account(user["id"], user["username"], date.fromisoformat(expires) if expires else None)


def _refuse_low(role: int, place: Place, account: Account) -> None:
    if role < DEVELOPER:
        raise CannotConnect(
            f"The role {named(role)} is too low: comments are resolved with Developer. "
            f"Give @{account.username} that role in {place}."
        )


async def _refuse_old(door: Door) -> None:
    try:
        version = await door.get("/version")
    except ForgeError:
        return  # what keeps it from answering, the next request will say
    if older_than(version, OLDEST):
        needed = ".".join(map(str, OLDEST))
        raise CannotConnect(
            f"GitLab {version['version']} is too old: {needed} or newer is needed. Upgrade the instance."
        )


async def _own_token(door: Door) -> dict[str, Any]:
    try:
        token: dict[str, Any] = await door.get("/personal_access_tokens/self")
    except Gone:
        return {}
    return token


def _scope(given: str) -> str:
    return f"The access token has {given}, and api is needed. Make a token with the scope api and the role Developer."


def _refused(door: Door, fault: Denied) -> str:
    if "insufficient_scope" in str(fault):
        return _scope("another scope")
    if "redirects" in str(fault):
        return f"{door.url} redirects to another address. Set the instance's final one."
    return (
        f"{door.url} refuses the access token ({fault}): it is wrong, revoked or expired. "
        "Rotate it, or make one with the scope api and the role Developer."
    )


async def _place(door: Door, name: str, account: Account) -> Place:
    try:
        place = await hooks.find(door, name)
    except Denied as fault:
        # Only a renamed project redirects here.
        raise CannotConnect(f"{name} cannot be looked up ({fault}). Was it renamed? Name it as it is now.") from fault
    except ForgeError as fault:
        raise CannotConnect(f"{name} cannot be looked up: {fault}.") from fault
    if place is None:
        raise CannotConnect(
            f"There is no project and no group {name} that @{account.username} may see. "
            "Check the spelling (GROUP/PROJECT), and that the token was made there or in a group above."
        )
    return place


async def _role(door: Door, place: Place, account: Account) -> int:
    try:
        member = await door.get(f"/{place.kind}/{place.id}/members/all/{account.id}")
    except Gone:
        return 0
    return int(member["access_level"])


async def _listed(door: Door, place: Place, holder: Account) -> list[Hook]:
    try:
        return await hooks.listed(door, place)
    except Denied as fault:
        role = await _role(door, place, holder)
        if role >= MAY_SET_HOOKS[place.kind]:
            raise CannotConnect(_forbidden(place, holder, fault)) from fault
        raise CannotConnect(
            f"@{holder.username} has the role {named(role)} in {place}, and hooks are set with "
            f"{named(MAY_SET_HOOKS[place.kind])}. "
            "Give --token-file FILE with the access token of somebody who has it (it is used for the hook only), or "
            "make the hook by hand, as the README says."
        ) from fault
    except Gone as fault:
        raise CannotConnect(_forbidden(place, holder, fault)) from fault


def _forbidden(place: Place, holder: Account, fault: ForgeError) -> str:
    """Say why hooks cannot be had though the role is right."""
    if place.kind == "groups":
        return (
            f"{capitalized(str(place))} cannot have hooks ({fault}): GitLab Free has none for groups. "
            "Connect its projects one by one."
        )
    return f"@{holder.username} may not see the hooks of {place} ({fault}). Give --token-file FILE of a maintainer."


async def _set(door: Door, place: Place, standing: list[Hook], wanted: Wanted) -> tuple[Hook, str]:
    """Make our hook, or put the standing one right."""
    try:
        if not standing:
            hook = await hooks.create(door, place, wanted)
            return hook, f"Hook {hook['id']}: made, for merge requests and comments, to {wanted.url}."
        wrong = hooks.differences(standing[0], wanted)
        hook = await hooks.update(door, place, standing[0], wanted)
    except (Rejected, Denied) as fault:
        raise CannotConnect(
            f"GitLab does not take the hook ({fault}). If it calls the address blocked, an administrator allows it "
            "under Admin → Settings → Network → Outbound requests."
        ) from fault
    what = f"put right: {', '.join(wrong)}" if wrong else "stands as it should"
    return hook, f"Hook {hook['id']}: {what}; its secrets are set anew."


def _remarks(hook: Hook, more: list[Hook], wanted: Wanted) -> list[str]:
    """Say what a person should know of the hook.

    Raises:
        CannotConnect: It would prove nothing.
    """
    lines = [f"Hook {each['id']} calls this server as well; delete it." for each in more]
    if wanted.signing_token and not hook.get("signing_token_present"):
        if not wanted.secret:
            raise CannotConnect(
                "This GitLab does not sign its calls, so they prove nothing. "
                "Set a webhook secret (…_WEBHOOK_SECRET) and run this again."
            )
        lines.append("This GitLab does not sign its calls; the webhook secret proves them.")
    return lines


async def _tried(door: Door, place: Place, hook: Hook) -> AsyncIterator[str]:
    """Try the hook and say what arrived."""
    try:
        tried = await hooks.try_out(door, place, hook)
    except Gone:
        yield "Not tried: this GitLab has no test by API. Press Test on the hook's page."
        return
    except Unavailable as fault:
        raise CannotConnect(f"The hook is set but could not be tried ({fault}). Run this again in a minute.") from fault
    except ForgeError as fault:
        raise CannotConnect(f"The hook is set but could not be tried: {fault}.") from fault
    if not tried.event:
        yield f"Not tried: {place} has neither a merge request nor a commit. The first merge request will show."
        return
    if tried.complaint or not tried.by_us:
        raise CannotConnect(_why(hook, tried))
    answered = f" ({tried.status})" if tried.status else ""
    yield f"Test: GitLab sent a {tried.event} event, and this server took it{answered}."
    still = hooks.trouble(await hooks.again(door, place, hook))
    yield f"The hook does not work yet: {still}." if still else f"Connected: merge requests of {place} are reviewed."


def _why(hook: Hook, tried: Tried) -> str:
    """Say why a test failed, and the remedy."""
    url = hook["url"]
    if tried.status == "401":
        return (
            f"GitLab reached {url}, which answered 401: the server that runs there has another webhook secret or does "
            "not know this instance. Start it with the settings of this command."
        )
    if tried.status.isdecimal() and not tried.complaint:
        return f"Something answered {tried.status} at {url} that is not Hullcheck. Check --url and your reverse proxy."
    if tried.status.isdecimal():
        return f"GitLab reached {url}, which answered {tried.status}. Check --url, your proxy and the server's log."
    words = f" ({tried.complaint})" if tried.complaint else ""
    return f"GitLab does not reach {url}{words}. Is the server running, and open to GitLab through firewall and proxy?"


def _until(account: Account) -> str:
    return f", until {account.expires}" if account.expires else ""
