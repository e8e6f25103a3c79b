"""What the rules say where a change leaves an image open: what they said of it is not repaired, nor anything new.

`ARG RUBY_VERSION` without the default that it had makes nothing wrong with a `RUN` that stays as it was: of what a rule
was silent about for the version that it knew, it only knows less now.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rules.change import DockerfileChange
from rules.judging import judge
from rules.matching.fingerprint import unchanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.judging import Judged
    from rules.matching.fingerprint import Raised
    from rules.rule import Rule


class Recalled(NamedTuple):
    """Both versions with what is known of the other one's images.

    Attributes:
        open_before: What the rules would have said before, of images as open as they are now.
        known_after: What they would say now, if the images were the ones that they were.
    """

    open_before: Judged
    known_after: Judged

    def not_new(self, told: Mapping[int, Raised]) -> set[int]:
        """Return which problems arise only because an image is not known any more, by their indexes."""
        return _matched(told, (*self.open_before.raised, *self.open_before.hidden))

    def not_repaired(self, gone: Mapping[int, Raised]) -> set[int]:
        """Return which problems are gone only because an image is not known any more, by their indexes."""
        return _matched(gone, (*self.known_after.raised, *self.known_after.hidden))


def recalled(rules: Iterable[Rule], change: DockerfileChange) -> Recalled | None:
    """Return what rules would say of a change that leaves images open, `None` of any other one.

    Args:
        rules: The rules that are run; those that compare are not asked.
        change: The change.
    """
    known, unknown = _left_open(change)
    if not known or change.before is None:
        return None
    asked = [rule for rule in rules if not rule.compares]
    then = change.repository_before
    before = change.before.with_bases(unknown)
    baseline = DockerfileChange(before, None, then, then, change.policy, change.today, change)
    return Recalled(judge(asked, baseline), judge(asked, replace(change, after=change.after.with_bases(known))))


def _left_open(change: DockerfileChange) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return the words of FROM lines that leave an image open, with what it was, and the words that named it."""
    known: dict[str, str | None] = {}
    unknown: dict[str, str | None] = {}
    for stage in change.stages:
        was, word = change.was(stage), stage.base_word
        if word is None or "$" not in word.text or stage.base_text is not None or was is None:
            continue
        if was.reference is not None and was.base_word is not None:
            known[word.text] = was.reference.text
            unknown[was.base_word.text] = None
    return known, unknown


def _matched(items: Mapping[int, Raised], others: Iterable[Raised]) -> set[int]:
    indexes = list(items)
    found, _ = unchanged(list(others), list(items.values()))
    return {indexes[place] for place in found}
