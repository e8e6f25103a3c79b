"""Real files in another order, or with other stages: no rule has something to say of the change."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tests.restructuring import several, told

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "Dockerfile"
PARTS, CHANGES = 6, 2
FEWEST = 240
"""Files of each sixth that are changed, at least: a change must not be harmless by never being made."""


@pytest.mark.parametrize("part", range(PARTS))
def test_two_harmless_changes_of_a_real_file_draw_no_comment(corpus: Mapping[str, bytes], part: int) -> None:
    wrong: list[str] = []
    count = 0
    for name, data in islice(corpus.items(), part, None, PARTS):
        text = data.decode("utf-8", "surrogateescape")
        made, after = several(text, name, CHANGES)
        count += bool(made)
        faults = told({PATH: data}, PATH, after, made) if made else []
        wrong += [f"{name} {made} {fault}" for fault in faults]
    assert wrong == []
    assert count >= FEWEST
