"""All that one review writes, decided before the first write: a pure function of what was found and what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.forges.base import ReviewPlan
from bot.review import lifecycle, placement, summary
from bot.review.comments import comments
from bot.review.diagram import diagrams
from bot.review.files import Files
from bot.review.images import notices, tables
from bot.review.markers import Marker
from bot.review.placement import Inline, InSummary
from bot.review.remarks import cap, remarks
from bot.review.render import Writer
from bot.review.summary import Matter
from bot.review.together import remedies_that_hold
from bot.review.topics import topics
from bot.review.verdict import check
from rules.dockerfile.nodes import is_dockerfile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.forges.base import Conversation, PullRequest, Unread
    from bot.review.lifecycle import Sequel
    from bot.review.manner import Manner
    from bot.review.placement import Place
    from bot.review.remarks import Remark
    from bot.review.suggestions import Remedy
    from bot.review.topics import Topic
    from rules.change import DockerfileChange
    from rules.report import Finding, Report


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What was reviewed and found.

    Attributes:
        pull_request: As it stood.
        before: Contents at the merge base, by the path there.
        after: Contents at the head.
        report: What the rules say.
        unread: Files that were not reviewed, with the reason.
        policy_faults: Sentences about the repository's policy file.
        policy_changes: Sentences of Markdown on what the change would alter in it.
        again: Judges the same change with other contents at the head: by it, all suggestions together are verified.
            `None` trusts every combination of fixes that hold alone.
        changes: The changed Dockerfiles as the rules saw them, for the tables and diagrams of the summary.
    """

    pull_request: PullRequest
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    report: Report
    unread: tuple[Unread, ...] = ()
    policy_faults: tuple[str, ...] = ()
    policy_changes: tuple[str, ...] = ()
    again: Callable[[Mapping[str, bytes]], Report] | None = None
    changes: tuple[DockerfileChange, ...] = ()


def plan(reviewed: Reviewed, conversation: Conversation, manner: Manner) -> ReviewPlan:
    """Decide what to write: new comments, edits of earlier ones, the summary and the verdict.

    The same input gives the same plan, and once it is carried out, planning again gives one that writes nothing.

    Args:
        reviewed: What was reviewed and found.
        conversation: What already stands on the pull request.
        manner: How to speak.
    """
    pull_request = reviewed.pull_request
    writer = Writer(pull_request, Files.of(pull_request, reviewed.before, reviewed.after), manner)
    sequel = lifecycle.follow(reviewed.report, conversation, reviewed.unread, writer)
    placed, remedies = _place(reviewed, sequel, writer)
    matter = _matter(reviewed, sequel, placed)
    said = comments(placed, remedies, writer)
    inline = tuple(comment for comment in said if comment.line)
    return ReviewPlan(
        head=pull_request.head,
        check=check(matter, writer),
        comments=inline,
        file_comments=tuple(comment for comment in said if not comment.line),
        body=manner.signer.write(Marker("review", pull_request.head)) if inline else "",
        revisions=tuple(sequel.revisions),
        summary=_summary(matter, conversation, writer),
    )


def _place(reviewed: Reviewed, sequel: Sequel, writer: Writer) -> tuple[list[Remark], dict[Topic, Remedy]]:
    """Find each unsaid finding its place; a comment with a suggestion moves to the lines that it replaces."""
    manner, files, report = writer.manner, writer.files, reviewed.report
    unsaid = (finding for finding in report.findings if finding.fingerprint not in sequel.said)
    unsaid_topics = topics(finding for finding in unsaid if finding.baseline == "new")
    located = [(topic, placement.locate(topic, files, manner.can, manner.comments_from)) for topic in unsaid_topics]
    remedies = remedies_that_hold(located, files, report, reviewed.again)
    placed: list[tuple[Topic, Place]] = []
    for topic, place in located:
        button = remedies[topic].suggestion
        placed.append((topic, Inline(button.first, button.last) if button else place))
    room, file_room = manner.cap - sequel.open_inline, manner.file_cap - sequel.open_on_file
    return cap(remarks(placed, remedies), room, file_room), remedies


def _matter(reviewed: Reviewed, sequel: Sequel, placed: list[Remark]) -> Matter:
    aside = {dismissal.finding.fingerprint for dismissal in sequel.dismissals}
    return Matter(
        report=reviewed.report,
        open=tuple(finding for finding in reviewed.report.findings if _is_open(finding, aside)),
        unplaced=tuple((topic, place) for topics, place in placed if isinstance(place, InSummary) for topic in topics),
        dismissals=tuple(sequel.dismissals),
        unread=reviewed.unread,
        policy_faults=reviewed.policy_faults,
        policy_changes=reviewed.policy_changes,
        notices=notices(reviewed.changes, _deleted(reviewed)),
        tables=tables(reviewed.changes),
        diagrams=diagrams(reviewed.changes),
    )


def _deleted(reviewed: Reviewed) -> list[str]:
    """Return the Dockerfiles that the change deletes, but for those that go on under another name."""
    removed = {
        file.path for file in reviewed.pull_request.files if file.status == "removed" and is_dockerfile(file.path)
    }
    moved = {change.before.path for change in reviewed.changes if change.before is not None}
    return sorted(path for path in (removed - moved) & reviewed.before.keys() if is_dockerfile(path))


def _is_open(finding: Finding, aside: set[str]) -> bool:
    return finding.baseline == "new" and finding.fingerprint not in aside


def _summary(matter: Matter, conversation: Conversation, writer: Writer) -> str | None:
    """Return the sticky comment's body; `None` when there is nothing to say, or nothing that is not said there."""
    standing = conversation.summary
    if standing is None and matter.silent:
        return None
    mark = writer.manner.signer.write(Marker("summary", writer.pull_request.head))
    body = f"{summary.write(matter, writer, writer.manner.can.body_limit - len(mark) - 2)}\n\n{mark}"
    unchanged = standing is not None and standing.body.replace("\r\n", "\n").strip() == body
    return None if unchanged else body
