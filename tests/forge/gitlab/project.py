"""A project on GitLab: its branches, its members, its merge requests, its hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.forge.gitlab.merge_request import DRAFT, MergeRequest, Source
from tests.forge.gitlab.model import DEVELOPER, OWNER, REPORTER, StatusCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.gitlab.double import GitLabDouble
    from tests.forge.gitlab.model import CommitStatus, User
    from tests.forge.gitlab.webhooks import Hook
    from tests.forge.repository import Content, GitRepository


class Project:
    """A project or a fork of one; forks share the git storage of what they were forked from.

    Attributes:
        path: Full path with all groups, such as `group/sub/shop`.
        members: Access level by username: 10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner.
        former: Full paths that it had; they redirect.
        resolve_outdated: Whether a push resolves the threads that it outdates, in the name of who pushed.
        statuses: Commit statuses, with the pipelines made for them.
        pipelines: Pipeline by commit and ref; a status without one makes one.
        status_checks: External status checks.
    """

    def __init__(
        self,
        forge: GitLabDouble,
        path: str,
        git: GitRepository,
        *,
        visibility: str,
        default_branch: str,
        parent: Project | None = None,
    ) -> None:
        self.forge = forge
        self.id = forge.new_id()
        self.path = path
        self.git = git
        self.visibility = visibility
        self.default_branch = default_branch
        self.parent = parent
        self.created = forge.clock.now()
        self.archived = False
        self.resolve_outdated = False
        self.members: dict[str, int] = {}
        self.former: list[str] = []
        self.forks: list[Project] = []
        self.merge_requests: dict[int, MergeRequest] = {}
        self.statuses: list[CommitStatus] = []
        self.pipelines: dict[tuple[str, str], int] = {}
        self.status_checks: dict[int, StatusCheck] = {}

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def namespace(self) -> str:
        """The groups of its path."""
        return self.path.rpartition("/")[0]

    @property
    def groups(self) -> list[str]:
        """All groups that it is in, innermost first."""
        parts = self.namespace.split("/")
        return ["/".join(parts[:end]) for end in range(len(parts), 0, -1)]

    @property
    def web_url(self) -> str:
        """Its page."""
        return f"{self.forge.web_url}/{self.path}"

    @property
    def hooks(self) -> list[Hook]:
        """Its own hooks, without those of its groups."""
        return [hook for hook in self.forge.hooks.all if hook.project_id == self.id]

    def ref(self, branch: str) -> str:
        """Return the full ref name of a branch in the shared storage."""
        return f"refs/forks/{self.id}/{branch}" if self.parent else f"refs/heads/{branch}"

    def tip(self, branch: str) -> str | None:
        """Return a branch's commit, `None` when there is no such branch."""
        return self.git.tip(self.ref(branch))

    def branches(self, commit: str) -> list[str]:
        """Return the branches that contain a commit."""
        prefix = self.ref("")
        names = self.git.run("for-each-ref", "--format=%(refname)", f"--contains={commit}", prefix).decode().split()
        return [name.removeprefix(prefix) for name in names]

    def level(self, user: User) -> int:
        """Return somebody's access level, by this project or a group; 0 for none."""
        return max(self.members.get(user.username, 0), self.forge.group_level(self.namespace, user))

    def reach(self, user: User) -> int:
        """Return the level at which somebody is served: everybody may read and comment in public."""
        open_to_all = self.visibility in {"public", "internal"}
        return max(self.level(user), REPORTER if open_to_all else 0)

    def push(
        self, branch: str, files: Mapping[str, Content], *, message: str = "Change files", author: str = "dev"
    ) -> str:
        """Commit on a branch, new ones begin at the default one, and return the commit; merge requests move along."""
        parent = self.tip(branch) or self.tip(self.default_branch)
        after = self.git.commit(self.ref(branch), files, parent=parent, message=message, author=author)
        self.moved(branch, after, author)
        return after

    def moved(self, branch: str, after: str, author: str) -> None:
        """Tell the merge requests of a branch that it has another tip."""
        for each in list((self.parent or self).merge_requests.values()):
            if each.state == "opened" and each.source is self and each.source_branch == branch:
                each.head_moved(after, self.forge.user(author))

    def fork(self, owner: str) -> Project:
        """Return a person's fork, made when there is none; only they are a member of it."""
        path = f"{owner}/{self.name}"
        for fork in self.forks:
            if fork.path == path:
                return fork
        fork = Project(
            self.forge,
            path,
            self.git,
            visibility=self.visibility,
            default_branch=self.default_branch,
            parent=self,
        )
        fork.members[owner] = OWNER
        self.forks.append(fork)
        self.forge.projects[fork.id] = fork
        return fork

    def open_merge_request(
        self,
        *,
        files: Mapping[str, Content],
        branch: str = "change",
        target: str | None = None,
        title: str = "Change files",
        description: str = "",
        author: str = "dev",
        draft: bool = False,
        fork: bool = False,
    ) -> MergeRequest:
        """Commit on a new branch and open a merge request from it, as its author would."""
        target = target or self.default_branch
        tip = self.tip(target)
        assert tip is not None, f"{self.path} has no branch {target}"
        writer = self.forge.user(author)
        if not fork:
            self.members.setdefault(author, DEVELOPER)
        source = self.fork(author) if fork else self
        assert source.tip(branch) is None, f"there is a branch {branch} already"
        head = self.git.commit(source.ref(branch), files, parent=tip, message=title, author=author)
        titled = DRAFT + title if draft else title
        made = MergeRequest(
            self, len(self.merge_requests) + 1, writer, titled, description, target, Source(source, branch, head)
        )
        self.merge_requests[made.iid] = made
        self.forge.hooks.merge_request("open", made, writer)
        return made

    def add_hook(self, url: str, **settings: Any) -> Hook:
        """Configure a hook by hand: `token`, `signing_token`, `merge_requests_events`, `note_events` …"""
        return self.forge.hooks.add(url, project_id=self.id, **settings)

    def add_status_check(self, name: str, url: str = "") -> StatusCheck:
        """Ask for an external status check on every merge request."""
        made = StatusCheck(self.forge.new_id(), name, url)
        self.status_checks[made.id] = made
        return made

    def rename(self, path: str) -> None:
        """Give it another full path; the old one redirects."""
        self.former.append(self.path)
        self.path = path
