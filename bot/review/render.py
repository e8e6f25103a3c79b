"""The words of one comment: what is so, what will happen, the way out, and where to read more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.review.manner import counted, line_link, listed
from bot.review.markdown import code, fence, plain
from bot.review.markers import Marker
from bot.review.placement import Inline
from bot.review.sentences import first_sentence
from bot.review.suggestions import EMOJI_PARTS
from rules.problem import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.forges.base import PullRequest
    from bot.review.files import Files
    from bot.review.manner import Manner
    from bot.review.placement import Place
    from bot.review.suggestions import Remedy
    from bot.review.topics import Topic
    from rules.problem import Note
    from rules.report import Finding

HEDGE = "This is likely rather than certain: part of what decides it lies outside the files read."
TOO_LONG = "**This finding is too long to be shown here.** The check of this commit names it."
LISTED_LINES = 40
OPEN_LINES = 10
"""Entries of a list that stands open in a comment; a longer one is collapsed."""
PATCH_LINES = 60


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

    def comment(self, topic: Topic, place: Place, remedy: Remedy, like: Finding | None = None) -> str:
        """Return the body of a topic's comment, its hidden mark included; for `like` see `body`."""
        mark = Marker("comment", self.pull_request.head, topic.fingerprints)
        return self.body(topic, place, remedy, mark, like=like)

    def body(
        self, topic: Topic, place: Place, remedy: Remedy, marker: Marker, opening: str = "", like: Finding | None = None
    ) -> str:
        """Return the body of a comment under a given mark.

        A body above the forge's limit loses, in this order: the patch shown as text; the related places; the list of
        further lines and the hedge; all but the first sentence and the footer.

        Args:
            topic: What it is about.
            place: Where it stands, which decides what it must quote.
            remedy: How the repair is shown.
            marker: The hidden mark.
            opening: A sentence of ours that goes before, such as that the finding came back.
            like: A finding of the same review with the same message: then all but the first sentence is said there.
        """
        mark = self.manner.signer.write(marker)
        parts = list(self._parts(topic, place, remedy, like))
        for rank in (4, 3, 2, 1, 0):
            kept = "".join(text for needed, text in parts if needed <= rank)
            body = f"{opening}\n\n{kept}".strip()
            if len(body) + len(mark) + 2 <= self.manner.can.body_limit:
                return f"{body}\n\n{mark}"
        return f"{TOO_LONG}\n\n{mark}"

    def _parts(self, topic: Topic, place: Place, remedy: Remedy, like: Finding | None) -> Iterator[tuple[int, str]]:
        """Yield the parts of a comment, each with the rank up to which it is kept; empty ones have no blank lines."""
        sentence, rest = first_sentence(topic.lead.message)
        if like:
            rest = f"The same as at {line_link(self.pull_request, like.path, like.line)}."
        yield 0, f"**{sentence}**"
        yield 1, f" {rest}" if rest else ""
        hedge = HEDGE if topic.lead.confidence is Confidence.LIKELY and not like else ""
        for rank, text in (
            (3, self._whereabouts(topic, place)),
            (2, self._further(topic)),
            (3, "\n".join(self._notes(topic.lead))),
            (2, hedge),
            (1, self._button(remedy)),
            (4, _patch(remedy)),
            (0, self._footer(topic.lead)),
        ):
            yield rank, f"\n\n{text}" if text else ""

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
        links = [self._link(finding) for finding in same[:LISTED_LINES]]
        if more := len(same[LISTED_LINES:]):
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

    def _link(self, finding: Finding) -> str:
        return line_link(self.pull_request, finding.path, finding.line)

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
            if not (plain(quoted) in plain(finding.message) and f"line {note.span.line}" in finding.message):
                yield f"- {self._note(note, path, about=finding.path)}" + (f": {quoted}" if quoted else "")

    def _note(self, note: Note, path: str, about: str) -> str:
        """Say what a related place is, and where: `set here before (line 12)`."""
        line = line_link(self.pull_request, path, note.span.line, before=note.before)
        where = f" of {code(path)}" if note.path and note.path != about else ""
        return f"{note.text} ({line}{where})"

    def _button(self, remedy: Remedy) -> str:
        if remedy.elsewhere:
            first, last, _ = remedy.elsewhere
            lines = f"line {first}" if first == last else f"lines {first} to {last}"
            return f"The suggestion on {lines} repairs this too."
        if not remedy.suggestion:
            return ""
        first, last, text = remedy.suggestion
        info = self.manner.terms.suggestion(last - first)
        block = f"```{info}\n```" if text is None else fence(text, info, keep=EMOJI_PARTS)
        also = f" (and repair {counted(remedy.others, 'other finding')} here)" if remedy.others else ""
        return f"{remedy.title}{also}:\n\n{block}"

    def _footer(self, finding: Finding) -> str:
        silence = f"silence it with `# hullcheck ignore={finding.rule} <reason>` above the instruction"
        return f"<sub>{self.manner.rule(finding)} · {finding.severity} · {silence}</sub>"


def _patch(remedy: Remedy) -> str:
    if not remedy.patch or remedy.patch.count("\n") >= PATCH_LINES:
        return ""
    return f"{remedy.title}:\n\n{fence(remedy.patch, 'diff')}"
