"""The forge double: GitHub as the bot meets it, over real HTTP and a real git repository."""

from __future__ import annotations

import itertools
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.forge.clock import Clock
from tests.forge.faults import Faults
from tests.forge.github.events import Hooks
from tests.forge.github.limits import Limits, Meter
from tests.forge.github.model import App, Installation, Token, User
from tests.forge.github.project import Project
from tests.forge.github.server import Server
from tests.forge.github.webhooks import Delivery, Outbox
from tests.forge.log import Log
from tests.forge.openapi import description
from tests.forge.repository import GitRepository

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tests.forge.repository import Content

PERMISSIONS = {
    "metadata": "read",
    "contents": "read",
    "pull_requests": "write",
    "checks": "write",
    "issues": "read",
}
EVENTS = (
    "issue_comment pull_request pull_request_review pull_request_review_comment pull_request_review_thread repository"
).split()


GRAPHQL = {"": "/graphql", "/api/v3": "/api/graphql"}
"""Where GraphQL is, by the root of the REST API."""


class ContractBroken(AssertionError):  # noqa: N818  it says what happened
    """A request, an answer or a webhook was not as GitHub's description says."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One exchange or webhook that does not fit GitHub's description."""

    what: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.what}: {'; '.join(self.faults)}"


class GitHubDouble:
    """GitHub, with one App that is installed wherever a repository is made.

    Start it with `async with GitHubDouble.start() as forge`. Leaving the block fails when anything that went through it
    broke GitHub's description; a probe that does so on purpose empties `violations`.

    Attributes:
        clock: Its time; `advance` it to let tokens die and limits pass.
        faults: What is to go wrong.
        limits: GitHub's limits, which a test may lower.
        requests: Everything that was asked, with times, for counting requests and rounds.
        latency: Seconds that every answer takes, so that rounds can be told apart; 0 by default.
        violations: What broke the description so far.
        app: The App with its id, private key and webhook secret.
        hooks: Words webhooks, for events that no method here brings about.
        outbox: Sends them; `deliveries` and `webhook_url` are shortcuts to it.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self.faults = Faults()
        self.limits = Limits()
        self.requests = Log()
        self.latency = 0.0
        self.violations: list[Violation] = []
        self.description = description()
        self._ids = itertools.count(1001)
        self.people: dict[str, User] = {}
        self.projects: dict[int, Project] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.meters: dict[int, Meter] = {}
        self.app = self._make_app()
        self.outbox = Outbox(self)
        self.hooks = Hooks(self, self.outbox)
        self.server = Server(self)

    @classmethod
    @asynccontextmanager
    async def start(
        cls, *, clock: Clock | None = None, port: int = 0, enterprise: bool = False
    ) -> AsyncIterator[GitHubDouble]:
        """Run it on 127.0.0.1, on a free port unless one is given; an Enterprise Server has its API under `/api/v3`.

        Raises:
            ContractBroken: On leaving, when an exchange or a webhook broke GitHub's description.
        """
        with tempfile.TemporaryDirectory(prefix="forge-", ignore_cleanup_errors=True) as folder:
            forge = cls(Path(folder), clock or Clock())
            await forge.server.start(port, "/api/v3" if enterprise else "")
            try:
                yield forge
                await forge.outbox.under_way.settled()
            finally:
                await forge.outbox.under_way.stop()
                await forge.server.stop()
            if forge.violations:
                raise ContractBroken("\n".join(map(str, forge.violations)))

    @property
    def api_url(self) -> str:
        """The root of the REST API, without a slash at the end."""
        return self.server.origin + self.server.root

    @property
    def graphql_url(self) -> str:
        """The address of the GraphQL API."""
        return f"{self.server.origin}{GRAPHQL[self.server.root]}"

    @property
    def web_url(self) -> str:
        """The root of the pages that people look at; the double has none there."""
        return self.server.origin

    @property
    def deliveries(self) -> list[Delivery]:
        """All webhook deliveries made so far, oldest first."""
        return self.outbox.deliveries

    @property
    def webhook_url(self) -> str:
        """Where deliveries are sent by themselves; empty sends none."""
        return self.outbox.url

    @webhook_url.setter
    def webhook_url(self, url: str) -> None:
        self.outbox.url = url

    async def deliver(self, delivery: Delivery, to: str = "") -> int:
        """Send a delivery and return the status answered; sent twice, it has the same GUID both times."""
        return await self.outbox.deliver(delivery, to)

    async def settled(self) -> None:
        """Wait until all deliveries sent by themselves are answered."""
        await self.outbox.under_way.settled()

    def create_repository(
        self,
        full_name: str,
        files: Mapping[str, Content] | None = None,
        *,
        private: bool = True,
        default_branch: str = "main",
        installed: bool = True,
    ) -> Project:
        """Make a repository with a first commit, and install the App on it."""
        login, _, name = full_name.partition("/")
        owner = self.user(login, "Organization")
        git = GitRepository(self.folder / f"{login}-{name}-{self.new_id()}.git", self.clock)
        project = Project(self, owner, name, git, private=private, default_branch=default_branch)
        self.projects[project.id] = project
        git.commit(project.ref(default_branch), files or {"README.md": f"# {name}\n"}, message="Begin", author="dev")
        if installed:
            self.install(project)
        return project

    def install(self, project: Project) -> Installation:
        """Install the App on a repository: an account has one installation, which covers what it was installed on."""
        grant = next((each for each in self.installations.values() if each.account is project.owner), None)
        if grant is None:
            grant = Installation(
                self.new_id(), project.owner, dict(self.app.permissions), self.clock.now(), repositories=set()
            )
            self.installations[grant.id] = grant
            grant.repositories = {project.id}
            self.hooks.installation("created", grant, project.owner)
        elif grant.repositories is not None and project.id not in grant.repositories:
            grant.repositories.add(project.id)
            self.hooks.installation_repositories("added", grant, project)
        return grant

    def uninstall(self, project: Project) -> None:
        """Take a repository out of its installation."""
        grant = self.grant(project)
        assert grant is not None
        assert grant.repositories is not None
        grant.repositories.discard(project.id)
        self.hooks.installation_repositories("removed", grant, project)

    def suspend(self, grant: Installation) -> None:
        """Suspend an installation: nothing works and nothing is delivered until it is unsuspended."""
        self.hooks.installation("suspend", grant, grant.account)
        grant.suspended = (self.clock.now(), grant.account)

    def unsuspend(self, grant: Installation) -> None:
        """End a suspension."""
        grant.suspended = None
        self.hooks.installation("unsuspend", grant, grant.account)

    def delete_installation(self, grant: Installation) -> None:
        """Uninstall the App from an account; its tokens die."""
        self.hooks.installation("deleted", grant, grant.account)
        grant.deleted = True

    def grant(self, project: Project) -> Installation | None:
        """Return the installation that covers a repository."""
        for each in self.installations.values():
            if each.account is project.owner and not each.deleted:
                return each if each.repositories is None or project.id in each.repositories else None
        return None

    def covered(self, grant: Installation) -> list[Project]:
        """Return the repositories that an installation covers."""
        return [project for project in self.projects.values() if self.grant(project) is grant]

    def find(self, full_name: str) -> Project | None:
        """Look a repository up by name, whatever the case; forks too."""
        wanted = full_name.lower()
        every = [fork for project in self.projects.values() for fork in (project, *project.forks)]
        return next((project for project in every if project.full_name.lower() == wanted), None)

    def find_former(self, full_name: str) -> Project | None:
        """Look a repository up by a name that it once had."""
        found = (p for p in self.projects.values() if full_name in p.former and p.full_name != full_name)
        return next(found, None)

    def user(self, login: str, kind: str = "User") -> User:
        """Return a person by login, who from now on exists."""
        if login not in self.people:
            bot = login.endswith("[bot]")
            self.people[login] = User(self.new_id(), login, "Bot" if bot else kind)  # type: ignore[arg-type]  # a literal
        return self.people[login]

    def new_id(self) -> int:
        """Return a number never used before."""
        return next(self._ids)

    def meter(self, grant: Installation) -> Meter:
        """Return the count of an installation's requests."""
        return self.meters.setdefault(grant.id, Meter(self.limits))

    def expire_tokens(self) -> None:
        """Revoke all installation tokens at once, without moving the clock."""
        self.tokens.clear()

    def judge_webhook(self, delivery: Delivery) -> None:
        """Note where a webhook breaks the description."""
        self.note(f"webhook {delivery.event}", self.description.webhook_faults(delivery.event, delivery.payload))

    def note(self, what: str, faults: list[str]) -> None:
        """Note what broke the description."""
        if faults:
            self.violations.append(Violation(what, tuple(faults)))

    def _make_app(self) -> App:
        private, public = key_pair()
        return App(
            id=12345,
            slug="hullcheck",
            name="Hullcheck",
            owner=self.user("acme", "Organization"),
            bot=self.user("hullcheck[bot]"),
            private_key=private,
            public_key=public,
            webhook_secret="It's a Secret to Everybody",
            permissions=dict(PERMISSIONS),
            events=list(EVENTS),
            created=self.clock.now(),
        )


@cache
def key_pair() -> tuple[str, str]:
    """Make one key pair for the process, private and public, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
