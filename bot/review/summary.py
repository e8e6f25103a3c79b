"""The summary: one comment that is edited in place, and the text of the check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bot.review import agents
from bot.review.manner import counted, line_link, listed, short
from bot.review.markdown import code, prose
from bot.review.placement import UNTOLD
from bot.review.render import hedge
from rules.problem import Confidence, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.forges.base import Unread
    from bot.review.images import Block
    from bot.review.lifecycle import Dismissal
    from bot.review.placement import InSummary, Reason
    from bot.review.render import Writer
    from bot.review.topics import Topic
    from rules.report import Crash, Finding, Report, Suppressed

FEW, MANY = 10, 1_000
"""Entries of a part that is shortened, and of one that is not."""
_POLICY = "This change edits the policy; this review goes by that of the base branch"
OPEN_TABLES = 2
"""Tables that stand open; more of them are collapsed."""

_HEADINGS: dict[Reason, str] = {
    "over the cap": "More findings than fit as comments",
    "no line": "On lines that this diff does not show",
    "not in the diff": "In files that this change leaves as they are",
    "likely": "Likely, but not certain",
    "possible": "Possible, but not sure",
    "minor": "Small things, for when you are there anyway",
}


class Section(NamedTuple):
    """A part of the summary.

    Attributes:
        heading: Its title.
        items: Entries of Markdown, one line each.
        folded: Whether it is collapsed where the forge can.
    """

    heading: str
    items: tuple[str, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Matter:
    """What a summary tells.

    Attributes:
        report: What the rules found.
        open: New findings that nobody put aside, in the order of the report.
        unplaced: Topics without a comment of their own, with the reason.
        dismissals: New findings that people put aside.
        unread: Files that were not reviewed.
        policy_faults: Sentences about the repository's policy file.
        policy_changes: Sentences of Markdown on what the change would alter in it.
        notices: Sentences on images that no table shows.
        tables: What the change does to each image.
        diagrams: Stages of each file.
    """

    report: Report
    open: tuple[Finding, ...]
    unplaced: tuple[tuple[Topic, InSummary], ...] = ()
    dismissals: tuple[Dismissal, ...] = ()
    unread: tuple[Unread, ...] = ()
    policy_faults: tuple[str, ...] = ()
    policy_changes: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    tables: tuple[Block, ...] = ()
    diagrams: tuple[Block, ...] = ()

    @property
    def silent(self) -> bool:
        """Whether there is nothing that a person should read."""
        added = any(silenced.added for silenced in self.report.suppressed)
        policy = self.policy_faults or self.policy_changes
        return not (self.sure or self.unread or policy or self.report.crashes or added)

    @property
    def sure(self) -> tuple[Finding, ...]:
        """The open findings that are at least likely and weigh something; others are no reason to write a comment."""
        return tuple(finding for finding in self.open if finding.wants_comment)


def verdict(matter: Matter) -> str:
    """Return the outcome in one line: `3 new findings (1 error), 1 fixed by this change, 12 older ones not shown`."""
    new = len(matter.sure)
    errors = sum(finding.severity is Severity.ERROR for finding in matter.sure)
    parts = [counted(new, "new error" if errors == new else "new finding") if new else "No new findings"]
    if 0 < errors < new:
        parts[0] += f" ({counted(errors, 'error')})"
    minor = sum(finding.minor and finding.confidence is not Confidence.POSSIBLE for finding in matter.open)
    if possible := len(matter.open) - new - minor:
        parts.append(counted(possible, "possible one"))
    if minor:
        parts.append(counted(minor, "small one"))
    fixed = sum(finding.baseline == "absent" for finding in matter.report.findings)
    older = sum(finding.baseline == "unchanged" for finding in matter.report.findings)
    if fixed:
        parts.append(f"{fixed} fixed by this change")
    if older:
        parts.append(f"{counted(older, 'older one')} not shown")
    if matter.dismissals:
        parts.append(f"{len(matter.dismissals)} put aside")
    if matter.unread:
        parts.append(f"{counted(len(matter.unread), 'file')} not reviewed")
    return ", ".join(parts)


def write(matter: Matter, writer: Writer, room: int) -> str:
    """Return the summary's Markdown, no longer than `room` characters.

    A longer one loses, whole part by whole part, so that no markup is ever cut: the list for coding agents; the
    diagrams; from the last list to the first, all but ten entries of each; the tables of the images, the last first;
    in the same order as before, those ten entries: their count remains.
    """
    sections = [section for section in _sections(matter, writer) if section.items]
    fold = writer.manner.can.collapsible
    block = agents.block(matter.open) if matter.open else ""
    listing = [_part(agents.HEADING, agents.HEADING, block, fold=fold)] if block else []
    foot = f"<sub>Reviewed {short(writer.pull_request.head)}.</sub>"
    diagrams = matter.diagrams if writer.manner.can.mermaid else ()
    for shown in _shrinking(len(matter.tables), len(sections)):
        parts = [
            *(_table(table, fold and len(matter.tables) > OPEN_TABLES) for table in matter.tables[: shown.tables]),
            *(_part(one.heading, one.plain, one.text, fold=fold) for one in diagrams if shown.diagrams),
            *(_section(section, fold, most) for section, most in zip(sections, shown.entries, strict=True)),
            *(listing if shown.agents else ()),
        ]
        text = "\n\n".join([f"**{verdict(matter)}.**", *parts, foot])
        if len(text) <= room:
            return text
    return f"**{verdict(matter)}.**"


class _Shown(NamedTuple):
    """How much of a summary there is: whether some parts are there, how many tables, how many entries of each list."""

    agents: bool
    diagrams: bool
    tables: int
    entries: list[int]


def _shrinking(tables: int, lists: int) -> Iterator[_Shown]:
    """Yield ever less."""
    yield _Shown(agents=True, diagrams=True, tables=tables, entries=[MANY] * lists)
    yield _Shown(agents=False, diagrams=True, tables=tables, entries=[MANY] * lists)
    for kept in range(lists, -1, -1):
        yield _Shown(agents=False, diagrams=False, tables=tables, entries=_entries(MANY, kept, FEW, lists))
    for shown in range(tables - 1, -1, -1):
        yield _Shown(agents=False, diagrams=False, tables=shown, entries=[FEW] * lists)
    for kept in range(lists - 1, -1, -1):
        yield _Shown(agents=False, diagrams=False, tables=0, entries=_entries(FEW, kept, 0, lists))


def _entries(more: int, kept: int, fewer: int, lists: int) -> list[int]:
    return [more] * kept + [fewer] * (lists - kept)


def _table(block: Block, fold: bool) -> str:  # noqa: FBT001 - a capability handed down
    return _part(block.heading, block.plain, block.text, fold=fold)


def _part(heading: str, plain_heading: str, text: str, *, fold: bool) -> str:
    """Return a part under its heading; collapsed, Markdown of files stands inside, since a summary line reads none."""
    if not fold:
        return f"**{heading}**\n\n{text}"
    inside = text if heading == plain_heading else f"{heading}\n\n{text}"
    return _folded(plain_heading, inside)


def _section(section: Section, fold: bool, most: int) -> str:  # noqa: FBT001 - a capability handed down
    count = len(section.items)
    if most == 0:
        return f"**{section.heading}:** {counted(count, 'entry', 'entries')}, too many to be listed here."
    rest = [f"and {count - most} more"] if count > most else []
    items = "\n".join(f"- {item}" for item in [*section.items[:most], *rest])
    if section.folded and fold:
        return _folded(f"{section.heading} ({count})", items)
    return f"**{section.heading}**\n\n{items}"


def _folded(heading: str, text: str) -> str:
    """Collapse a part; `heading` is ours alone, since Markdown is not read in it."""
    return f"<details><summary>{heading}</summary>\n\n{text}\n\n</details>"


def _sections(matter: Matter, writer: Writer) -> list[Section]:
    report = matter.report
    added = [silenced for silenced in report.suppressed if silenced.added]
    return [
        Section("Images", matter.notices),
        Section("By file", _by_file(matter.open)),
        *(_unplaced(reason, matter, writer) for reason in _HEADINGS),
        Section("Not reviewed", tuple(f"{code(file.path)}: {prose(file.reason)}" for file in matter.unread)),
        Section(_POLICY, matter.policy_changes),
        Section("Faults in the policy", tuple(prose(fault) for fault in matter.policy_faults)),
        Section("Rules that crashed; the others still spoke", tuple(map(_crash, report.crashes))),
        Section("Suppressions that this change adds", tuple(_suppressed(one, writer) for one in added)),
        Section("Put aside", tuple(_dismissed(one, writer) for one in matter.dismissals), folded=True),
    ]


def _by_file(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Count the findings of each file, when there is more than one file."""
    by_path: dict[str, list[Severity]] = {}
    for finding in findings:
        by_path.setdefault(finding.path, []).append(finding.severity)
    if len(by_path) < 2:  # noqa: PLR2004 - a list of one says nothing new
        return ()
    return tuple(f"{code(path)}: {_severities(by_path[path])}" for path in sorted(by_path))


