"""Runs git, cut off from the machine's own configuration."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.forge.clock import Clock


_READING = frozenset(
    {"cat-file", "diff-tree", "for-each-ref", "ls-tree", "merge-base", "rev-list", "rev-parse", "show"}
)


class GitError(Exception):
    """Git refused a command."""


class Git:
    """Git in one folder.

    Args:
        folder: Where it runs.
        clock: Dates what it writes.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self._known: dict[tuple[str, ...], bytes] = {}
        self._current: dict[tuple[str, ...], bytes] = {}

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run git here, cut off from the machine's own configuration."""
        if arguments[0] not in _READING:
            self._current.clear()
        date = f"{int(self.clock.seconds())} +0000"
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),  # noqa: TID251  git is found on it
            "LC_ALL": "C",
            "HOME": str(self.folder),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "dev",
            "GIT_AUTHOR_EMAIL": "dev@example.com",
            "GIT_COMMITTER_NAME": "forge",
            "GIT_COMMITTER_EMAIL": "forge@example.com",
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
        }
        done = subprocess.run(  # noqa: PLW1510  the code is looked at below, with git's own words
            ["git", *arguments], cwd=self.folder, env=environment, input=stdin, capture_output=True
        )
        if done.returncode:
            raise GitError(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def fixed(self, *arguments: str) -> bytes:
        """Run a command whose arguments name objects by id, once: its answer cannot change."""
        if arguments not in self._known:
            self._known[arguments] = self.run(*arguments)
        return self._known[arguments]

    def current(self, *arguments: str) -> bytes:
        """Run a command that only reads, once until another one may have written something."""
        if arguments not in self._current:
            self._current[arguments] = self.run(*arguments)
        return self._current[arguments]
