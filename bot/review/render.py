"""The words of one comment: what is so, what will happen, the way out, and where to read more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.review.manner import counted, line_link, listed
from bot.review.markdown import code, fence, plain
from bot.review.markers import Marker
from bot.review.placement import Inline
from bot.review.sentences import first_sentence
from bot.review.suggestions import EMOJI_PARTS
from rules.problem import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.forges.base import PullRequest
    from bot.review.files import Files
    from bot.review.manner import Manner
    from bot.review.placement import Place
    from bot.review.remarks import Remark
    from bot.review.suggestions import Remedy
    from bot.review.topics import Topic
    from rules.problem import Note
    from rules.report import Finding

HEDGE = "Likely, not certain"
TOO_LONG = "**This finding is too long to be shown here.** The check of this commit names it."
LISTED_LINES = 40
OPEN_LINES = 10
"""Entries of a list that stands open in a comment; a longer one is collapsed."""
PATCH_LINES = 60
_WORDS = dict(enumerate(["Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"], 2))

Part = tuple[int, str]
"""A part of a comment, and the rank up to which it is kept: see `Writer.body`."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the comments of one review.

    Attributes:
        pull_request: For links and the head.
        files: For the lines that are quoted.
        manner: How to speak.
    """

    pull_request: PullRequest
    files: Files
    manner: Manner

    def comment(self, remark: Remark, remedies: Mapping[Topic, Remedy], likes: Mapping[Topic, Finding]) -> str:
        """Return the body of a new comment, its hidden mark included; for `likes` see `body`."""
        fingerprints = tuple(dict.fromkeys(mark for topic in remark.topics for mark in topic.fingerprints))
        return self.body(remark, remedies, Marker("comment", self.pull_request.head, fingerprints), likes=likes)

    def body(
        self,
        remark: Remark,
        remedies: Mapping[Topic, Remedy],
        marker: Marker,
        opening: str = "",
        likes: Mapping[Topic, Finding] = MappingProxyType({}),
    ) -> str:
        """Return the body of a comment under a given mark.

        A body above the forge's limit loses, in this order: the patches shown as text; the related places; the lists of
        further lines and the hedges; all but the first sentences and the footer.

        Args:
            remark: What it says, and where it stands, which decides what it must quote.
            remedies: How each topic's repair is shown.
            marker: The hidden mark.
            opening: A sentence of ours that goes before, such as that the finding came back.
            likes: For a topic, a finding of the same review with the same message: then all but the first sentence is
                said there.
        """
        mark = self.manner.signer.write(marker)
        parts = list((self._list if len(remark.topics) > 1 else self._alone)(remark, remedies, likes))
        for rank in (4, 3, 2, 1, 0):
            kept = "".join(text for needed, text in parts if needed <= rank)
            body = f"{opening}\n\n{kept}".strip()
            if len(body) + len(mark) + 2 <= self.manner.can.body_limit:
                return f"{body}\n\n{mark}"
        return f"{TOO_LONG}\n\n{mark}"

    def _alone(
        self, remark: Remark, remedies: Mapping[Topic, Remedy], likes: Mapping[Topic, Finding]
    ) -> Iterator[Part]:
        """Yield the parts of a comment on one topic, each with the rank up to which it is kept."""
        (topic,) = remark.topics
        yield from self._said(topic, likes.get(topic))
        yield from self._more(topic, remark.place, likes.get(topic))
        yield from _paragraph(1, self._elsewhere(remedies[topic], remark.place))
        yield from _paragraph(1, self._button(remark, remedies))
        yield from _paragraph(4, _patch(remedies[topic]))
        silence = f"silence it with `# hullcheck ignore={topic.lead.rule} <reason>` above the instruction"
        yield from _paragraph(0, f"<sub>{self.manner.rule(topic.lead)} · {topic.lead.severity} · {silence}</sub>")

    def _list(self, remark: Remark, remedies: Mapping[Topic, Remedy], likes: Mapping[Topic, Finding]) -> Iterator[Part]:
        """Yield the parts of a comment on several topics: a numbered list, then the button for those it repairs."""
        count = len(remark.topics)
        yield 0, f"**{_WORDS.get(count, str(count))} things here:**"
        for number, topic in enumerate(remark.topics, 1):
            item = [*self._said(topic, likes.get(topic))]
            item.append((0, f" ({self.manner.rule(topic.lead)}, {topic.lead.severity})"))
            item += self._more(topic, remark.place, likes.get(topic))
            item += _paragraph(1, self._elsewhere(remedies[topic], remark.place))
            item += _paragraph(4, _patch(remedies[topic]))
            bullet = f"{number}. "
            yield 0, f"\n\n{bullet}"
            yield from ((rank, _indented(text, len(bullet))) for rank, text in item)
        yield from _paragraph(1, self._button(remark, remedies))
        silence = "Silence one with `# hullcheck ignore=<rule> <reason>` above the instruction"
        yield from _paragraph(0, f"<sub>{silence}</sub>")

    def _said(self, topic: Topic, like: Finding | None) -> Iterator[Part]:
        """Yield the message, its first sentence in bold."""
        sentence, rest = first_sentence(topic.lead.message)
        if like:
            file = "" if like.path == topic.path else f" of {code(like.path)}"
            rest = f"The same as at {line_link(self.pull_request, like.path, like.line)}{file}."
        yield 0, f"**{sentence}**"
        yield 1, f" {rest}" if rest else ""

    def _more(self, topic: Topic, place: Place, like: Finding | None) -> Iterator[Part]:
        """Yield what stands below the message: its line when that is another one, further lines, notes, the hedge."""
        yield from _paragraph(3, self._whereabouts(topic, place))
        yield from _paragraph(2, self._further(topic))
        yield from _paragraph(3, "\n".join(self._notes(topic.lead)))
        yield from _paragraph(2, "" if like else hedge(topic.lead))

    def _whereabouts(self, topic: Topic, place: Place) -> str:
        """Quote the line that the finding is about when the comment does not stand on it."""
        finding = topic.lead
        if isinstance(place, Inline) and place.first <= finding.line <= place.last:
            return ""
        source = self.files.source(finding.path)
        text = source.line(finding.line).strip() if source else ""
        line = line_link(self.pull_request, finding.path, finding.line)
        inside = isinstance(place, Inline) and finding.line < place.first <= finding.end_line
        opening = "It begins at" if inside else "This is about"
        return f"{opening} {line}: {code(text)}" if text else f"{opening} {line}."

    def _further(self, topic: Topic) -> str:
        """Name the further lines of a group: those with the same words together, the others one by one."""
        words = first_sentence(topic.lead.message)[0]
        others = [finding for finding in topic.findings if finding is not topic.lead]
        same = [finding for finding in others if first_sentence(finding.message)[0] == words]
        runs = _runs([finding.line for finding in same])
        links = [self._lines(topic.path, *run) for run in runs[:LISTED_LINES]]
        if more := len(runs[LISTED_LINES:]):
            links.append(f"{more} more")
        together = f"The same here: {listed(links)}." if links else ""
        return "\n\n".join(filter(None, [together, self._others(others, same)]))

    def _others(self, others: list[Finding], same: list[Finding]) -> str:
        """List the findings of a group that have other words; a long list is collapsed."""
        differing = [finding for finding in others if finding not in same]
        if not differing:
            return ""
        lines = [f"- {self.item(finding)}" for finding in differing[:LISTED_LINES]]
        if more := len(differing[LISTED_LINES:]):
            lines.append(f"- and {counted(more, 'more line')}")
        text = "\n".join(lines)
        if len(differing) <= OPEN_LINES or not self.manner.can.collapsible:
            return f"The same here:\n\n{text}"
        return f"<details><summary>The same in {len(differing)} more places</summary>\n\n{text}\n\n</details>"

    def _lines(self, path: str, first: int, last: int) -> str:
        """Return "line 12", or "line 12 to line 15", as links."""
        ends = [first] if first == last else [first, last]
        return " to ".join(line_link(self.pull_request, path, line) for line in ends)

    def item(self, finding: Finding) -> str:
        """Return a finding as one entry of a list: its line and its first sentence."""
        line = line_link(self.pull_request, finding.path, finding.line)
        return f"{line}: {first_sentence(finding.message)[0]}"

    def _notes(self, finding: Finding) -> Iterator[str]:
        file = self.files.get(finding.path)
        for note in finding.notes:
            path = note.path or (file.old_path if file and note.before else finding.path)
            source = self.files.source(path, before=note.before)
            quoted = code(source.line(note.span.line).strip()) if source else ""
            named = re.search(rf"\blines? (?:\d+(?:, | and ))*{note.span.line}\b", finding.message)
            if not (named and plain(quoted) in plain(finding.message)):
                shown = f": {quoted}" if quoted and quoted not in finding.message else ""
                yield f"- {self._note(note, path, about=finding.path)}{shown}"

    def _note(self, note: Note, path: str, about: str) -> str:
        """Say what a related place is, and where: `set here before (line 12)`."""
        line = line_link(self.pull_request, path, note.span.line, before=note.before)
        where = f" of {code(path)}" if note.path and note.path != about else ""
        return f"{note.text} ({line}{where})"

    def _elsewhere(self, remedy: Remedy, place: Place) -> str:
        """Name the lines of the suggestion in another comment that repairs a topic."""
        if remedy.elsewhere is None or place == Inline(remedy.elsewhere.first, remedy.elsewhere.last):
            return ""
        first, last, _ = remedy.elsewhere
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        return f"The suggestion on {lines} repairs this too."

    def _button(self, remark: Remark, remedies: Mapping[Topic, Remedy]) -> str:
        """Return the one suggestion of a comment under what it does, and which of several topics it repairs."""
        holder = next((remedies[topic] for topic in remark.topics if remedies[topic].suggestion), None)
        if holder is None or holder.suggestion is None:
            return ""
        first, last, text = holder.suggestion
        info = self.manner.terms.suggestion(last - first)
        block = f"```{info}\n```" if text is None else fence(text, info, keep=EMOJI_PARTS)
        repaired = [topic for topic in remark.topics if remedies[topic].suggestion or remedies[topic].elsewhere]
        also = f" (and repair {counted(more, 'other finding')})" if (more := holder.others + 1 - len(repaired)) else ""
        titles = list(dict.fromkeys(remedies[topic].title for topic in repaired))
        title = "; ".join([titles[0], *(f"{title[:1].lower()}{title[1:]}" for title in titles[1:])])
        numbers = [str(number) for number, topic in enumerate(remark.topics, 1) if topic in repaired]
        which = f" (repairs {listed(numbers)})" if len(remark.topics) > 1 else ""
        return f"{title}{which}{also}:\n\n{block}"


def _runs(lines: list[int]) -> list[tuple[int, int]]:
    """Gather line numbers into runs, first and last, in their order; two that are neighbours are none yet."""
    runs: list[tuple[int, int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], line
        else:
            runs.append((line, line))
    return [part for first, last in runs for part in _halves(first, last)]


def _halves(first: int, last: int) -> list[tuple[int, int]]:
    return [(first, first), (last, last)] if last == first + 1 else [(first, last)]


def hedge(finding: Finding) -> str:
    """Name what is not known, for a finding that rests on it; empty for one that rests on nothing, or does not say."""
    if finding.confidence is Confidence.LIKELY:
        return f"{HEDGE}: {finding.doubt}." if finding.doubt else f"{HEDGE}."
    return f"Not certain: {finding.doubt}." if finding.doubt and finding.confidence is Confidence.POSSIBLE else ""


def _paragraph(rank: int, text: str) -> Iterator[Part]:
    if text:
        yield rank, f"\n\n{text}"


def _indented(text: str, width: int) -> str:
    """Indent all but the first line, so that it stays inside an entry of a list."""
    return re.sub(r"\n(?=[^\n])", f"\n{' ' * width}", text)


def _patch(remedy: Remedy) -> str:
    if not remedy.patch or remedy.patch.count("\n") >= PATCH_LINES:
        return ""
    return f"{remedy.title}:\n\n{fence(remedy.patch, 'diff')}"
