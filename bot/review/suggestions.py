"""Fixes as buttons: which repairs a reader can commit with one click, and how the others are shown.

A forge replaces whole lines of the new file. It takes one suggestion a line, none that spans a deleted line, and writes
line feeds; so a fix becomes a button only where all of that fits, and else the patch is shown as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from bot.review.diffing import diff
from bot.review.placement import UNTOLD, InSummary
from bot.review.topics import weight
from rules.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from bot.review.files import File, Files
    from bot.review.placement import Place
    from bot.review.topics import Topic
    from rules.dockerfile.source import Source
    from rules.problem import Edit

LINES_ABOVE = 100
"""GitLab takes at most so many lines above the one that a suggestion is anchored at."""

PATCH_CONTEXT = 1
"""Unchanged lines that a patch shows around a change when it is given as text."""

EMOJI_PARTS = "\u200d\ufe0f"
"""Invisible, but parts of many an emoji: a suggestion restates them as they are."""

_FORGE_COMMAND = re.compile(r"^/", re.MULTILINE)


class Suggestion(NamedTuple):
    """Whole lines for whole lines.

    Attributes:
        first: First line of the new file that is replaced.
        last: Last line, inclusive.
        text: What stands there afterwards, lines joined by LF without a final one; `None` deletes the lines.
    """

    first: int
    last: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Remedy:
    """How a topic's repair is shown.

    Attributes:
        title: What the repair does, in the imperative; empty when there is none.
        suggestion: The button, `None` when there is none in this comment.
        patch: The repair as unified hunks, for a repair without a button; empty when there is none to show.
        elsewhere: The suggestion in another comment that repairs this as well.
        others: How many further topics this suggestion repairs.
    """

    title: str = ""
    suggestion: Suggestion | None = None
    patch: str = ""
    elsewhere: Suggestion | None = None
    others: int = 0


@dataclass(slots=True)
class _Button:
    topics: list[Topic]
    edits: tuple[Edit, ...]
    region: tuple[int, int]
    suggestion: Suggestion


def remedies(
    placed: Sequence[tuple[Topic, Place]], files: Files, barred: Collection[Topic] = ()
) -> dict[Topic, Remedy]:
    """Decide how each topic's repair is shown.

    Args:
        placed: Topics with their places, the weightiest first: of two repairs that exclude one another, the first one
            keeps its button. Only topics that get a comment on a line or a file are offered one.
        files: The diff's files.
        barred: Topics that get no button.
    """
    found: dict[Topic, Remedy] = {}
    buttons: dict[str, list[_Button]] = {}
    for topic, place in placed:
        file = files.get(topic.path)
        edits = _edits(topic)
        unsaid = isinstance(place, InSummary) and place.why in UNTOLD | {"likely"}
        allowed = topic not in barred and not unsaid
        pressed = buttons.setdefault(topic.path, [])
        if not (edits and allowed and file and _press(topic, edits, file, pressed)):
            found[topic] = as_text(topic, files)
    for button in (button for pressed in buttons.values() for button in pressed):
        first, *others = button.topics
        found[first] = Remedy(_title(first), button.suggestion, others=len(others))
        found.update((topic, Remedy(_title(topic), elsewhere=button.suggestion)) for topic in others)
    return {topic: found[topic] for topic, _ in placed}


def as_text(topic: Topic, files: Files) -> Remedy:
    """Return a topic's repair without a button, for a comment whose lines are no longer those of the diff."""
    edits = _edits(topic)
    return Remedy(_title(topic), patch=_patch(edits, topic.path, files)) if edits else Remedy()


