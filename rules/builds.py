"""Builds that other files of the repository describe: which Dockerfile, which context, which target."""

from __future__ import annotations

from typing import NamedTuple


class Build(NamedTuple):
    """One build of one Dockerfile.

    Attributes:
        dockerfile: Its path in the repository.
        context: The context folder, `` for the root.
        target: The stage, empty for the last.
        args: Build arguments that are given, by name.
        path: The file that describes the build.
        line: Where, from 1.
        contexts: Names of additional contexts, which `COPY --from` may use.
        command: Whether the file gives its own command for the image (compose `command`/`entrypoint`).
    """

    dockerfile: str
    context: str
    target: str
    args: dict[str, str | None]
    path: str
    line: int
    contexts: tuple[str, ...] = ()
    command: bool = False


def builds_in(path: str, data: bytes) -> tuple[Build, ...]:  # noqa: ARG001 - filled in by the readers
    """Return the builds that one file describes; empty for other files and for what cannot be read."""
    return ()
