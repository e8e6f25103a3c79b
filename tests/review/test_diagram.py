"""The stages of a file as a flowchart."""

from __future__ import annotations

import pytest

from bot.review.diagram import diagrams, flowchart
from rules.engine import changes

BASE = """\
FROM python:3.13-slim AS base
FROM base AS build
COPY . .
FROM base AS prod
COPY --from=build /app/lib /app/run.py /app/
"""


def of(before: str, after: str) -> str:
    (change,) = changes({"Dockerfile": before.encode()}, {"Dockerfile": after.encode()})
    return flowchart(change)


def count(stages: int) -> int:
    text = "".join(f"FROM alpine:3.22 AS s{number}\n" for number in range(stages))
    return len(diagrams(changes({}, {"Dockerfile": text.encode()})))


def test_a_whole_flowchart() -> None:
    assert (
        of(BASE, BASE.replace("COPY . .", "COPY src .\nRUN --mount=from=base,target=/b make"))
        == """\
flowchart LR
  i0(["python:3.13-slim"])
  s0["base"]
  s1["build<br/>changed"]:::changed
  s2[["prod<br/>ships"]]
  i0 --> s0
  s0 --> s1
  s0 -. "mount" .-> s1
  s0 --> s2
  s1 -. "/app/lib, /app/run.py" .-> s2
  classDef changed stroke:#bf8700,stroke-width:3px"""
    )


@pytest.mark.parametrize(("stages", "shown"), [(2, 0), (3, 1), (25, 1), (26, 0)])
def test_few_and_very_many_stages_make_no_picture(stages: int, shown: int) -> None:
    assert count(stages) == shown


def test_of_many_files_the_first_are_drawn_and_the_others_counted() -> None:
    blocks = diagrams(changes({}, {f"{name}/Dockerfile": BASE.encode() for name in "abcde"}))
    assert len(blocks) == 3
    assert [block.text.endswith("No flowchart is drawn for 2 more files.") for block in blocks] == [False, False, True]


def test_a_file_that_stays_as_it_is_has_no_picture() -> None:
    same = {"Dockerfile": BASE.encode()}
    assert diagrams(changes(same, {**same, ".dockerignore": b"x\n"})) == ()


def test_reformatting_is_no_change_of_a_stage() -> None:
    assert ":::changed" not in of(BASE, BASE.replace("COPY . .", "COPY .  ."))


def test_an_image_called_like_our_own_names_keeps_its_node() -> None:
    text = of("", "FROM s1\nFROM i0 AS b\nFROM b\nCOPY --from=0 /x /x\nCOPY --from=s0 /y /y\n")
    assert '  i0(["s1"])\n  i1(["i0"])\n  i2(["s0"])\n' in text
    assert '  s0 -. "/x" .-> s2\n  i2 -. "/y" .-> s2' in text


def test_many_paths_are_counted() -> None:
    sources = " ".join(f"/d{number}" for number in range(9))
    text = of("", f"FROM a\nFROM b\nFROM c\nCOPY --from=1 {sources} /x/\n")
    assert '"/d0, /d1, /d2 and 6 more"' in text
