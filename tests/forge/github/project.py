"""A repository on GitHub: its branches, its people, its pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.forge.github import webhook_checks
from tests.forge.github.pulls import Head, PullRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.model import CheckRun, User
    from tests.forge.repository import Content, GitRepository

ROLES = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read", "read": "read"}


class Project:
    """A repository or a fork of one; forks share the git storage of what they were forked from.

    Attributes:
        collaborators: Role by login: admin, maintain, write, triage or read.
        former: Full names that it had; they redirect.
        truncated: Whether tree answers come back cut short.
    """

    def __init__(
        self,
        forge: GitHubDouble,
        owner: User,
        name: str,
        git: GitRepository,
        *,
        private: bool,
        default_branch: str,
        parent: Project | None = None,
    ) -> None:
        self.forge = forge
        self.id = forge.new_id()
        self.owner = owner
        self.name = name
        self.git = git
        self.private = private
        self.default_branch = default_branch
        self.parent = parent
        self.created = forge.clock.now()
        self.archived = False
        self.truncated = False
        self.collaborators = {owner.login: "admin"}
        self.former: list[str] = []
        self.forks: list[Project] = []
        self.pulls: dict[int, PullRequest] = {}
        self.check_runs: list[CheckRun] = []
        self.suites: dict[str, int] = {}

    @property
    def full_name(self) -> str:
        """Return `owner/name`."""
        return f"{self.owner.login}/{self.name}"

    @property
    def url(self) -> str:
        """Its address in the API."""
        return f"{self.forge.api_url}/repos/{self.full_name}"

    @property
    def web_url(self) -> str:
        """Its page."""
        return f"{self.forge.web_url}/{self.full_name}"

    def ref(self, branch: str) -> str:
        """Return the full ref name of a branch in the shared storage."""
        return f"refs/forks/{self.id}/{branch}" if self.parent else f"refs/heads/{branch}"

    def tip(self, branch: str) -> str | None:
        """Return a branch's commit, `None` when there is no such branch."""
        return self.git.tip(self.ref(branch))

    def role(self, login: str) -> str:
        """Return a person's role; everybody may read what is public."""
        return self.collaborators.get(login) or ("none" if self.private else "read")

    def permission(self, login: str) -> str:
        """Return the permission that a role amounts to: admin, write, read or none."""
        return ROLES.get(self.role(login), "none")

    def association(self, who: User) -> str:
        """Return how GitHub words somebody's tie to the repository; it is not a permission."""
        if who is self.owner:
            return "OWNER"
        if who.login in self.collaborators:
            return "COLLABORATOR"
        merged = any(pull.merged and pull.author is who for pull in self.pulls.values())
        return "CONTRIBUTOR" if merged else "NONE"

    def push(
        self, branch: str, files: Mapping[str, Content], *, message: str = "Change files", author: str = "dev"
    ) -> str:
        """Commit on a branch and return the commit; pull requests move along. New branches start at the default one."""
        before = self.tip(branch)
        parent = before or self.tip(self.default_branch)
        after = self.git.commit(self.ref(branch), files, parent=parent, message=message, author=author)
        self.moved(branch, before, after, author)
        return after

    def moved(self, branch: str, before: str | None, after: str, author: str) -> None:
        """Tell the world that a branch has another tip."""
        target = self.parent or self
        if self.parent is None:
            self.forge.hooks.push(self, branch, before, after, self.forge.user(author))
        for pull in list(target.pulls.values()):
            if pull.state == "open" and pull.head_project is self and pull.head_branch == branch:
                pull.head_moved(after, self.forge.user(author))

    def fork(self, owner: User) -> Project:
        """Return a person's fork, made when there is none."""
        for fork in self.forks:
            if fork.owner is owner:
                return fork
        fork = Project(
            self.forge,
            owner,
            self.name,
            self.git,
            private=self.private,
            default_branch=self.default_branch,
            parent=self,
        )
        self.forks.append(fork)
        return fork

    def open_pull_request(
        self,
        *,
        files: Mapping[str, Content],
        branch: str = "change",
        base: str | None = None,
        title: str = "Change files",
        body: str = "",
        author: str = "dev",
        draft: bool = False,
        fork: bool = False,
    ) -> PullRequest:
        """Commit on a new branch and open a pull request from it, as its author would."""
        base = base or self.default_branch
        tip = self.tip(base)
        assert tip is not None, f"{self.full_name} has no branch {base}"
        writer = self.forge.user(author)
        if not fork:
            self.collaborators.setdefault(author, "write")
        source = self.fork(writer) if fork else self
        assert source.tip(branch) is None, f"there is a branch {branch} already"
        head = self.git.commit(source.ref(branch), files, parent=tip, message=title, author=author)
        ours = Head(source, branch, head)
        pull = PullRequest(self, len(self.pulls) + 1, writer, title, body, base, ours, draft=draft)
        self.pulls[pull.number] = pull
        self.forge.hooks.pull_request("opened", pull, writer)
        return pull

    def rerequest(self, run: CheckRun, *, by: str = "dev") -> None:
        """Press a check run's "Re-run" button."""
        webhook_checks.check_run("rerequested", self, run, self.forge.user(by))

    def press(self, run: CheckRun, button: str, *, by: str = "dev") -> None:
        """Press one of the buttons that a check run brought along."""
        webhook_checks.check_run("requested_action", self, run, self.forge.user(by), button=button)

    def rerequest_all(self, head: str, *, by: str = "dev") -> None:
        """Press "Re-run all checks" of a commit."""
        webhook_checks.check_suite("rerequested", self, head, self.forge.user(by))

    def suite(self, head: str) -> int:
        """Return the number of the App's check suite for a commit."""
        if head not in self.suites:
            self.suites[head] = self.forge.new_id()
        return self.suites[head]

    def rename(self, name: str) -> None:
        """Give it another name; the old one redirects."""
        self.former.append(self.full_name)
        old, self.name = self.name, name
        self.forge.hooks.renamed(self, old)

    def delete_branch(self, branch: str) -> None:
        """Delete a branch; its commits stay readable by id while a pull request holds them."""
        self.git.delete(self.ref(branch))
