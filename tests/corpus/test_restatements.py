"""No rule has anything to say of a real Dockerfile that says the same in other words."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING

from tests.restating import RESTATEMENTS
from tests.restating.spoken import spoken

if TYPE_CHECKING:
    from collections.abc import Mapping

STEP, WAYS = 5, 6
"""Every fifth file is restated, in six ways each, which takes a minute; all in every way would take twenty."""


def test_other_words_of_real_files_are_neither_new_nor_a_repair(corpus: Mapping[str, bytes]) -> None:
    names = cycle(sorted(RESTATEMENTS))
    said: list[str] = []
    for path, data in islice(corpus.items(), 0, None, STEP):
        if data.isascii():
            tree = {"Dockerfile": data}
            said += [f"{path} {one}" for name in islice(names, WAYS) for one in spoken(tree, "Dockerfile", name)]
    assert said == []
