"""The forge double: GitLab as the bot meets it, over real HTTP and a real git repository."""

from __future__ import annotations

import itertools
import tempfile
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.forge.clock import Clock
from tests.forge.faults import Faults
from tests.forge.gitlab.limits import Limits, Meter
from tests.forge.gitlab.model import DEVELOPER, OWNER, Group, Mail, QuickAction, Token, User
from tests.forge.gitlab.project import Project
from tests.forge.gitlab.server import Server
from tests.forge.gitlab.webhooks import Delivery, Hook, Hooks
from tests.forge.log import Log
from tests.forge.repository import GitRepository

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tests.forge.repository import Content

LIFE = timedelta(days=365)
SIGNING_TOKEN = "whsec_SXQncyBhIFNlY3JldCB0byBFdmVyeWJvZHkgISEhISE="
HOOK_TOKEN = "It's a Secret to Everybody"


class Misused(AssertionError):  # noqa: N818  it says what happened
    """GitLab was asked something that it would have ignored, shown wrongly, or does not know."""


class GitLabDouble:
    """GitLab, with one bot that is a developer wherever a project is made.

    Start it with `async with GitLabDouble.start() as forge`. Leaving the block fails when a request held what GitLab
    ignores or does not know; a probe that does so on purpose empties `misuses`.

    Attributes:
        clock: Its time; `advance` it to let tokens die, limits pass and merge requests be prepared.
        faults: What is to go wrong.
        limits: GitLab's limits, which a test may lower.
        requests: Everything that was asked, with times, for counting requests and rounds.
        latency: Seconds that every answer takes, so that rounds can be told apart; 0 by default.
        preparation: Seconds in which a new merge request has no diff and its `diff_refs` are null; 0 by default.
        version: What `/version` says; before 16.4 there are no positions of type `file`, before 19.0 no signatures.
        licensed: Whether there are external status checks and group hooks, which are not free.
        bot: The bot, as a project or group access token makes one.
        token: Its token, of scope `api`.
        hook_token: What hooks send in `X-Gitlab-Token` when a delivery is made by hand.
        hooks: The hooks and their deliveries.
        quick_actions: Quick actions that somebody's text has set off.
        mails: E-mails to everybody who takes part.
        misuses: What GitLab would have ignored, shown wrongly or not known.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self.faults = Faults()
        self.limits = Limits()
        self.requests = Log()
        self.latency = 0.0
        self.preparation = 0.0
        self.version = "19.1.0"
        self.licensed = True
        self._ids = itertools.count(1001)
        self.people: dict[str, User] = {}
        self.projects: dict[int, Project] = {}
        self.groups: dict[str, Group] = {}
        self.tokens: dict[str, Token] = {}
        self.meters: dict[int, Meter] = {}
        self.quick_actions: list[QuickAction] = []
        self.mails: list[Mail] = []
        self.misuses: list[str] = []
        self.hook_token = HOOK_TOKEN
        self.bot = self.user("project_1_bot_hullcheck", bot=True)
        self.token = self.create_token(self.bot, "hullcheck").value
        self.hooks = Hooks(self)
        self.server = Server(self)
        self._webhook_url = ""
        self._default_hooks: list[Hook] = []

    @classmethod
    @asynccontextmanager
    async def start(cls, *, clock: Clock | None = None, port: int = 0) -> AsyncIterator[GitLabDouble]:
        """Run it on 127.0.0.1, on a free port unless one is given.

        Raises:
            Misused: On leaving, when GitLab was asked something that it ignores or does not know.
        """
        with tempfile.TemporaryDirectory(prefix="forge-", ignore_cleanup_errors=True) as folder:
            forge = cls(Path(folder), clock or Clock())
            await forge.server.listen(port)
            try:
                yield forge
                await forge.hooks.under_way.settled()
            finally:
                await forge.hooks.under_way.stop()
                await forge.server.stop()
            if forge.misuses:
                raise Misused("\n".join(forge.misuses))

    @property
    def web_url(self) -> str:
        """The instance's address, which python-gitlab wants and hooks name as `X-Gitlab-Instance`."""
        return self.server.origin

    @property
    def api_url(self) -> str:
        """The root of the REST API, without a slash at the end."""
        return f"{self.server.origin}/api/v4"

    @property
    def deliveries(self) -> list[Delivery]:
        """All webhook deliveries made so far, oldest first."""
        return self.hooks.deliveries

    @property
    def webhook_url(self) -> str:
        """Where the hooks go that every project has; setting it configures them, with `hook_token`."""
        return self._webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str) -> None:
        self._webhook_url = url
        for hook in self._default_hooks:
            self.hooks.all.remove(hook)
        self._default_hooks.clear()
        for project in self.projects.values():
            self._configure(project)

    def _configure(self, project: Project) -> None:
        if self._webhook_url and project.parent is None:
            events = {"merge_requests_events": True, "note_events": True}
            self._default_hooks.append(project.add_hook(self._webhook_url, token=self.hook_token, **events))

    async def deliver(self, delivery: Delivery, to: str = "") -> int:
        """Send a delivery and return the status answered; sent twice, it has the same key both times."""
        return await self.hooks.deliver(delivery, to)

    async def redeliver(self, delivery: Delivery, to: str = "") -> int:
        """Retry a delivery, stamped anew and with the same key, and return the status answered."""
        return await self.hooks.deliver(self.hooks.again(delivery), to)

    async def settled(self) -> None:
        """Wait until all deliveries sent by themselves are answered."""
        await self.hooks.under_way.settled()

    def create_project(
        self,
        path: str,
        files: Mapping[str, Content] | None = None,
        *,
        visibility: str = "private",
        default_branch: str = "main",
        bot_level: int = DEVELOPER,
    ) -> Project:
        """Make a project with a first commit, and the bot a member of it (`bot_level` 0: not one)."""
        git = GitRepository(self.folder / f"{path.replace('/', '-')}-{self.new_id()}.git", self.clock)
        project = Project(self, path, git, visibility=visibility, default_branch=default_branch)
        self.projects[project.id] = project
        first = files or {"README.md": f"# {project.name}\n"}
        git.commit(project.ref(default_branch), first, message="Begin", author="dev")
        project.members["owner"] = OWNER
        self.user("owner")
        if bot_level:
            project.members[self.bot.username] = bot_level
        self._configure(project)
        return project

    def add_group_hook(self, group: str, url: str, **settings: object) -> Hook:
        """Configure a hook on a group and everything below it."""
        return self.hooks.add(url, group=group, **settings)

    def add_system_hook(self, url: str, **settings: object) -> Hook:
        """Configure a hook on the instance: it hears of merge requests, not of notes."""
        return self.hooks.add(url, **({"merge_requests_events": True} | settings))

    def group(self, path: str) -> Group:
        """Return a group by its full path, made when there is none."""
        return self.groups.get(path) or self.groups.setdefault(path, Group(self.new_id(), path))

    def group_level(self, path: str, user: User) -> int:
        """Return somebody's access level in a group, by it or by one above it; 0 for none."""
        parts = path.split("/")
        above = ("/".join(parts[:end]) for end in range(len(parts), 0, -1))
        return max(self.groups[each].members.get(user.username, 0) if each in self.groups else 0 for each in above)

    def find(self, path: str) -> Project | None:
        """Look a project up by path, whatever the case."""
        return next((each for each in self.projects.values() if each.path.lower() == path.lower()), None)

    def find_former(self, path: str) -> Project | None:
        """Look a project up by a path that it once had."""
        return next((each for each in self.projects.values() if path in each.former and each.path != path), None)

    def user(self, username: str, *, bot: bool = False) -> User:
        """Return somebody by username, who from now on exists."""
        if username not in self.people:
            self.people[username] = User(self.new_id(), username, bot)
        return self.people[username]

    def create_token(self, user: User, name: str, scopes: tuple[str, ...] = ("api",)) -> Token:
        """Make an access token, which lives for a year."""
        number = self.new_id()
        token = Token(
            number, f"glpat-{number:020d}", name, user, scopes, self.clock.now(), expires=self.clock.now() + LIFE
        )
        self.tokens[token.value] = token
        return token

    def rotate(self, value: str) -> str:
        """Replace a token by a new one of the same user, whose value is returned; the old one dies."""
        old = self.tokens[value]
        old.revoked = True
        return self.create_token(old.user, old.name, old.scopes).value

    def delete_project(self, project: Project) -> None:
        """Delete a project with everything in it."""
        del self.projects[project.id]

    def older_than(self, *version: int) -> bool:
        """Say whether this GitLab came before a version."""
        return tuple(map(int, self.version.split(".")[:2])) < version

    def new_id(self) -> int:
        """Return a number never used before."""
        return next(self._ids)

    def meter(self, user: User) -> Meter:
        """Return the count of somebody's requests."""
        return self.meters.setdefault(user.id, Meter(self.limits))

    def note(self, what: str, faults: list[str]) -> None:
        """Note what GitLab would have ignored, shown wrongly or not known."""
        if faults:
            self.misuses.append(f"{what}: {'; '.join(faults)}")
