"""Which folders a stage looks for programs in."""

from __future__ import annotations

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.model.model import Model
from rules.model.search_path import DEFAULT_PATH, path_folders


@pytest.mark.parametrize(
    ("lines", "folders"),
    [
        ("", DEFAULT_PATH),
        ("ENV PATH=/only", ("/only",)),
        ('ENV PATH="/opt/venv/bin:$PATH"', ("/opt/venv/bin", *DEFAULT_PATH)),
        ("ENV PATH=/a:$PATH\nENV PATH=/b:${PATH}", ("/b", "/a", *DEFAULT_PATH)),
        ("ENV A=/a\nENV PATH=$A/bin:$PATH\nFROM base\nENV PATH=$PATH:/z/", ("/a/bin", *DEFAULT_PATH, "/z")),
        ("ENV PATH=$PATH:$UNKNOWN/bin\nENV PATH=/b:$PATH", None),
        ("ENV PATH=$PATH:$UNKNOWN/bin\nENV PATH=/only", ("/only",)),
    ],
)
def test_each_env_goes_on_with_the_path_that_it_finds(lines: str, folders: tuple[str, ...] | None) -> None:
    text = f"ARG UNKNOWN\nFROM registry.example.com/team/base:1 AS base\nARG UNKNOWN\n{lines}\n"
    assert path_folders(Model(parse(Source("Dockerfile", text))).stages[-1]) == folders
