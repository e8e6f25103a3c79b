"""A merge request and everything that happens to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.forge.gitlab import diffs, positions, suggestions, talk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.gitlab.model import Discussion, DraftNote, Note, Suggestion, User, Version
    from tests.forge.gitlab.project import Project
    from tests.forge.gitlab.webhooks import Delivery
    from tests.forge.repository import Content, FileDiff

DRAFT = "Draft: "


class Source(NamedTuple):
    """Where a change comes from when it is opened; a fork may be deleted later, and a branch pushed to."""

    project: Project
    branch: str
    commit: str


class MergeRequest:
    """A merge request.

    Attributes:
        iid: Its number in the project, which people write as `!12`.
        head: The newest commit; it stays when the branch is deleted.
        versions: All versions of its diff, oldest first.
        source: The project that it comes from; `None` once that fork is deleted.
        discussions: Threads and single notes in their order, GitLab's own notes included.
        drafts: What people and bots have not published yet.
        approved_by: Who approved it.
    """

    def __init__(
        self,
        project: Project,
        iid: int,
        author: User,
        title: str,
        description: str,
        target_branch: str,
        source: Source,
    ) -> None:
        self.project = project
        self.id = project.forge.new_id()
        self.iid = iid
        self.author = author
        self.title = title
        self.description = description
        self.target_branch = target_branch
        self.source: Project | None = source.project
        self.source_branch = source.branch
        self.head = source.commit
        self.state = "opened"
        self.created = self.updated = project.forge.clock.now()
        self.labels: list[str] = []
        self.versions: list[Version] = []
        self.discussions: list[Discussion] = []
        self.drafts: list[DraftNote] = []
        self.approved_by: list[User] = []
        self.merge_commit: str | None = None
        self._renew()

    @property
    def web_url(self) -> str:
        """Its page."""
        return f"{self.project.web_url}/-/merge_requests/{self.iid}"

    @property
    def draft(self) -> bool:
        """Whether its title says that it is a draft."""
        return self.title.lower().startswith(("draft:", "[draft]", "(draft)"))

    @property
    def prepared(self) -> bool:
        """Whether GitLab has made its diff: in the first seconds there is none, and `diff_refs` is null."""
        return (self.project.forge.clock.now() - self.created).total_seconds() >= self.project.forge.preparation

    @property
    def version(self) -> Version:
        """The newest version."""
        return self.versions[-1]

    @property
    def target_tip(self) -> str:
        """The target branch's tip."""
        return self.project.tip(self.target_branch) or self.version.start

    @property
    def merge_base(self) -> str:
        """Where the change began."""
        return self.project.git.merge_base(self.target_tip, self.head)

    @property
    def notes(self) -> list[Note]:
        """All notes in the order in which they were made."""
        return sorted((note for each in self.discussions for note in each.notes), key=lambda note: note.id)

    @property
    def threads(self) -> list[Discussion]:
        """The discussions that can be resolved."""
        return [each for each in self.discussions if each.resolvable]

    def discussion(self, number: str) -> Discussion | None:
        """Look a thread up by its id."""
        return next((each for each in self.discussions if each.id == number), None)

    def note(self, number: int) -> Note | None:
        """Look a note up by its number."""
        return next((each for each in self.notes if each.id == number), None)

    def diff(self, version: Version | None = None) -> list[FileDiff]:
        """Return `git diff -M` of a version, the newest by default."""
        version = version or self.version
        return self.project.git.diff(version.base, version.head)

    def read(self, path: str, commit: str | None = None) -> bytes | None:
        """Return a file at the head, or at another commit; `None` when there is none."""
        entry = self.project.git.entry(commit or self.head, path)
        return None if entry is None or entry.kind != "blob" else self.project.git.blob(entry.oid)

    # What its author does

    def push(self, files: Mapping[str, Content], *, message: str = "Change more", author: str = "") -> str:
        """Push one more commit and return it."""
        return self._from().push(self.source_branch, files, message=message, author=author or self.author.username)

    def force_push(self, files: Mapping[str, Content], *, message: str = "Start over") -> str:
        """Replace all commits by one on the same merge base and return it."""
        source = self._from()
        ref = source.ref(self.source_branch)
        commit = source.git.commit(ref, files, parent=self.merge_base, message=message, author=self.author.username)
        source.moved(self.source_branch, commit, self.author.username)
        return commit

    def reset(self, commit: str) -> None:
        """Force push an earlier commit."""
        self._from().git.point(self._from().ref(self.source_branch), commit)
        self._from().moved(self.source_branch, commit, self.author.username)

    def rebase(self) -> str:
        """Replay its commits on the target branch's tip, force push them and return the new head."""
        source = self._from()
        after = source.git.rebase(source.ref(self.source_branch), self.merge_base, self.target_tip)
        source.moved(self.source_branch, after, self.author.username)
        return after

    def retarget(self, branch: str) -> None:
        """Point it at another target branch, which makes a new version."""
        old, self.target_branch = self.target_branch, branch
        self._renew()
        self._changed({"target_branch": (old, branch)})

    def edit_title(self, title: str) -> None:
        """Give it another title."""
        was, old, self.title = self.draft, self.title, title
        changes: dict[str, tuple[object, object]] = {"title": (old, title)}
        if was != self.draft:
            changes["draft"] = (was, self.draft)
            talk.system_note(
                self, self.author, f"marked this merge request as **{'draft' if self.draft else 'ready'}**"
            )
        self._changed(changes)

    def mark_ready(self) -> None:
        """End its being a draft."""
        self.edit_title(self.title.removeprefix(DRAFT))

    def convert_to_draft(self) -> None:
        """Make it a draft."""
        self.edit_title(DRAFT + self.title)

    def label(self, *labels: str) -> None:
        """Give it labels; the hook says `update`, as it does for a push."""
        old, self.labels = self.labels, [*self.labels, *labels]
        self._changed({"labels": (old, self.labels)})

    def close(self) -> None:
        """Close it unmerged."""
        self._turn("closed", "close")

    def reopen(self) -> None:
        """Open it again."""
        self._turn("opened", "reopen")

    def merge(self) -> str:
        """Merge it and return the merge commit."""
        self.merge_commit = self.project.git.merge(
            self.project.ref(self.target_branch), self.head, f"Merge branch '{self.source_branch}'"
        )
        self._turn("merged", "merge")
        return self.merge_commit

    def delete_branch(self) -> None:
        """Delete its source branch; its head stays readable by id."""
        source = self._from()
        source.git.delete(source.ref(self.source_branch))

    def delete_fork(self) -> None:
        """Delete the fork that it comes from: `source_project_id` is null from then on."""
        self.delete_branch()
        self.source = None

    def apply_suggestion(self, note: Note, *, by: str = "", which: int = 0) -> str:
        """Commit one of a note's suggestions, as the button does, and return the commit; the thread is resolved."""
        found: Suggestion = note.suggestions[which]
        assert note.position is not None
        text = suggestions.applied(self, note, found)
        person = self.project.forge.user(by) if by else self.author
        commit = self.push({note.position["new_path"]: text}, message="Apply 1 suggestion", author=person.username)
        found.applied = True
        talk.resolve(self, note.discussion, person, person)
        return commit

    # What people say

    def comment(self, body: str, *, author: str = "dev", internal: bool = False) -> Note:
        """Write a single note."""
        return talk.start(self, self.project.forge.user(author), body, internal=internal)

    def comment_on(self, path: str, body: str, *, new: int | None, old: int | None = None, author: str = "dev") -> Note:
        """Start a thread on a line of the newest version."""
        place = {"position_type": "text", "old_path": path, "new_path": path, "new_line": new, "old_line": old}
        return talk.start(self, self.project.forge.user(author), body, position=place | self.version.refs)

    def reply(self, to: Note, body: str, *, author: str = "dev") -> Note:
        """Answer in a thread."""
        return talk.reply(self, self.project.forge.user(author), body, to.discussion)

    def edit_note(self, note: Note, body: str) -> None:
        """Edit a note, as its author."""
        talk.edit(self, note, body, note.author)

    def delete_note(self, note: Note) -> None:
        """Delete a note, and its thread with the last one."""
        note.discussion.notes.remove(note)
        if not note.discussion.notes:
            self.discussions.remove(note.discussion)

    def resolve(self, note: Note, *, by: str = "dev") -> None:
        """Resolve a note's thread."""
        person = self.project.forge.user(by)
        talk.resolve(self, note.discussion, person, person)

    def unresolve(self, note: Note, *, by: str = "dev") -> None:
        """Open a note's thread again."""
        talk.resolve(self, note.discussion, None, self.project.forge.user(by))

    # What follows from it

    def event(self, action: str = "open", *, oldrev: str = "") -> Delivery:
        """Make a Merge Request Hook delivery as of now, without sending it; see `GitLabDouble.deliver`."""
        return self.project.forge.hooks.unsent(self, action, oldrev=oldrev)

    def head_moved(self, after: str, sender: User) -> None:
        """Take a push in: a new version, positions follow their lines, the hook names the old head."""
        before, self.head = self.head, after
        outdated = self._renew()
        if self.project.resolve_outdated:
            for thread in outdated:
                talk.resolve(self, thread, sender, sender)
        talk.system_note(self, sender, "added 1 commit")
        self.project.forge.hooks.merge_request("update", self, sender, oldrev=before)

    def _renew(self) -> list[Discussion]:
        """Make a version of what is there now and return the threads that it outdates."""
        self.project.git.point(f"refs/merge-requests/{self.iid}/head", self.head)
        self.versions.append(diffs.version(self))
        self.updated = self.version.created
        return positions.follow(self, *self.versions[-2:]) if len(self.versions) > 1 else []

    def _changed(self, changes: Mapping[str, tuple[object, object]]) -> None:
        self.updated = self.project.forge.clock.now()
        self.project.forge.hooks.merge_request("update", self, self.author, changes=changes)

    def _turn(self, state: str, action: str) -> None:
        self.state, self.updated = state, self.project.forge.clock.now()
        self.project.forge.hooks.merge_request(action, self, self.author)

    def _from(self) -> Project:
        assert self.source is not None, "the fork is deleted"
        return self.source
