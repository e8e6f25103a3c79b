"""Who may write a folder, followed through the instructions."""

from __future__ import annotations

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.model.model import Model
from rules.user.owners.ownership import access


def at_the_end(*lines: str, path: str = "/data", base: str = "debian:13-slim") -> tuple[bool | None, bool | None]:
    """Return whether the folder exists, and whether `app` may write it."""
    text = "\n".join((f"FROM {base}", *lines, ""))
    found = access(Model(parse(Source.decode("Dockerfile", text.encode()))).stages[-1], path, "app")
    return found.exists, found.writable


@pytest.mark.parametrize(
    "lines",
    [
        ("RUN mkdir -p /data && chown app /data",),
        ("RUN mkdir -p /data/logs", "RUN chown -R app:app /data"),
        ("RUN useradd -u 1000 app && mkdir /data && chown 1000:1000 /data",),
        ("RUN cd / && mkdir data && chown app: data",),
        ("WORKDIR /data", "RUN chown -R app.app ."),
        ("RUN install -d -o app -g app /data",),
        ("RUN mkdir -m 777 /data",),
        ("RUN mkdir /data && chmod a+rwx /data",),
        ("COPY --chown=app:app seed /data",),
        ("USER app", "WORKDIR /data"),
        ("USER app", "RUN mkdir -p /data"),
        ("RUN useradd --create-home --home-dir /data app",),
    ],
)
def test_the_account_gets_the_folder(lines: tuple[str, ...]) -> None:
    assert at_the_end(*lines) == (True, True)


@pytest.mark.parametrize(
    "lines",
    [
        ("RUN mkdir /data",),
        ("WORKDIR /data",),
        ("COPY seed /data/",),
        ("RUN mkdir /data && chown root:root /data",),
        ("RUN mkdir /data && chown -R app /data/sub",),
        ("WORKDIR /data", "COPY --chown=app:app . ."),
        ("RUN chown -R app / && mkdir /data",),
    ],
)
def test_the_folder_stays_with_root(lines: tuple[str, ...]) -> None:
    assert at_the_end(*lines) == (True, False)


@pytest.mark.parametrize("lines", [(), ("RUN pip install flask",), ("RUN mkdir /data && rm -rf /data",)])
def test_nothing_makes_the_folder(lines: tuple[str, ...]) -> None:
    assert at_the_end(*lines) == (False, False)


@pytest.mark.parametrize(
    "lines",
    [
        ("RUN ./install.sh",),
        ("RUN mkdir /data && chgrp -R 0 /data && chmod -R g=u /data",),
        ("ARG OWNER", "RUN mkdir /data && chown $OWNER /data"),
        ("RUN mkdir /data && chown app /dat*",),
        ("COPY rootfs /",),
    ],
)
def test_what_cannot_be_told_stays_open(lines: tuple[str, ...]) -> None:
    assert at_the_end(*lines)[1] is None


def test_an_unknown_base_may_bring_the_folder() -> None:
    assert at_the_end(base="registry.example.com/team/base:1") == (None, None)
