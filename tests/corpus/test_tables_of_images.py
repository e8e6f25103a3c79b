"""The table and the flowchart of every real Dockerfile, as a new file and as a change of its neighbour."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from markdown_it import MarkdownIt

from bot.review.diagram import flowchart
from bot.review.images import tables
from rules.engine import changes


def test_every_real_file_makes_whole_tables(corpus: dict[str, bytes]) -> None:
    parser = MarkdownIt("commonmark").enable("table")
    files = list(corpus.values())
    for before, after in pairwise([b"", *files]):
        found = changes({"Dockerfile": before} if before else {}, {"Dockerfile": after}, today=date(2026, 11, 20))
        for block in tables(found):
            rows = block.text.split("\n\n")[0].splitlines()
            tokens = parser.parse(block.text)
            assert sum(token.type == "tr_open" for token in tokens) == len(rows) - 1
        assert all("\n  s0[" in flowchart(change) for change in found if change.stages)
