"""Half a megabyte of malice takes no longer than a quarter of a second."""

import time

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source

SIZE = 500_000
HEAD = "FROM a\n"


def repeated(piece: str, head: str = HEAD, tail: str = "") -> str:
    return head + piece * (SIZE // len(piece)) + tail


@pytest.mark.parametrize(
    "text",
    [
        repeated("true && \\\n", HEAD + "RUN "),
        repeated("a\\\n", HEAD + "RUN "),
        repeated("A=b \\\n", HEAD + "ENV "),
        repeated("\n", HEAD + "RUN a \\\n"),
        repeated("# a\n", HEAD + "RUN a \\\n"),
        repeated("echo a\n", HEAD + "RUN <<E\n", "E\n"),
        repeated("echo a\n", HEAD + "RUN <<E\n"),
        repeated("RUN <<E\n"),
        repeated("RUN <<E\na\nE\n"),
        repeated("RUN << E\n"),
        repeated("<<E \\\n", HEAD + "RUN "),
        repeated("\\", HEAD + "RUN "),
        repeated("\\" * 60_000 + "\n", HEAD + "RUN <<E a \\\n"),
        repeated("\\ " * 30_000 + "\\\n", HEAD + "RUN <<E "),
        repeated("${a:-" * 12_000 + "\\\n", HEAD + "RUN <<E "),
        repeated("'" * 60_000 + "\\\n", HEAD + "RUN <<E "),
        repeated("--a='" * 10_000 + "\\\n", HEAD + "RUN "),
        repeated('"a",' * 15_000 + "\\\n", HEAD + "RUN [", '"b"]'),
        repeated("[", HEAD + "RUN "),
        repeated("[" * 60_000 + "\\\n", HEAD + "RUN "),
        repeated("ONBUILD " * 8000 + "\\\n"),
        repeated("a-" * 30_000 + "\\\n", "FROM "),
        repeated("5" * 60_000 + "\\\n", HEAD + "HEALTHCHECK --interval=", "x CMD a"),
        repeated("a\n"),
        repeated("RUN a\n"),
        repeated("RUNX a\nUSER b\n"),
        repeated("#\n", ""),
        repeated(" ", "# escape=", "\n"),
        repeated("é" * 20_000 + "\\\n", HEAD + "RUN "),
        repeated("\0", ""),
    ],
    ids=lambda text: repr(text[7:40]),
)
def test_hostile_input_does_not_hold_the_parser_up(text: str) -> None:
    started = time.process_time()
    parse(Source("Dockerfile", text))
    assert time.process_time() - started < 2  # an eighth of that on a quiet machine; a quadratic parser takes a minute
