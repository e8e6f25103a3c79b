"""Random changes of a file with findings on it, for property tests."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from hypothesis import strategies as st

from bot.review.plan import Reviewed
from rules.dockerfile.source import Source
from rules.problem import Confidence, Edit, Fix, Note, Severity
from rules.report import Crash, Finding, Report
from tests.review.build import BASE, PATH, changed_file, finding, pull_request

LINES = st.sampled_from(
    """FROM python:3.12 AS base
RUN make
RUN make

# why
  && rm -rf /tmp
/approve
```
COPY . /app
RUN echo \u2714\ufe0f""".split("\n")
)
WORDS = st.sampled_from(
    ["", "x", "RUN y\n", "\nUSER app", "\n", "/merge\n", "````\n", "FROM z", "\u202eevil", "  "],
)
MESSAGES = st.sampled_from(["`prod` breaks. It will hurt.", "This is wrong.", "`a. b` is `c`.\n\nSecond paragraph."])


class Change(NamedTuple):
    """A change of one file."""

    before: str | None
    after: str


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Texts of up to some forty lines that share most of them."""
    old = draw(st.lists(LINES, max_size=40))
    new = list(old)
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(new)))
        new[at : at + draw(st.integers(0, 3))] = draw(st.lists(LINES, max_size=3))
    return Change(
        draw(st.one_of(st.none(), st.just(_text(draw, old)))) if old else None,
        _text(draw, new),
    )


def _text(draw: st.DrawFn, lines: list[str]) -> str:
    ending = draw(st.sampled_from(["\n", "\n", "\n", "\r\n"]))
    return ending.join(lines) + draw(st.sampled_from([ending, ""]))


@st.composite
def fixes(draw: st.DrawFn, text: str) -> Fix:
    """Edits that do not overlap, of whole lines or anywhere in the text."""
    source = Source(PATH, text)
    anywhere = st.integers(0, len(text))
    places = st.sampled_from([*source.line_starts, len(text)]) if draw(st.booleans()) else anywhere
    cuts = sorted(draw(st.lists(places, min_size=2, max_size=4)))
    edits = {}
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        stop = draw(st.sampled_from([start, min(end, start + 60)]))
        edits[start] = Edit(source.span(start, stop), draw(WORDS))
    return Fix("Repair it", tuple(edits.values()))


@st.composite
def findings(draw: st.DrawFn, change: Change, number: int) -> Finding:
    """A finding anywhere in the new file, or outside it."""
    count = Source(PATH, change.after).line_count
    line = draw(st.integers(1, count))
    end = draw(st.integers(line, min(count, line + 14)))
    old = Source(PATH, change.before) if change.before else None
    notes = (Note(old.line_span(draw(st.integers(1, old.line_count))), "set here before", before=True),) if old else ()
    found = finding(
        line,
        draw(st.sampled_from(["rule-a", "rule-b", "rule-c"])),
        draw(MESSAGES),
        end_line=end,
        path=draw(st.sampled_from([PATH, PATH, PATH, PATH, "other/Dockerfile"])),
        severity=draw(st.sampled_from(Severity)),
        confidence=draw(st.sampled_from(Confidence)),
        baseline=draw(st.sampled_from(["new", "new", "new", "unchanged", "absent"])),
        fix=draw(st.one_of(st.none(), fixes(change.after))),
        notes=draw(st.sampled_from([(), notes])),
    )
    return replace(found, fingerprint=f"{number:032x}")


@st.composite
def reviews(draw: st.DrawFn) -> Reviewed:
    """A whole review of a file that was changed, added or renamed."""
    change = draw(changes())
    previous = draw(st.sampled_from([None, None, "old/Dockerfile"])) if change.before is not None else None
    found = [draw(findings(change, number)) for number in range(draw(st.integers(0, 12)))]
    file = changed_file(change.before, change.after, previous=previous)
    before = {previous or PATH: change.before.encode()} if change.before is not None else {}
    crashes = (Crash("rule-d", PATH, "KeyError: 'x'"),) if draw(st.booleans()) else ()
    pull = pull_request(file, head=draw(st.sampled_from(["1" * 40, "2" * 40])))
    assert pull.base == BASE
    return Reviewed(pull, before, {PATH: change.after.encode()}, Report(tuple(found), crashes=crashes))
