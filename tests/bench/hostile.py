"""Files that nobody writes but to do harm, and ordinary lines in numbers that nobody writes, at any size.

`SHAPES` is what the growth bench and the tests on growth measure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

DEBIAN = "FROM debian:12-slim\n"
PYTHON = "FROM python:3.12-slim\n"
NODE = "FROM node:22-slim\n"
HASH = "%"
"""Stands for the number of a repetition in a piece."""


class Shape(NamedTuple):
    """A text of some pieces.

    Attributes:
        piece: What is repeated; `%` is the number of the repetition.
        head: What stands above.
        tail: What stands below all the pieces, as often, in the opposite order.
        end: What stands at the end.
        path: The file that it is the text of.
    """

    piece: str
    head: str = DEBIAN
    tail: str = ""
    end: str = "\n"
    path: str = "Dockerfile"

    def text(self, count: int) -> str:
        """Return the text with so many pieces."""
        pieces = (self.piece.replace(HASH, str(number)) for number in range(count))
        tails = (self.tail.replace(HASH, str(number)) for number in range(count))
        return f"{self.head}{''.join(pieces)}{''.join(tails)}{self.end}"

    def files(self, count: int) -> dict[str, bytes]:
        """Return the tree with so many pieces."""
        tree = {"Dockerfile": b"FROM debian:12-slim\nCOPY . /app\n"}
        return {**tree, self.path: self.text(count).encode()}

    def of_size(self, size: int) -> dict[str, bytes]:
        """Return the tree at about so many bytes."""
        small, large = len(self.text(100)), len(self.text(200))
        return self.files(max(1, size * 97 // (large - small)))


def _ignored(piece: str) -> Shape:
    return Shape(piece, head="", path=".dockerignore")


INSTRUCTIONS: Mapping[str, Shape] = {
    "ENV": Shape("ENV A%=x\n"),
    "ENV of the one before": Shape("ENV PATH=/opt/%:$PATH\n"),
    "ENV doubled": Shape("ENV A=x$A$A\n"),
    "ENV and RUN": Shape("ENV A%=x\nRUN apt-get install -y $A%\n"),
    "ARG": Shape("ARG A%=x\n"),
    "ARG without default": Shape("ARG A%\n"),
    "ARG above FROM": Shape("ARG A%=x\n", head="", end=f"{DEBIAN}RUN echo $A1\n"),
    "USER": Shape("USER u%\n"),
    "USER, COPY, chown": Shape("USER root\nCOPY a% /app/a%\nRUN chown -R app /app/a%\nUSER app\n"),
    "useradd, USER": Shape("RUN useradd u%\nUSER u%\n"),
    "COPY": Shape("COPY a% /app/a%\n"),
    "COPY, RUN rm": Shape("COPY a%.tar /app/a%.tar\nRUN rm /app/a%.tar\n"),
    "COPY, RUN chmod": Shape("COPY a%.sh /app/a%.sh\nRUN chmod 777 /app/a%.sh\n"),
    "ADD": Shape("ADD https://example.com/a%.tar.gz /opt/a%\n"),
    "WORKDIR": Shape("WORKDIR a\n"),
    "EXPOSE": Shape("EXPOSE %\n"),
    "VOLUME": Shape("VOLUME /v%\n"),
    "LABEL": Shape("LABEL a%=b\n"),
    "SHELL": Shape('SHELL ["/bin/bash", "-c"]\nRUN a | b\n'),
    "CMD": Shape('CMD ["a%"]\n'),
    "ENTRYPOINT": Shape("ENTRYPOINT a% $B\n"),
    "HEALTHCHECK": Shape("HEALTHCHECK CMD curl localhost:%\n"),
    "ONBUILD": Shape("ONBUILD COPY a% /app/\n"),
    "MAINTAINER": Shape("MAINTAINER a%\n"),
    "unknown instruction": Shape("RUNS a%\n"),
    "comment": Shape("# hullcheck ignore=apt-recommends-installed\nRUN apt-get install -y p%\n"),
    "apt-get": Shape("RUN apt-get update\nRUN apt-get install -y p%\n"),
    "apk": Shape("RUN apk add --virtual .b% gcc\nRUN apk del .b%\n", head="FROM alpine:3.20\n"),
    "pip": Shape("RUN pip install p%\n", head=PYTHON),
    "npm": Shape("COPY package.json /a%/\nRUN cd /a% && npm install\n", head=NODE),
    "curl": Shape("RUN curl -o /t/a% https://example.com/a% && sha256sum -c a%.sum\n"),
    "here-document": Shape("RUN <<E\na%\nE\n"),
    "venv": Shape("RUN python -m venv /v%\nENV PATH=/v%/bin:$PATH\n", head=PYTHON),
}
"""Each kind of instruction, many times."""

STAGES: Mapping[str, Shape] = {
    "stages": Shape("FROM debian:12 AS s%\nRUN apt-get update && apt-get install -y gcc\n", head=""),
    "stages of one name": Shape("FROM debian:12 AS s\nRUN a%\n", head=""),
    "stages on one base": Shape("ENV A%=x\nRUN apt-get install -y p%\n", "FROM debian:12 AS b\n", "FROM b\nUSER u%\n"),
    "chain": Shape("FROM a AS a\n", head="FROM debian:12 AS a\n"),
    "chain of RUN": Shape("FROM a AS a\nENV B%=x\nRUN rm /x%\n", head="FROM debian:12 AS a\n"),
    "chain of COPY": Shape(
        "FROM debian:12 AS b\nCOPY --from=a / /\nFROM b AS a\n", head="FROM debian:12 AS a\nCOPY . /\n"
    ),
    "chain of mounts": Shape(
        "FROM debian:12 AS b\nRUN --mount=from=a,target=/x make\nFROM b AS a\n", "FROM debian:12 AS a\n"
    ),
    "COPY from one stage": Shape(
        "RUN make /o%\nCOPY s% /o/s%\n", "FROM debian:12 AS b\n", "COPY --from=b /o/s% /x%\n", "FROM scratch\n"
    ),
}
"""Stages upon stages."""

COMMANDS: Mapping[str, Shape] = {
    f"one RUN: {piece}": Shape(f"{piece} && \\\n", head=f"{DEBIAN}RUN ", end="true\n")
    for piece in (
        *("a%", "apt-get install -y p%", "rm -rf /a%", "cd /a%", "curl -o a% https://example.com/a%", "useradd u%"),
        *("chown a /a%", "A%=$A%", "A=x$A$A", "git clone https://example.com/a% /a%", "( a%", "echo $(a%)"),
        *("apt-get update", "npm install", "sudo a%", "pip install p%", "sh -c 'a%'"),
    )
} | {
    "one RUN of a pipe": Shape("a% | ", head=f"{DEBIAN}RUN ", end="true\n"),
    "one RUN of words": Shape("p% ", head=f"{DEBIAN}RUN apt-get install -y "),
    "one RUN of lines": Shape("a% && \\\n", head=f"{DEBIAN}RUN ", end="true\n"),
    "one RUN of downloads with their sums": Shape(
        f"curl -o a% https://example.com/a% && echo {'ab' * 32}  a% | sha256sum -c && \\\n",
        head=f"{DEBIAN}RUN ",
        end="true\n",
    ),
    "one RUN of mounts": Shape("--mount=type=cache,target=/c% ", head=f"{DEBIAN}RUN ", end="make\n"),
    "one here-document of downloads": Shape(
        "curl -o /t/a% https://example.com/a%\n", head=f"{DEBIAN}RUN <<E\n", end="rm -rf /t/b\nE\n"
    ),
    "one here-document": Shape("apt-get install -y p%\n", head=f"{DEBIAN}RUN <<E\n", end="E\n"),
}
"""One RUN of many commands."""

WORDS: Mapping[str, Shape] = {
    "nested defaults": Shape("${a:-", head=f"{DEBIAN}ENV A=", tail="}"),
    "nested defaults in RUN": Shape("${a:-", head=f"{DEBIAN}RUN echo ", tail="}"),
    "nested defaults in FROM": Shape("${a:-", head="ARG b=c\nFROM ", tail="}"),
    "variables": Shape("$a%", head=f"{DEBIAN}ENV a=b A="),
    "JSON": Shape('"a%", ', head=f"{DEBIAN}CMD [", end='"b"]\n'),
    "JSON of a RUN": Shape('"a%", ', head=f"{DEBIAN}RUN [", end='"b"]\n'),
    "broken JSON": Shape("'a%', ", head=f"{DEBIAN}CMD [", end="'b']\n"),
    "globs": Shape("*a%* ", head=f"{DEBIAN}COPY ", end="/app/\n"),
    "pairs of ENV": Shape("A%=$A% ", head=f"{DEBIAN}ENV "),
    "pairs of LABEL": Shape("a%=b ", head=f"{DEBIAN}LABEL "),
    "flags": Shape("--a%=b ", head=f"{DEBIAN}COPY ", end="x /\n"),
    "backslashes": Shape("\\", head=f"{DEBIAN}RUN a"),
    "continuations": Shape("\\\n", head=f"{DEBIAN}RUN a"),
    "blank lines": Shape("\n"),
    "comments": Shape("# hullcheck ignore=final-user-root\n", head="", end=DEBIAN),
    "one word": Shape("a", head="FROM "),
    "one path": Shape("a/", head=f"{DEBIAN}COPY ", end=" /\n"),
    "one path of folders above": Shape("../", head=f"{DEBIAN}WORKDIR /"),
    "one number": Shape("9", head=f"{DEBIAN}COPY --from=", end=" /a /b\n"),
    "one port": Shape("9", head=f"{DEBIAN}EXPOSE "),
    "one user": Shape("9", head=f"{DEBIAN}USER "),
    "one mode": Shape("7", head=f"{DEBIAN}COPY --chmod=", end=" a /b\n"),
    "one version": Shape("9", head="FROM python:3."),
    "ignored names": _ignored("a%\n"),
    "ignored patterns": _ignored("**/a%*\n"),
    "names let in": _ignored("a%/*\n!a%/b\n"),
    "one deep pattern": _ignored("**/"),
}
"""One thing that is long or deep."""

SHAPES: Mapping[str, Shape] = {**INSTRUCTIONS, **STAGES, **COMMANDS, **WORDS}
