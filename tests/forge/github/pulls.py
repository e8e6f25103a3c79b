"""A pull request and everything that happens to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.forge.github import outdate
from tests.forge.github.model import IssueComment, Review, ReviewComment, Thread
from tests.forge.github.suggestions import with_suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.forge.github.model import Reaction, User
    from tests.forge.github.project import Project
    from tests.forge.github.webhooks import Delivery
    from tests.forge.repository import Commit, Content, FileDiff


class Head(NamedTuple):
    """Where a change comes from when it is opened; a fork may be deleted later, and a branch pushed to."""

    project: Project
    branch: str
    commit: str


class PullRequest:
    """A pull request.

    Attributes:
        head: The newest commit; it stays when the branch is deleted.
        heads: All heads it ever had, oldest first.
        reviews: All reviews, pending ones and those behind single comments included.
    """

    def __init__(
        self,
        project: Project,
        number: int,
        author: User,
        title: str,
        body: str,
        base_branch: str,
        head: Head,
        *,
        draft: bool,
    ) -> None:
        forge = project.forge
        self.id = forge.new_id()
        self.project, self.number, self.author = project, number, author
        self.title, self.body, self.base_branch = title, body, base_branch
        self.head_project: Project | None = head.project
        self.head_owner = head.project.owner
        self.head_branch = head.branch
        self.head = head.commit
        self.heads = [head.commit]
        self._base_seen = head.commit
        self.draft, self.state, self.merged = draft, "open", False
        self.created = self.updated = forge.clock.now()
        self.closed: datetime | None = None
        self.reviews: list[Review] = []
        self.threads: list[Thread] = []
        self.issue_comments: list[IssueComment] = []
        self.reactions: list[Reaction] = []
        self._pin()

    @property
    def url(self) -> str:
        """Its address in the API."""
        return f"{self.project.url}/pulls/{self.number}"

    @property
    def web_url(self) -> str:
        """Its page."""
        return f"{self.project.web_url}/pull/{self.number}"

    @property
    def base_tip(self) -> str:
        """The base branch's tip, which is what `base.sha` says; it is not where the change began."""
        self._base_seen = self.project.tip(self.base_branch) or self._base_seen
        return self._base_seen

    @property
    def merge_base(self) -> str:
        """Where the change began."""
        return self.project.git.merge_base(self.base_tip, self.head)

    @property
    def comments(self) -> list[ReviewComment]:
        """All review comments in the order in which they were made, those of pending reviews included."""
        return sorted((each for thread in self.threads for each in thread.comments), key=lambda each: each.id)

    def visible_comments(self) -> list[ReviewComment]:
        """Return the review comments that are not part of a pending review."""
        return [each for each in self.comments if each.review.state != "PENDING"]

    def diff(self, head: str | None = None) -> list[FileDiff]:
        """Return `git diff -M base...head`."""
        head = head or self.head
        return self.project.git.diff(self.project.git.merge_base(self.base_tip, head), head)

    def commits(self) -> list[Commit]:
        """Return its commits, oldest first."""
        return self.project.git.commits(self.base_tip, self.head)

    def read(self, path: str, commit: str | None = None) -> bytes | None:
        """Return a file at the head, or at another commit; `None` when there is none."""
        entry = self.project.git.entry(commit or self.head, path)
        return None if entry is None or entry.kind != "blob" else self.project.git.blob(entry.oid)

    # What its author does

    def push(self, files: Mapping[str, Content], *, message: str = "Change more", author: str = "") -> str:
        """Push one more commit and return it."""
        return self._source().push(self.head_branch, files, message=message, author=author or self.author.login)

    def force_push(self, files: Mapping[str, Content], *, message: str = "Start over") -> str:
        """Replace all commits by one on the same merge base and return it."""
        source = self._source()
        ref = source.ref(self.head_branch)
        commit = source.git.commit(ref, files, parent=self.merge_base, message=message, author=self.author.login)
        source.moved(self.head_branch, self.head, commit, self.author.login)
        return commit

    def rebase(self) -> str:
        """Replay its commits on the base branch's tip, force push them and return the new head."""
        source = self._source()
        before = self.head
        after = source.git.rebase(source.ref(self.head_branch), self.merge_base, self.base_tip)
        source.moved(self.head_branch, before, after, self.author.login)
        return after

    def merge_base_branch(self) -> str:
        """Merge the base branch into it, push and return the new head."""
        source = self._source()
        after = source.git.merge(source.ref(self.head_branch), self.base_tip, f"Merge {self.base_branch}")
        source.moved(self.head_branch, self.head, after, self.author.login)
        return after

    def retarget(self, base: str) -> None:
        """Point it at another base branch."""
        old, old_tip = self.base_branch, self.base_tip
        self.base_branch = base
        outdate.follow(self)
        self.project.forge.hooks.pull_request(
            "edited", self, self.author, changes={"base": {"ref": {"from": old}, "sha": {"from": old_tip}}}
        )

    def edit_title(self, title: str) -> None:
        """Give it another title."""
        old, self.title = self.title, title
        self.project.forge.hooks.pull_request("edited", self, self.author, changes={"title": {"from": old}})

    def mark_ready(self) -> None:
        """End its being a draft."""
        self.draft = False
        self.project.forge.hooks.pull_request("ready_for_review", self, self.author)

    def convert_to_draft(self) -> None:
        """Make it a draft."""
        self.draft = True
        self.project.forge.hooks.pull_request("converted_to_draft", self, self.author)

    def close(self) -> None:
        """Close it unmerged."""
        self._close(merged=False)

    def merge(self) -> str:
        """Merge it and return the merge commit."""
        done = self.project.git.merge(self.project.ref(self.base_branch), self.head, f"Merge #{self.number}")
        self._close(merged=True)
        return done

    def reopen(self) -> None:
        """Open it again."""
        self.state, self.closed = "open", None
        self.project.forge.hooks.pull_request("reopened", self, self.author)

    def delete_branch(self) -> None:
        """Delete its head branch; its head stays readable by id."""
        self._source().delete_branch(self.head_branch)

    def delete_fork(self) -> None:
        """Delete the fork that it comes from: `head.repo` is null from then on, its head stays readable by id."""
        self.delete_branch()
        self.head_project = None

    def apply_suggestion(self, comment: ReviewComment) -> str:
        """Commit a comment's suggestion, as the button does, and return the commit."""
        assert comment.line is not None, "GitHub shows no button on an outdated comment"
        assert comment.side == "RIGHT", "GitHub shows no button on deleted lines"
        text = self.read(comment.path)
        assert text is not None
        changed = with_suggestion(text, comment.body, comment.start_line or comment.line, comment.line)
        return self.push({comment.path: changed}, message="Apply suggestion")

    # What people say

    def comment(self, body: str, *, author: str = "dev") -> IssueComment:
        """Write a comment into the conversation."""
        now = self.project.forge.clock.now()
        made = IssueComment(self.project.forge.new_id(), self.project.forge.user(author), body, now, now)
        self.issue_comments.append(made)
        self.project.forge.hooks.issue_comment("created", self, made)
        return made

    def edit_comment(self, comment: IssueComment, body: str) -> None:
        """Edit a comment of the conversation, as its author."""
        old, comment.body = comment.body, body
        self.project.forge.hooks.issue_comment("edited", self, comment, old=old)

    def reply(self, to: ReviewComment, body: str, *, author: str = "dev") -> ReviewComment:
        """Answer in a review thread."""
        return self.add_reply(to, body, self.project.forge.user(author))

    def resolve(self, comment: ReviewComment, *, by: str = "dev") -> None:
        """Resolve a comment's thread."""
        self.set_resolved(comment.thread, self.project.forge.user(by))

    def unresolve(self, comment: ReviewComment, *, by: str = "dev") -> None:
        """Open a comment's thread again."""
        self.set_resolved(comment.thread, None, self.project.forge.user(by))

    def set_resolved(self, thread: Thread, by: User | None, sender: User | None = None) -> None:
        """Resolve (`by` somebody) or reopen a thread; nothing is said when nothing changes."""
        if (thread.resolved_by is None) != (by is None):
            thread.resolved_by = by
            sender = by or sender
            assert sender is not None
            self.project.forge.hooks.review_thread("resolved" if by else "unresolved", self, thread, sender)

    def add_reply(self, to: ReviewComment, body: str, author: User) -> ReviewComment:
        """Put a reply, and the review that GitHub makes for it, into a thread."""
        forge, now = self.project.forge, self.project.forge.clock.now()
        review = Review(forge.new_id(), author, "", "COMMENTED", self.head, now)
        top = to.thread.comments[0]
        made = outdate.same_place(top, forge.new_id(), author, body, review, now)
        review.comments.append(made)
        to.thread.comments.append(made)
        self.reviews.append(review)
        forge.hooks.review("submitted", self, review)
        forge.hooks.review_comment("created", self, made)
        return made

    # What follows from it

    def event(self, action: str) -> Delivery:
        """Make a `pull_request` delivery as of now, without sending it; `synchronize` names the last two heads."""
        return self.project.forge.hooks.pull_request(action, self, self.author, send=False)

    def head_moved(self, after: str, sender: User) -> None:
        """Take a push in: comments follow their lines or are outdated, and `synchronize` is emitted."""
        before, self.head = self.head, after
        self.heads.append(after)
        self.updated = self.project.forge.clock.now()
        self._pin()
        outdate.follow(self)
        if not self.project.git.ancestor(before, after):
            # After a force push GitHub shows old reviews as if they were about the new head.
            for review in self.reviews:
                review.commit = after
        self.project.forge.hooks.pull_request("synchronize", self, sender)

    def _close(self, *, merged: bool) -> None:
        self.state, self.merged, self.closed = "closed", merged, self.project.forge.clock.now()
        self.project.forge.hooks.pull_request("closed", self, self.author)

    def _source(self) -> Project:
        assert self.head_project is not None, "the fork is deleted"
        return self.head_project

    def _pin(self) -> None:
        self.project.git.point(f"refs/pull/{self.number}/head", self.head)
