"""Committing all suggestions of a review at once gives the file with exactly the edits that they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.review.files import Files
from bot.review.placement import locate
from bot.review.suggestions import apply, edited, remedies
from bot.review.topics import topics
from tests.review.build import GITHUB_CAN, PATH, planned
from tests.review.changes import reviews
from tests.review.refusals import committed, replacements

if TYPE_CHECKING:
    from bot.review.plan import Reviewed


@settings(max_examples=400)
@given(reviews())
def test_all_suggestions_together_are_all_their_edits(review: Reviewed) -> None:
    files = Files.of(review.pull_request, review.before, review.after)
    new = [finding for finding in review.report.findings if finding.baseline == "new"]
    found = remedies([(topic, locate(topic, files, GITHUB_CAN)) for topic in topics(new)], files)
    buttons = [remedy.suggestion for remedy in found.values() if remedy.suggestion]
    repaired = [topic for topic, remedy in found.items() if remedy.suggestion or remedy.elsewhere]
    edits = {edit for topic in repaired for finding in topic.findings if finding.fix for edit in finding.fix.edits}
    text = review.after[PATH].decode()
    assert apply(text, buttons).removesuffix("\n") == edited(text, edits).removesuffix("\n")


@settings(max_examples=200)
@given(reviews(), st.data())
def test_what_stands_in_the_comments_is_what_was_computed(review: Reviewed, data: st.DataObject) -> None:
    changes = list(replacements(planned(review)))
    kept = [change for change in changes if data.draw(st.booleans())]
    text = review.after[PATH].decode()
    lines = text.split("\n")
    for change in sorted(kept, reverse=True):
        lines[change.first - 1 : change.last] = list(change.lines)
    assert committed(text, kept).removesuffix("\n") == "\n".join(lines).removesuffix("\n")