def apply(text: str, suggestions: Iterable[Suggestion]) -> str:
    """Return a text with suggestions applied, as the forges do it; they do not overlap."""
    lines = text.split("\n")
    for first, last, replacement in sorted(suggestions, reverse=True):
        lines[first - 1 : last] = [] if replacement is None else replacement.split("\n")
    return "\n".join(lines)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with character edits applied; they do not overlap."""
    for edit in sorted(edits, key=_order, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def _order(edit: Edit) -> tuple[int, int]:
    return edit.span.start, edit.span.end


def _title(topic: Topic) -> str:
    fixes = (finding.fix for finding in (topic.lead, *topic.findings))
    return next((fix.title for fix in fixes if fix), "")


def _edits(topic: Topic) -> tuple[Edit, ...]:
    """Return all edits of a topic, or none when two of its findings want different things of one place."""
    edits = tuple(dict.fromkeys(edit for finding in topic.findings if finding.fix for edit in finding.fix.edits))
    return () if _collide(edits) else edits


def _collide(edits: Sequence[Edit]) -> bool:
    """Tell whether edits overlap, or insert different texts at one place."""
    by_file: dict[str | None, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit.path, []).append(edit)
    for same_file in by_file.values():
        same_file.sort(key=_order)
        for one, other in pairwise(same_file):
            if other.span.start < one.span.end or other.span.start == one.span.start:
                return True
    return False


def _press(topic: Topic, edits: tuple[Edit, ...], file: File, buttons: list[_Button]) -> bool:
    """Add a button for a topic, or let it join those that hold its lines; tell whether there is one."""
    source = file.after
    if any(finding.fix is None for finding in topic.findings):  # a button that repairs a part would mislead
        return False
    if source is None or "\r" in source.text or any(edit.path not in {None, file.path} for edit in edits):
        return False
    region = _region(source, edits, file, topic.lead.line)
    joined = [button for button in buttons if _overlap(button.region, region) or _share(button.edits, edits)]
    every = tuple(dict.fromkeys(edit for part in [*(button.edits for button in joined), edits] for edit in part))
    made = None if _collide(every) else _suggestion(source, every, file, topic.lead.line)
    others = [button for button in buttons if button not in joined]
    if made is None or any(_overlap(made[0], button.region) for button in others):
        return False
    topics = sorted([topic, *(held for button in joined for held in button.topics)], key=lambda held: weight(held.lead))
    buttons[:] = [*others, _Button(topics, every, *made)]
    return True


def _share(some: Iterable[Edit], others: Iterable[Edit]) -> bool:
    """Tell whether two repairs edit one place: what is inserted between two lines may hang on either of them."""
    return not {edit.span.start for edit in some}.isdisjoint(edit.span.start for edit in others)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _region(source: Source, edits: Iterable[Edit], file: File, near: int) -> tuple[int, int]:
    """Return the whole lines that edits touch.

    An insertion between two lines may hang on either: on the one that the diff shows, and if it shows both, on the one
    nearer to line `near`, where the finding is.
    """
    touched = []
    for edit in edits:
        start, end = edit.span.start, edit.span.end
        first = min(source.line_at(start), source.line_count)
        last = min(source.line_at(max(start, end - 1)), source.line_count)
        between = start == end == source.line_starts[first - 1] and edit.text.endswith("\n")
        if between and file.patch.hunk(first - 1) and not (near >= first and file.patch.hunk(first)):
            first = last = first - 1
        touched += [first, last]
    return min(touched), max(touched)


def _suggestion(
    source: Source, edits: tuple[Edit, ...], file: File, near: int
) -> tuple[tuple[int, int], Suggestion] | None:
    """Return the lines that edits touch and the suggestion for them, or `None` when a forge would not take it."""
    first, last = _region(source, edits, file, near)
    new = _rewritten(source, edits, first, last)
    while new and not new.endswith("\n") and last < source.line_count:  # the edit joins the line with the next one
        last += 1
        new = _rewritten(source, edits, first, last)
    old = source.cut(source.line_span(first, last))
    above, below = _narrowed(_split(old), _split(new))
    lines = _split(new)[above : len(_split(new)) - below]
    suggestion = _framed(source, first + above, last - below, lines)
    if _split(new) == _split(old) or suggestion is None or not _fits(suggestion, file):
        return None
    return (min(first, suggestion.first), max(last, suggestion.last)), suggestion


def _framed(source: Source, first: int, last: int, lines: list[str]) -> Suggestion | None:
    """Widen a replacement until it neither begins nor ends with a blank line, which forges may drop."""
    while lines and not lines[0].strip() and first > 1:
        first -= 1
        lines = [source.line(first), *lines]
    while lines and not lines[-1].strip() and last < source.line_count:
        last += 1
        lines = [*lines, source.line(last)]
    if lines and not (lines[0].strip() and lines[-1].strip()):
        return None
    return Suggestion(first, last, "\n".join(lines) if lines else None)


def _rewritten(source: Source, edits: Iterable[Edit], first: int, last: int) -> str:
    span = source.line_span(first, last)
    text = source.text[: span.end]
    return edited(text, edits)[span.start :]


def _split(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _narrowed(old: list[str], new: list[str]) -> tuple[int, int]:
    """Return how many lines at the top and the bottom stay as they are; one old line is always left."""
    above = 0
    while above < min(len(old), len(new)) and old[above] == new[above]:
        above += 1
    below = 0
    while below < min(len(old), len(new)) - above and old[-1 - below] == new[-1 - below]:
        below += 1
    if above + below == len(old):  # nothing but an insertion
        return (above - 1, below) if above else (above, below - 1)
    return above, below


def _fits(suggestion: Suggestion, file: File) -> bool:
    first, last, text = suggestion
    hunk = file.patch.hunk(first)
    return (
        hunk is not None
        and file.patch.holds(first, last)
        and last - first <= LINES_ABOVE
        and all(line.new is not None for line in hunk.between(first, last))
        and (text is None or _verbatim(text))
    )


def _verbatim(text: str) -> bool:
    """Tell whether a text may stand in a comment as it is: nothing hidden in it, no line that a forge would run."""
    return visible(text, keep=f"\n\t{EMOJI_PARTS}") == text and not _FORGE_COMMAND.search(text)


def _patch(edits: tuple[Edit, ...], path: str, files: Files) -> str:
    """Return edits as unified hunks, with file headers when they reach beyond the topic's own file."""
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path or path, []).append(edit)
    parts = []
    for name in sorted(by_path):
        source = files.source(name)
        old = source.text if source else ""
        hunks = diff(old.replace("\r\n", "\n"), edited(old, by_path[name]).replace("\r\n", "\n"), PATCH_CONTEXT)
        parts += [*([] if set(by_path) == {path} else [f"--- {name}", f"+++ {name}"]), *([hunks] if hunks else [])]
    return "\n".join(parts)