def _severities(severities: Sequence[Severity]) -> str:
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}
    return listed([counted(number, word) for which, word in words.items() if (number := severities.count(which))])


def _unplaced(reason: Reason, matter: Matter, writer: Writer) -> Section:
    found = [topic for topic, place in matter.unplaced if place.why == reason]
    found.sort(key=lambda topic: (topic.path, topic.findings[0].line, topic.findings[0].rule))
    items = tuple(_topic(topic, writer) for topic in found)
    return Section(_HEADINGS[reason], items, folded=reason in UNTOLD or len(items) > FEW)


def _topic(topic: Topic, writer: Writer) -> str:
    """Return a topic as one entry: its first finding, and the lines of the others."""
    first, *others = topic.findings
    entry = f"{_place(first, writer)}: {first.message} {hedge(first)}".rstrip()
    if not others:
        return entry
    named = [str(finding.line) for finding in others[:FEW]]
    if more := len(others) - len(named):
        named.append(f"{more} more")
    return f"{entry} The same holds for {'line' if len(others) == 1 else 'lines'} {listed(named)}."


def _place(finding: Finding, writer: Writer) -> str:
    line = line_link(writer.pull_request, finding.path, finding.line)
    return f"{code(finding.path)}, {line} ({writer.manner.rule(finding)})"


def _crash(crash: Crash) -> str:
    return f"{code(crash.rule)} on {code(crash.path)}: {prose(crash.error)}"


def _suppressed(silenced: Suppressed, writer: Writer) -> str:
    line = line_link(writer.pull_request, silenced.finding.path, silenced.line)
    why = f"because: {prose(silenced.reason)}" if silenced.reason else "without a reason"
    return f"{code(silenced.finding.path)}, {line} silences {writer.manner.rule(silenced.finding)}, {why}"


def _dismissed(dismissal: Dismissal, writer: Writer) -> str:
    by = f"by {code(dismissal.by)}" if dismissal.by else "by a person"
    why = f": {prose(dismissal.reason)}" if dismissal.reason else ""
    return f"{_place(dismissal.finding, writer)} {by}{why}"
