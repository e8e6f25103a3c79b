"""What becomes of earlier comments: still open, repaired, put aside by a person, or back again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bot.forges.base import Revision
from bot.review import markers
from bot.review.manner import short
from bot.review.markdown import prose, without_buttons
from bot.review.markers import Marker
from bot.review.placement import Inline, OnFile
from bot.review.remarks import Remark
from bot.review.sentences import first_sentence
from bot.review.succession import succeed
from bot.review.suggestions import as_text
from bot.review.topics import by_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.forges.base import Conversation, Thread, Unread
    from bot.review.render import Writer
    from bot.review.succession import Earlier
    from rules.report import Finding, Report, Suppressed

_BACK_NAMED = 3
"""Findings that a reply names when they are back."""


class Dismissal(NamedTuple):
    """A finding that a person put aside.

    Attributes:
        finding: As reported now.
        by: Login of who did; may be empty.
        reason: Their words; may be empty.
    """

    finding: Finding
    by: str
    reason: str


@dataclass(slots=True)
class Sequel:
    """How the conversation goes on.

    Attributes:
        said: Fingerprints that need no new comment.
        dismissals: What people put aside and is still there.
        revisions: Edits of earlier comments.
        open_inline: Earlier comments on lines that stay open; they count against the cap.
        open_on_file: Earlier comments without a line that stay open.
    """

    said: set[str] = field(default_factory=set)
    dismissals: list[Dismissal] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    open_inline: int = 0
    open_on_file: int = 0


def follow(report: Report, conversation: Conversation, unread: Sequence[Unread], writer: Writer) -> Sequel:
    """Compare what stands on the pull request with what is found now.

    Nothing is called repaired on a file that was not read or on which a rule crashed.
    """
    return _Follower(report, unread, writer).follow(conversation)


class _Follower:
    def __init__(self, report: Report, unread: Sequence[Unread], writer: Writer) -> None:
        self.new = {finding.fingerprint: finding for finding in report.findings if finding.baseline == "new"}
        self.there = {finding.fingerprint for finding in report.findings if finding.baseline != "absent"}
        self.silenced = {silenced.finding.fingerprint: silenced for silenced in report.suppressed}
        self.unsure = {file.path for file in unread} | {crash.path for crash in report.crashes}
        self.writer = writer
        self.sequel = Sequel()

    def follow(self, conversation: Conversation) -> Sequel:
        read = ((thread, self.writer.manner.signer.read(thread.body)) for thread in conversation.threads)
        marked = [(thread, marker) for thread, marker in read if marker is not None]
        reported = [*self.new.values(), *(silenced.finding for silenced in self.silenced.values())]
        earlier = succeed(marked, reported, {*self.there, *self.silenced})
        for comment in earlier:
            if comment.marker.kind == "comment":
                self._open(comment)
        for thread, marker, _ in earlier:
            if marker.kind == "fixed":
                self._closed(thread, marker)
        return self.sequel

    def _open(self, comment: Earlier) -> None:
        """Go on with a comment that does not call its findings repaired."""
        thread, marker, _ = comment
        there = [fingerprint for fingerprint in marker.fingerprints if fingerprint in self.there]
        aside = thread.dismissed or (thread.resolved and not thread.resolved_by_us)
        if aside and (there or _for_good(thread)):
            self._put_aside(thread, marker)
        elif there or self._unsure(thread):
            self._keep(comment)
        else:
            mark = Marker("fixed", self._head, marker.fingerprints, marker.fingerprints)
            resolve = None if aside or thread.resolved else True
            self.sequel.revisions.append(Revision(thread, self._repaired(thread, mark), resolve))

    def _closed(self, thread: Thread, marker: Marker) -> None:
        """Go on with a comment that calls its findings repaired."""
        back = [print_ for print_ in marker.fingerprints if print_ in self.new and print_ not in self.sequel.said]
        if not back:
            return
        if _for_good(thread):
            self._put_aside(thread, marker)
            return
        self.sequel.said.update(marker.fingerprints)
        self._count(thread)
        opening = f"Fixed in {short(marker.head)}, and back as of {short(self._head)}."
        body = self._again(thread, marker, opening)
        sentences = dict.fromkeys(first_sentence(self.new[print_].message)[0] for print_ in back)
        reply = f"Back as of {short(self._head)}: {' '.join([*sentences][:_BACK_NAMED])}"
        self.sequel.revisions.append(Revision(thread, body, resolve=False if thread.resolved else None, reply=reply))

    def _put_aside(self, thread: Thread, marker: Marker) -> None:
        self.sequel.said.update(marker.fingerprints)
        self.sequel.dismissals += [
            Dismissal(self.new[fingerprint], thread.dismissed_by, thread.reason)
            for fingerprint in marker.fingerprints
            if fingerprint in self.new
        ]

    def _keep(self, comment: Earlier) -> None:
        """Leave a comment alone, but where a finding's instruction was edited, or a part of a group is repaired now."""
        thread, marker, renewed = comment
        self.sequel.said.update(marker.fingerprints)
        self._count(thread)
        repaired = self._gone(marker)
        body = None
        changed = renewed or set(repaired) != set(marker.repaired)
        if changed and self._present(marker) and not self._unsure(thread):
            are = "is" if len(repaired) == 1 else "are"
            opening = f"{len(repaired)} of {len(marker.fingerprints)} {are} repaired as of {short(self._head)}."
            body = self._again(thread, marker, opening if repaired else "")
        reopen = False if thread.resolved else None
        if body or reopen is False:
            self.sequel.revisions.append(Revision(thread, body, reopen))

    def _again(self, thread: Thread, marker: Marker, opening: str) -> str:
        """Write a comment anew for those of its findings that are there; its button is gone with its lines."""
        left = by_rule(self._present(marker))
        mark = Marker("comment", self._head, marker.fingerprints, self._gone(marker))
        here = Inline(thread.line, thread.line) if thread.line and thread.path == left[0].path else OnFile()
        shown = {topic: as_text(topic, self.writer.files) for topic in left}
        return self.writer.body(Remark(left, here), shown, mark, opening)

    def _present(self, marker: Marker) -> list[Finding]:
        return [self.new[fingerprint] for fingerprint in marker.fingerprints if fingerprint in self.new]

    def _gone(self, marker: Marker) -> tuple[str, ...]:
        return tuple(fingerprint for fingerprint in marker.fingerprints if fingerprint not in self.there)

    def _count(self, thread: Thread) -> None:
        if thread.line is None:
            self.sequel.open_on_file += 1
        else:
            self.sequel.open_inline += 1

    def _unsure(self, thread: Thread) -> bool:
        return bool(self.unsure & {thread.path, ""})

    @property
    def _head(self) -> str:
        return self.writer.pull_request.head

    def _repaired(self, thread: Thread, marker: Marker) -> str:
        said = markers.strip(thread.body.replace("\r\n", "\n"))
        said = without_buttons(said)  # they would do nothing any more
        headline = f"**{self._how(thread, marker)}**"
        mark = self.writer.manner.signer.write(marker)
        can = self.writer.manner.can
        if not can.collapsible:
            return f"{headline}\n\n{mark}"
        body = f"{headline}\n\n<details><summary>What this was about</summary>\n\n{said}\n\n</details>\n\n{mark}"
        return body if len(body) <= can.body_limit else f"{headline}\n\n{mark}"

    def _how(self, thread: Thread, marker: Marker) -> str:
        silenced = [self.silenced[print_] for print_ in marker.fingerprints if print_ in self.silenced]
        if silenced and len(silenced) == len(marker.fingerprints):
            return _silenced(silenced[0], short(self._head))
        if silenced:
            share = f"{len(silenced)} of {len(marker.fingerprints)}"
            return f"Settled as of {short(self._head)}: {share} by a comment that silences, the others are repaired."
        files = self.writer.files.changed.values()
        if not any(thread.path in {file.path, file.old_path} for file in files):
            words = self.writer.manner.terms.pull_request
            return f"As of {short(self._head)} this {words} no longer touches the file."
        return f"Fixed in {short(self._head)}."


def _for_good(thread: Thread) -> bool:
    """Whether a person had the finding ignored; resolving a thread only says that it is dealt with."""
    return thread.dismissed and bool(thread.reason or not thread.resolved)


def _silenced(silenced: Suppressed, head: str) -> str:
    because = f": {prose(silenced.reason)}" if silenced.reason else "."
    return f"Silenced as of {head} by the comment on line {silenced.line}{because}"
