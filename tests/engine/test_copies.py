"""Where a COPY and an ADD put what they take."""

from __future__ import annotations

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.model.model import Model


@pytest.mark.parametrize(
    ("line", "put"),
    [
        ("COPY a.txt ./sub/.", ("/w/sub/a.txt", False)),
        ("COPY a.txt /new", ("/new", False)),
        ("ADD a.tgz /opt/", ("/opt", True)),
        ("ADD --unpack=false a.tgz /opt/", ("/opt/a.tgz", False)),
        ("ADD https://example.com/a.tgz /opt/", ("/opt/a.tgz", True)),
        ("ADD --unpack https://example.com/a.tgz /opt/", ("/opt", True)),
        ("ADD --unpack https://example.com/latest /opt/", ("/opt", True)),
    ],
)
def test_a_source_lands_where_the_instruction_says(line: str, put: tuple[str, bool]) -> None:
    stage = Model(parse(Source("Dockerfile", f"FROM debian:13\nWORKDIR /w\n{line}\n"))).stages[0]
    (found,) = (one for one in stage.files.puts if one.kind != "workdir")
    assert (found.path, found.tree) == put


def test_a_workdir_below_a_drive_stays_on_it() -> None:
    text = "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nWORKDIR C:/app\nWORKDIR sub\n"
    assert Model(parse(Source("Dockerfile", text))).stages[0].image.workdir.value == "C:/app/sub"
